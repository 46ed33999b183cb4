"""What closes a Summary: what was not judged, the files that were read, who signs."""

from collections.abc import Iterator

from recon import columns as c
from reports.report import Report
from reports.sheet import EMPTY, AnyReport, Cell, Line
from reports.sheets.rulings import SHEET as RULINGS
from reports.summary.parts import COLUMNS, PlacedSheets, empty_block, header, height, section, sum_cell
from reports.workbook.signed import DATE, PREPARED, REVIEWED, UNDER

_FEW = 12  # files: no more, and the sign-off stays on their page


def decisions(report: AnyReport, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """What people decided about the days, by what it was and currency; what no longer holds stands apart."""
    register = placed[RULINGS.name]
    if register.frame.empty:
        return
    yield section("What people decided (each decision with who, why and its entry of the journal: Rulings)")
    yield header(("Decision", "How it stands", "Currency", "Decisions", "Amount"))
    keys = [c.DECISION, c.STANDING, c.CURRENCY]
    for number, (_, group) in enumerate(register.frame.groupby(keys, sort=True, dropna=False), start=row + 2):
        decision, standing, currency = group[keys].fillna("").iloc[0].tolist()
        criteria = (
            (c.DECISION, f"$A{number}"),
            (c.STANDING, f"$B{number}"),
            (c.CURRENCY, f"$C{number}" if currency else EMPTY),
        )
        amount = sum_cell(report.basis, register, group, c.AMOUNT, currency, *criteria) if currency else Cell("")
        yield Line(
            (
                Cell(decision, "link", link=register.link(group.index.tolist()[0])),
                Cell(standing, "wrapped"),
                Cell(currency or "no amount"),
                Cell(len(group), formula=register.area.count(*criteria)),
                amount,
            ),
            height(standing, 1, 2),
        )


def notes(report: Report, _: PlacedSheets, __: int) -> Iterator[Line]:
    """What was counted and not judged, by reason."""
    counts = {reason: count for reason, count in report.result.notes.items() if count}
    if counts:
        yield section("Counted, not judged")
        for reason, count in sorted(counts.items()):
            yield Line((Cell(reason, "wrapped", span=3), Cell(count)), height(reason, 0, 3))


def inputs(report: Report, _: PlacedSheets, __: int) -> Iterator[Line]:
    """Every file with its rows and the digest of its bytes."""
    yield section("Files that were read")
    if not report.result.inputs:
        yield empty_block("No files.")
        return
    yield Line(
        (Cell("Source and file", "header", span=3), Cell("Rows", "header"), Cell("SHA-256", "header", span=4)), 18
    )
    for file in sorted(report.result.inputs, key=lambda file: (file.source, file.name, file.sha256)):
        name = f"{file.source}: {file.name}"
        yield Line(
            (Cell(name, "wrapped", span=3), Cell(file.rows), Cell(file.sha256, "hash", span=4)),
            height(name, 0, 3),
        )


def sign_off(report: AnyReport, _: PlacedSheets, __: int) -> Iterator[Line]:
    """Boxes for the preparer, the reviewer, and what they saw: filled in by hand, or in a signed copy."""
    few = isinstance(report, Report) and len(report.result.inputs) <= _FEW
    yield section("Sign-off (the reviewer is not the preparer)", starts=not few)
    for name in (PREPARED, REVIEWED):
        boxes = (Cell(name, "box label"), Cell("", "box", span=3), Cell(DATE, "box label"), Cell("", "box", span=3))
        yield Line(boxes, 30)
    accounts = 1 if isinstance(report, Report) else len(report.parts)
    yield Line((Cell(UNDER, "box label"), Cell("", "box text", span=COLUMNS - 1)), 30 + 26 * accounts)
