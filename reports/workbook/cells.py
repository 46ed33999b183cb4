"""Whole columns of a frame into the XML of spreadsheet cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from recon import columns as c
from recon.columnar import np, npt, pa, pc, pd
from recon.money import Currencies
from recon.rules import title_of
from reports.report import EXACT
from reports.sheet import AT_SHOP, TIME_ZONE, Column, Kind, column_letter
from reports.workbook.styles import money_style, severity_style

LONGEST = 32_767  # characters (UTF-16) that a cell holds
CUT = " … [cut]"
Parts = tuple[Any, ...]  # texts, and columns of text (Arrow): joined row by row at the very end, copied once
_TEXT = "large_string"
_DAY_MS = 86_400_000
_EPOCH_MS = 25_569 * _DAY_MS  # 1970-01-01 as Excel counts, from 1899-12-30
# What must not, or cannot, stand in <t>…</t> as it is.
_SPECIAL = r"[&<>\x00-\x1f\x{FFFE}\x{FFFF}]|^\s|\s$|_x[0-9A-Fa-f]{4}_"
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# Excel reads _x0041_ as "A".
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


@dataclass(frozen=True)
class CellContext:
    """What cells need besides their values: the workbook's style ids by name, the account's zone, exponents."""

    styles: Mapping[str, int]
    zone: ZoneInfo
    currencies: Currencies


def rows_xml(frame: pd.DataFrame, columns: tuple[Column, ...], context: CellContext, first: int) -> memoryview:
    """<row> elements of a frame's rows (UTF-8); `first` is the spreadsheet row of its first one."""
    rows = pa.array(np.arange(first, first + len(frame))).cast(_TEXT)
    cells: list[Any] = []
    for index, column in enumerate(columns):
        cells += (f'<c r="{column_letter(index)}', rows, '" s="', *_column(frame, column, context))
    for more in range(len(columns), len(columns) + columns[-1].widened):
        cells += (f'<c r="{column_letter(more)}', rows, f'" s="{context.styles["text"]}"/>')
    return _bytes(_join('<row r="', rows, '">', *cells, "</row>"))


def _bytes(texts: Any) -> memoryview:
    """All texts of a column, one after the other: they lie so in memory."""
    offsets = memoryview(texts.buffers()[1]).cast("q")[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(texts.buffers()[2])[offsets[0] : offsets[-1]]


def text_value(text: str) -> str:
    """A text as a cell can hold it: intact, but for control characters (shown as ␀ …) and a visible cut."""
    if len(text.encode("utf-16-le")) > 2 * LONGEST:
        room = 2 * (LONGEST - len(CUT))
        text = text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + CUT
    return _ILLEGAL.sub(lambda match: chr(0x2400 + ord(match[0])) if match[0] < " " else "\ufffd", text)


def text_xml(text: str) -> str:
    """The content of an inline string that says the text."""
    text = text_value(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    if not _ESCAPE.search(text):
        return f'<t xml:space="preserve">{text}</t>'
    # In two runs no reader takes it for an escape, and every reader joins them.
    parts = _ESCAPE.sub("_\0", text).split("\0")
    return "".join(f'<r><t xml:space="preserve">{part}</t></r>' for part in parts)


def major_text(amount: int, exponent: int) -> str:
    """Minor units to the exact text of a number in major units: 1234, 2 -> 12.34."""
    digits = f"{abs(amount):0{exponent + 1}d}"
    cut = len(digits) - exponent
    return ("-" if amount < 0 else "") + digits[:cut] + (f".{digits[cut:]}" if exponent else "")


def _column(frame: pd.DataFrame, column: Column, context: CellContext) -> Parts:
    """What follows `s="` in one cell per row; an empty one keeps its style."""
    named = [column.name, column.currency] if column.kind is Kind.MONEY else [column.name]
    if column.kind is Kind.MOMENT and TIME_ZONE in frame.columns:
        named.append(TIME_ZONE)
    if column.kind is Kind.SHOP:
        named.append(AT_SHOP)
    values = [_whole(pa.array(frame[name], from_pandas=True)) for name in named]
    is_same = len(frame) > 1 and all(map(_is_same, values))
    if is_same:  # such a column is rendered once
        frame, values = frame.iloc[:1], [cells[:1] for cells in values]
    style = context.styles.get(column.kind, context.styles["text"])
    match column.kind:
        case Kind.MONEY:
            cells = _money(values[0], _text(values[1]), context)
        case Kind.MOMENT:
            zones = frame[TIME_ZONE] if TIME_ZONE in named else None
            cells = _number(style, _serial(_local(frame[column.name].array, zones, context)))
        case Kind.COUNT:
            cells = _number(style, (_text(values[0]),))
        case Kind.RATE:
            cells = _number(style, _major(values[0].cast("int64"), 4))
        case Kind.SEVERITY:
            cells = _by_word(_text(values[0]), context)
        case Kind.WORDS:
            cells = _inline(style, _content(pc.replace_substring(_text(values[0]), "_", " ")))
        case Kind.BREAKS:
            cells = _inline(context.styles["wrapped"], _content(_titles(_text(values[0]))))
        case Kind.SHOP:
            cells = _by_lead(_text(values[0]), values[1], context)
        case _:
            cells = _inline(style, _content(_text(values[0])))
    if any(not isinstance(part, str) and part.null_count for part in cells):
        cells = (pc.fill_null(_join(*cells), f'{style}"/>'),)
    return (_join(*cells)[0].as_py(),) if is_same else cells


def _is_same(values: Any) -> bool:
    """Whether all rows say the same, or nothing."""
    if values.null_count:
        return bool(values.null_count == len(values))
    return values[0].equals(values[-1]) and bool(pc.all(pc.equal(values, values[0])).as_py())


def _text(values: Any) -> Any:
    return values if values.type == _TEXT else values.cast(_TEXT)


def _content(values: Any) -> Parts:
    """Text to the content of <is>: hostile or long values one by one, the rest as they are."""
    special = pc.or_(pc.match_substring_regex(values, _SPECIAL), pc.greater(pc.binary_length(values), LONGEST))
    if not pc.any(special).as_py():
        return ("<t>", values, "</t>")
    return (_patch(_join("<t>", values, "</t>"), special, lambda row: text_xml(values[row].as_py())),)


def _inline(style: int, content: Parts) -> Parts:
    return (f'{style}" t="inlineStr"><is>', *content, "</is></c>")


def _number(style: int, number: Parts) -> Parts:
    return (f'{style}"><v>', *number, "</v></c>")


def _by_word(words: Any, context: CellContext) -> Parts:
    content = _content(words)
    cells = _join(*_inline(context.styles["text"], content))
    for word in pc.unique(words).drop_null().to_pylist():
        style = context.styles.get(severity_style(word))
        if style is not None:
            cells = pc.if_else(pc.equal(words, word), _join(*_inline(style, content)), cells)
    return (cells,)


def _titles(codes: Any) -> Any:
    """Codes of breaks, ", " between several, as their titles."""
    words = pc.unique(codes).drop_null()
    titles = [titles_of(word) for word in words.to_pylist()]
    return pa.array(titles, _TEXT).take(pc.index_in(codes, words))


def titles_of(codes: str) -> str:
    """The titles of breaks by their codes, which have ", " between them; titles have commas of their own."""
    return "; ".join(map(title_of, codes.split(", ")))


def _by_lead(words: Any, leads: Any, context: CellContext) -> Parts:
    content = _content(words)
    linked = _join(*_inline(context.styles[Kind.LINK], content))
    return (pc.if_else(leads, linked, _join(*_inline(context.styles[Kind.TEXT], content))),)


def _money(amounts: Any, codes: Any, context: CellContext) -> Parts:
    """Numbers in the style of each row's currency; text where a number would not be exact or its unit not known."""
    amounts = amounts.cast("int64")
    named = pc.unique(codes).to_pylist()
    styles = {
        code: context.styles[money_style(code)] for code in named if code and money_style(code) in context.styles
    }
    small = pc.and_(pc.less(amounts, EXACT), pc.greater(amounts, -EXACT))
    if len(named) == len(styles) == 1 and pc.all(small).as_py() is not False:
        [(code, style)] = styles.items()
        return _number(style, _major(amounts, context.currencies.exponent(code)))
    cells = pa.nulls(len(amounts), _TEXT)
    safe = pc.if_else(small, amounts, pa.scalar(None, pa.int64()))
    for code, style in styles.items():
        numbers = _join(*_number(style, _major(safe, context.currencies.exponent(code))))
        cells = pc.if_else(pc.fill_null(pc.equal(codes, code), False), numbers, cells)
    return (_patch(cells, pc.and_(pc.is_valid(amounts), pc.is_null(cells)), _money_text(amounts, codes, context)),)


def _money_text(amounts: Any, codes: Any, context: CellContext) -> Callable[[int], str]:
    def cell(row: int) -> str:
        shown = context.currencies.show(amounts[row].as_py(), codes[row].as_py() or "")
        return f'{context.styles["money as text"]}" t="inlineStr"><is>{text_xml(shown)}</is></c>'

    return cell


def _major(amounts: Any, exponent: int) -> Parts:
    """Arrow int64 of minor units as the exact text of a number in major units."""
    if exponent == 0:
        return (amounts.cast(_TEXT),)
    size = pc.abs(amounts)
    whole = pc.divide(size, 10**exponent)
    rest = pc.subtract(size, pc.multiply(whole, 10**exponent))
    shown = (whole.cast(_TEXT), _after_point(exponent).take(rest))
    negative = pc.less(amounts, 0)
    return (pc.if_else(negative, pa.scalar("-", _TEXT), pa.scalar("", _TEXT)), *shown) if _any(negative) else shown


@cache
def _after_point(digits: int) -> Any:
    """ ".00" to ".99" and the like."""
    numbers = pa.array(np.arange(10**digits)).cast(_TEXT)
    return pc.binary_join_element_wise(
        pa.scalar("", _TEXT), pc.utf8_lpad(numbers, digits, "0"), pa.scalar(".", _TEXT)
    )


def _local(moments: Any, zones: pd.Series[str] | None, context: CellContext) -> npt.NDArray[np.datetime64]:
    """Moments as each row's zone shows them, or where rows name none the account's; to the millisecond."""
    if zones is None:
        return _on_clocks(moments, context.zone)
    local = np.full(len(moments), "NaT", dtype="datetime64[ms]")
    for zone in zones.dropna().unique():
        mine = c.is_in(zones, [zone])
        local[mine] = _on_clocks(moments[mine], ZoneInfo(zone))
    return local


def _on_clocks(moments: Any, zone: ZoneInfo) -> npt.NDArray[np.datetime64]:
    local: npt.NDArray[np.datetime64] = moments.tz_convert(zone).tz_localize(None).as_unit("ms").to_numpy()
    return local


def _serial(local: npt.NDArray[np.datetime64]) -> Parts:
    """Local times as Excel's day numbers, to the millisecond."""
    since = pc.add(pa.array(local, from_pandas=True).cast("int64"), _EPOCH_MS)
    days = pc.divide(since, _DAY_MS)
    rest = pc.subtract(since, pc.multiply(days, _DAY_MS))
    seconds = pc.divide(rest, 1_000)
    if _any(pc.not_equal(rest, pc.multiply(seconds, 1_000))):
        return (days.cast(_TEXT), _fraction(rest))
    return (days.cast(_TEXT), _fractions_by_second().take(seconds))


def _fraction(rest: Any) -> Any:
    """Milliseconds of a day as a part of it, with ten digits."""
    parts = pc.divide(pc.add(pc.multiply(rest, 10**10), _DAY_MS // 2), _DAY_MS).cast(_TEXT)
    return pc.binary_join_element_wise(pa.scalar("", _TEXT), pc.utf8_lpad(parts, 10, "0"), pa.scalar(".", _TEXT))


@cache
def _fractions_by_second() -> Any:
    return _fraction(pa.array(np.arange(86_400) * 1_000))


def _any(mask: Any) -> bool:
    return pc.any(mask).as_py() is True


def _patch(cells: Any, mask: Any, value: Callable[[int], str]) -> Any:
    """The cells with those under the mask made one by one."""
    mask = pc.fill_null(mask, False)
    rows = pc.indices_nonzero(mask).to_pylist()
    return pc.replace_with_mask(cells, mask, pa.array([value(row) for row in rows], _TEXT)) if rows else cells


def _whole(array: Any) -> Any:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _join(*parts: Any) -> Any:
    """Texts and columns of text, joined row by row; null where one of them is. Texts alone are one row."""
    merged: list[Any] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    texts = [pa.scalar(part, _TEXT) if isinstance(part, str) else part for part in merged]
    if all(isinstance(part, str) for part in merged):
        return pa.array(merged, _TEXT)
    return pc.binary_join_element_wise(*texts, pa.scalar("", _TEXT))
