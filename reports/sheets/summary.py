"""The Summary: the page an auditor reads and signs; its totals are formulas over the detail sheets."""

from reports.report import Report
from reports.sheet import Line, Page
from reports.summary.closing import inputs, notes, sign_off
from reports.summary.identity import identity, rests_on, title
from reports.summary.open_breaks import by_age, by_code
from reports.summary.parts import GAP, WIDTHS, PlacedSheets
from reports.summary.proofs import proofs
from reports.summary.totals import counts, currencies, waiting
from reports.summary.trend import trend

_BLOCKS = (
    title,
    identity,
    counts,
    currencies,
    proofs,
    by_code,
    by_age,
    waiting,
    notes,
    trend,
    rests_on,
    inputs,
    sign_off,
)


def _lines(report: Report, placed: PlacedSheets) -> list[Line]:
    lines: list[Line] = []
    for block in _BLOCKS:
        made = list(block(report, placed, len(lines) + 1))
        lines += [*made, GAP] if made else []
    return lines


SHEET = Page(order=10, name="Summary", widths=WIDTHS, lines=_lines)
