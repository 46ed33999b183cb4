"""The balance of trust at the head of a Summary: one line where all is well, else each doubt in a line."""

from collections.abc import Iterator, Sequence

from recon.model import Result
from recon.result.trust import DOES_NOT_TIE, NOT_READ, READ, WELL, Doubt, doubts, doubts_together, what_was_read
from reports.report import Group, Report
from reports.sheet import Cell, Line
from reports.sheets.balance_proof import SHEET as BALANCE_PROOF
from reports.sheets.rejected import SHEET as REJECTED
from reports.summary.parts import COLUMNS, PlacedSheets, height, section

TITLE = "Balance of trust: what this page rests on, and what it does not"
IN_ORDER = "In order"
_LINKS = {NOT_READ: REJECTED.name, DOES_NOT_TIE: BALANCE_PROOF.name}


def trust(report: Report, placed: PlacedSheets, _: int) -> Iterator[Line]:
    """Of one account."""
    yield from _block([report.result], doubts(report.result, report.basis.currencies), placed)


def group_trust(group: Group, placed: PlacedSheets, _: int) -> Iterator[Line]:
    """Of all accounts together, each doubt with the accounts that have it."""
    results = [part.result for part in group.parts]
    yield from _block(results, doubts_together(results, group.basis.currencies), placed)


def _block(results: Sequence[Result], all_doubts: Sequence[Doubt], placed: PlacedSheets) -> Iterator[Line]:
    yield section(TITLE)
    if not all_doubts:
        yield _line(Cell(IN_ORDER, "verdict good"), f"{WELL}: {what_was_read(results)}", Cell("", "label"))
        return
    yield _line(Cell(READ, "label"), what_was_read(results), Cell("", "label"))
    for doubt in all_doubts:
        sheet = placed.get(_LINKS.get(doubt.kind, ""))
        name = Cell(doubt.kind, "link", link=sheet.link()) if sheet else Cell(doubt.kind, "label")
        yield _line(name, doubt.words, Cell(doubt.count) if doubt.count else Cell("", "label"))


def _line(name: Cell, words: str, count: Cell) -> Line:
    return Line((name, Cell(words, "wrapped", span=COLUMNS - 2), count), height(words, 1, COLUMNS - 1))
