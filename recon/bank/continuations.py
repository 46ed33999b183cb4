"""Rows that go on with the text of the line above: some banks wrap a long description into rows of its own."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from recon.arrays import Ints, Mask
from recon.tabular.table import Table, Torn


class Continued(NamedTuple):
    """More text of lines, by their place in the table; the numbers of the rows that it stood in."""

    texts: dict[int, str]
    rows: frozenset[int]


def continued(
    table: Table, places: Sequence[int], lines: Ints, notes: Ints, filled: Mask, torn: Collection[Torn]
) -> Continued:
    """Of rows that are none (`notes`, `torn`) those with a description alone, right below a line or another such row.

    `places` are the description's columns. A note of the bank's stands in the first column, so nothing there goes on.
    """
    found = dict(_texts(table, places, notes, torn))
    if not found:
        return Continued({}, frozenset())
    above = sorted({*table.rows[filled].tolist(), *(row.row for row in torn)})
    owner = dict(zip(table.rows[lines].tolist(), lines.tolist(), strict=True))
    texts: dict[int, str] = {}
    rows = set()
    for row in sorted(found):
        before = bisect_left(above, row) - 1
        line = owner.get(above[before]) if before >= 0 else None
        if line is not None:
            owner[row] = line
            texts[line] = f"{texts.get(line, '')} {found[row]}".strip()
            rows.add(row)
    return Continued(texts, frozenset(rows))


def _texts(table: Table, places: Sequence[int], notes: Ints, torn: Iterable[Torn]) -> Iterable[tuple[int, str]]:
    """The row and the text of all that has a description alone."""
    for at in notes.tolist():
        if text := _description([cells[at].as_py() for cells in table.cells], places):
            yield int(table.rows[at]), text
    for row in torn:
        if not row.is_open and (text := _description(row.cells, places)):
            yield row.row, text


def _description(cells: Sequence[str], places: Sequence[int]) -> str:
    filled = [at for at, cell in enumerate(cells) if cell.strip()]
    is_alone = 0 not in filled and set(filled) <= set(places)
    return " ".join(cells[at].strip() for at in filled) if is_alone else ""


def with_more(texts: Sequence[str], at: Ints, more: dict[int, str]) -> list[str]:
    """The texts of rows, by their places in the table, with what goes on below them."""
    places = dict(zip(at.tolist(), range(len(at)), strict=True)) if more else {}
    result = list(texts)
    for place, text in more.items():
        result[places[place]] = f"{result[places[place]]} {text}"
    return result
