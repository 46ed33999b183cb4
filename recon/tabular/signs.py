"""Amounts as people write them made plain: signs on either side, brackets, Dr and Cr, marks of currencies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from recon.arrays import Ints, Mask
from recon.columnar import np, pa, pc
from recon.tabular.table import mask_of

# What stands beside an amount instead of its currency's code.
_MARKS: Mapping[str, tuple[str, ...]] = {
    "AUD": ("$", "A$", "AU$"),
    "CAD": ("$", "C$", "CA$"),
    "CNY": ("¥", "元", "RMB"),
    "EUR": ("€",),
    "GBP": ("£",),
    "HKD": ("$", "HK$"),
    "IDR": ("Rp", "Rp."),
    "INR": ("₹", "Rs", "Rs."),
    "JPY": ("¥", "円", "Yen", "\\"),  # the backslash of Shift JIS is a yen sign
    "KRW": ("₩", "원", "Won"),
    "MYR": ("RM",),
    "NZD": ("$", "NZ$"),
    "PHP": ("₱", "P"),
    "SGD": ("$", "S$"),
    "THB": ("฿", "บาท", "Baht", "B", "บ."),
    "TWD": ("$", "NT$"),
    "USD": ("$", "US$"),
    "VND": ("₫", "đ"),
}
_MARK = r"[^\s0-9()+\-.,'=\"]{1,5}\.?"
_NUMBER = r"[0-9](?:[0-9.,' ]*[0-9.,])?"
_FORM = (
    rf"^(?P<open>\()?(?:(?P<before>[+-]) *)?(?:(?P<mark>{_MARK}) *(?P<inner>[+-]?) *)?(?P<number>{_NUMBER})"
    rf"(?: *(?P<unit>{_MARK}))??(?: ?(?P<behind>[+-]))?(?P<close>\))?(?: *(?P<word>(?i:cr|dr))\.?)?$"
)
_MINUS = "[\u2212\u25b2\u25b3\u2010\u2011\u2012\u2013]"
_ODD = r"[^\x00-\x7f]"


class Plain(NamedTuple):
    """Texts as digits with perhaps a leading sign, where they can be made so, and by position why one cannot."""

    texts: pa.Array
    refused: dict[int, str]


def plain(texts: pa.Array, codes: pa.Array, at: Ints) -> Plain:
    """The texts at some positions made plain, the others as they are; a mark must be that of the row's currency."""
    part = texts.take(pa.array(at))
    if pc.any(pc.match_substring_regex(part, _ODD)).as_py():
        part = pc.replace_substring_regex(pc.utf8_normalize(part, "NFKC"), _MINUS, "-")
    part = pc.replace_substring_regex(part, "^'", "")
    parts = pc.extract_regex(part, _FORM)
    groups = {field.name: pc.struct_field(parts, field.name) for field in parts.type}
    is_amount = mask_of(pc.is_valid(groups["number"]))
    words = pc.utf8_lower(groups["word"])
    minus = [pc.equal(groups[name], "-") for name in ("before", "inner", "behind")]
    plus = [pc.equal(groups[name], "+") for name in ("before", "inner", "behind")]
    negative = [*minus, pc.equal(groups["open"], "("), pc.equal(words, "dr")]
    signs = sum(_count(mask) for mask in (*negative, *plus, pc.equal(words, "cr")))
    is_negative = sum(_count(mask) for mask in negative) > 0
    brackets = _count(pc.equal(groups["open"], "(")) == _count(pc.equal(groups["close"], ")"))
    refused: dict[int, str] = {}
    for place in np.flatnonzero(is_amount & (signs > 1)).tolist():
        refused[int(at[place])] = f'amount "{texts[int(at[place])].as_py()}" has more than one sign'
    foreign = _foreign(groups, codes.take(pa.array(at)))
    for place in np.flatnonzero(is_amount & foreign).tolist():
        code = codes[int(at[place])].as_py()
        refused.setdefault(
            int(at[place]), f'amount "{texts[int(at[place])].as_py()}" has the mark of another currency than {code}'
        )
    number = pc.if_else(
        pa.array(is_negative), pc.binary_join_element_wise("-", groups["number"], ""), groups["number"]
    )
    made = pc.if_else(pa.array(is_amount & brackets), number, part)
    result = pc.replace_with_mask(texts, pa.array(np.isin(np.arange(len(texts)), at)), made)
    return Plain(result, refused)


def _count(truths: pa.Array) -> Ints:
    """1 where it is true."""
    return mask_of(truths).astype(np.int64)


def _foreign(groups: Mapping[str, pa.Array], codes: pa.Array) -> Mask:
    """Rows with a mark that is not their currency's."""
    foreign = np.zeros(len(codes), dtype=bool)
    for name in ("mark", "unit"):
        pairs = pc.binary_join_element_wise(pc.fill_null(codes, ""), pc.fill_null(groups[name], ""), " ")
        coded = pairs.dictionary_encode()
        own = np.array([_is_own(*pair.split(" ", 1)) for pair in coded.dictionary.to_pylist()], dtype=bool)
        foreign |= ~own[coded.indices.to_numpy()] if len(own) else False
    return foreign


def _is_own(code: str, mark: str) -> bool:
    if not mark:
        return True
    folded = re.sub(r"\.$", "", mark).casefold()
    return folded in {re.sub(r"\.$", "", text).casefold() for text in (code, *_MARKS.get(code, ()))}
