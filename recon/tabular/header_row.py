"""Which row of a table is its header: the one that the configuration says, or the first that has its columns."""

from collections.abc import Sequence

from recon.tabular.layout import NO_HEADER, Column, Header, Layout
from recon.tabular.table import SourceUnreadable

SEARCHED = 60  # rows from the top


def anchors(layout: Layout, needed: Sequence[str]) -> tuple[Column, ...]:
    """What a header has for sure: the columns that the configuration writes down, else those of our needed fields."""
    written = tuple(column for column in layout.configured.values() if not column.is_optional)
    return written or tuple(layout.column(ours) for ours in needed)


def header_at(rows: Sequence[Sequence[str]], wanted: Sequence[Column]) -> tuple[int, int]:
    """The place of the first of the top rows with most of the wanted columns, and how many it has.

    Of rows that have none of them it is the first with anything in it.
    """
    best = next((at for at, cells in enumerate(rows) if any(cell.strip() for cell in cells)), 0)
    most = 0
    for at, cells in enumerate(rows[:SEARCHED]):
        header = Header([cell.strip() for cell in cells])
        count = sum(header.has(column) for column in wanted)
        if count > most:
            best = at
            most = count
        if count == len(wanted):
            break
    return best, most


def checked_row(layout: Layout, rows: int, name: str) -> int | None:
    """The place of the header that the configuration says; null where it is looked for, or there is none."""
    if layout.header_row in (None, NO_HEADER):
        return None
    if layout.header_row > rows:
        raise SourceUnreadable(f"{name} has no row {layout.header_row}, which header_row of [{layout.place}] names")
    return layout.header_row - 1


def numbered(width: int) -> tuple[str, ...]:
    """The names of columns without a header."""
    return tuple(str(number) for number in range(1, width + 1))
