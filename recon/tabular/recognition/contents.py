"""What the columns of a table hold, by their cells alone: amounts, moments, currencies, ids, words."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from recon.columnar import pa
from recon.money import Currencies
from recon.tabular.amounts import Marks, amounts
from recon.tabular.date_forms import DateForms
from recon.tabular.fields import FORMULA
from recon.tabular.moments import moments

_PART = 10  # one of so many filled cells may be another
_FEW_WORDS = 30
_LONGEST_WORD = 60  # characters
_CODE = 2  # likewise, of a word for in or out
_CHARGE = re.compile(r"chrg_(?:test_)?[0-9a-z]+", re.IGNORECASE)
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:\s*[AaPp]\.?[Mm]\.?)?")
_DIRECTIONS = frozenset({"d", "c", "dr", "cr", "debit", "credit", "dbit", "crdt"})
_NOTHING = re.compile(r"[-\u2010-\u2015\u2212]*")
# A day in numbers, or with a Thai or Japanese year, whichever of its numbers is the day.
_MAYBE_DAY = re.compile(
    r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{2,4}(?!\S*[-/.][0-9])|[0-9]{1,2}\s?\D{3,12}\s?[0-9]{2,4}\b"
)
_MARKS = (Marks(), Marks(",", ".", is_settled=True))


@dataclass(frozen=True)
class Contents:
    """One column: its name, and the kinds of values that nearly all of its filled cells are."""

    name: str
    at: int
    filled: int
    kinds: frozenset[str]


def contents(
    header: Sequence[str], rows: Sequence[Sequence[str]], currency: str, currencies: Currencies
) -> list[Contents]:
    """Every named column of a table's first rows; amounts are tried in `currency`."""
    columns = [[_cell(row[at]) if at < len(row) else "" for row in rows] for at in range(len(header))]
    return [
        _contents(name, at, [cell for cell in columns[at] if cell], len(rows), currency, currencies)
        for at, name in enumerate(header)
        if name
    ]


def _cell(text: str) -> str:
    return re.sub(FORMULA, r"\1", text.strip())


def _contents(name: str, at: int, cells: list[str], count: int, currency: str, currencies: Currencies) -> Contents:
    if not cells:
        return Contents(name, at, 0, frozenset({"amounts", "moments", "texts", "words", "charge ids", "cells"}))
    distinct = Counter(cells)
    kinds = {"texts", "cells"}
    if len(distinct) == len(cells) == count:
        kinds.add("ids")
    elif len(cells) == count and len(distinct) * 2 > count:
        kinds.add("repeated ids")
    elif len(distinct) == len(cells) and len(cells) * 2 > count:
        kinds.add("ids with gaps")  # below rows that are no orders: subtotals, notes
    if len(distinct) <= min(_FEW_WORDS, max(2, len(cells) - 1)) and max(map(len, distinct)) <= _LONGEST_WORD:
        kinds.add("words")
    for kind, test in (
        ("currencies", lambda cell: currencies.knows(cell.upper())),
        ("charge ids", lambda cell: bool(_CHARGE.fullmatch(cell))),
        ("clocks", lambda cell: bool(_CLOCK.fullmatch(cell))),
        ("directions", lambda cell: cell.casefold() in _DIRECTIONS),
    ):
        if _nearly_all(map(test, cells), len(cells)):
            kinds.add(kind)
    if len(distinct) == 2 and max(map(len, distinct)) <= _CODE:
        kinds.add("two codes")
    if _are_moments(cells):
        kinds.add("moments")
    elif _are_amounts(cells, currency, currencies):
        kinds.add("amounts")
    return Contents(name, at, len(cells), frozenset(kinds))


def _nearly_all(hits: "Sequence[bool] | map[bool]", count: int) -> bool:
    return (count - sum(hits)) * _PART <= count


def _are_moments(cells: list[str]) -> bool:
    refused = moments(pa.array(cells, pa.string()), ZoneInfo("UTC"), DateForms())[1]
    maybe = (at not in refused or bool(_MAYBE_DAY.match(cell)) for at, cell in enumerate(cells))
    return _nearly_all(list(maybe), len(cells))


def _are_amounts(cells: list[str], currency: str, currencies: Currencies) -> bool:
    sides = [cell for cell in cells if not _NOTHING.fullmatch(cell)]
    codes = pa.array([currency] * len(sides), pa.string())
    texts = pa.array(sides, pa.string())
    refused = [amounts(texts, codes, "major", currencies, marks)[1] for marks in _MARKS]
    least = min((sum("is not a number" in reason for reason in reasons.values()) for reasons in refused), default=0)
    return bool(sides) and least * _PART <= len(sides)
