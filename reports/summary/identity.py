"""What a Summary covers, whether all of it is there, and by which rules it was judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recon import columns as c
from recon.columnar import pd
from recon.model import Proof, Severity
from recon.money import Money
from recon.rules import CATALOGUE, title_of
from reports.report import Report
from reports.sheet import AnyReport, Cell, Line
from reports.sheets.breaks import SHEET as BREAKS
from reports.sheets.changes import figure_words
from reports.sheets.legend import SHEET as LEGEND
from reports.summary.parts import COLUMNS, GAP, PlacedSheets, header, height, section

_PARTIAL = (
    "NOT COMPLETE: a source failed or a list was cut short. The figures below cover only what was read; do not sign "
    "this page. Run the same range again."
)
_MOST = 24  # differences from the last result that are named one by one


def title(report: Report, placed: PlacedSheets, _: int) -> Iterator[Line]:
    """The name of the page, and in one line what was found."""
    result = report.result
    span = f"{result.first_day.isoformat()} to {result.last_day.isoformat()}"
    where = f"Account {result.account.name}  ·  {result.account.region}  ·  {result.account.currency}"
    yield from headline(f"{where}  ·  {span}", result.complete, placed[BREAKS.name].frame, result.proofs)


def headline(subtitle: str, complete: bool, breaks: pd.DataFrame, proofs: Sequence[Proof]) -> Iterator[Line]:
    """A page's title and its verdict."""
    yield Line((Cell("Settlement reconciliation", "page title", span=COLUMNS),), 28)
    yield Line((Cell(subtitle, "page subtitle", span=COLUMNS),), 18)
    yield GAP
    if not complete:
        yield Line((Cell(_PARTIAL, "banner bad", span=COLUMNS),), 36)
    yield Line((Cell(_verdict(complete, breaks, proofs), "banner good", span=COLUMNS),), 22)


def _verdict(complete: bool, breaks: pd.DataFrame, proofs: Sequence[Proof]) -> str:
    severities = breaks[c.SEVERITY].value_counts().to_dict()
    words = [severity.word for severity in sorted(Severity, reverse=True)]
    parts = ", ".join(f"{severities[word]:,} {word}" for word in words if word in severities)
    count = f"{len(breaks):,} {'break' if len(breaks) == 1 else 'breaks'} ({parts})" if parts else "No breaks"
    failing = sum(proof.unexplained != 0 for proof in proofs)
    proven = f"proofs that do not tie out: {failing} of {len(proofs)}" if failing else "every proof ties out"
    return "  ·  ".join(("Complete" if complete else "Not complete", count, *((proven,) if proofs else ())))


def beside_signed(report: AnyReport, _: PlacedSheets, __: int) -> Iterator[Line]:
    """Why the file stands beside a signed one, and what is different from the last result, one by one."""
    if not report.beside:
        return
    yield section("Why this file stands beside a signed one", starts=False)
    yield Line((Cell(report.beside, "wrapped", span=COLUMNS),), height(report.beside, 0, COLUMNS))
    for part in (report,) if isinstance(report, Report) else report.parts:
        details = part.result.details
        if not details.since:
            yield Line((Cell(f"{part.name}: no earlier result of these days is recorded.", "wrapped", span=COLUMNS),))
            continue
        rows = [*_figures(part), *_breaks(part)]
        words = f"{part.name}: what differs from the result of {details.since}"
        if not rows:
            yield Line((Cell(f"{words}: nothing.", "wrapped", span=COLUMNS),))
            continue
        yield Line((Cell(f"{words}:", "wrapped", span=COLUMNS),))
        yield header(("Figure, or break with what is at risk", "What", "Before", "Now", "Of"), last=COLUMNS - 4)
        yield from rows[:_MOST]
        if len(rows) > _MOST:
            more = f"and {len(rows) - _MOST:,} more: the sheet Changes has each"
            yield Line((Cell(more, "label", span=COLUMNS),))


def _figures(part: Report) -> Iterator[Line]:
    """The figures of the range that are others now."""
    frame = part.result.details.figures
    names = [c.FIGURE, c.CURRENCY, c.COUNT_BEFORE, c.COUNT_NOW, c.AMOUNT_BEFORE, c.AMOUNT_NOW]
    for figure, currency, *numbers in c.plain_rows(frame, names) if len(frame) else ():
        before, now, amount_before, amount_now = numbers
        of_money = currency and (amount_before, amount_now) != (None, None)
        sides = (amount_before, amount_now) if of_money else (before, now)
        yield _difference(figure_words(figure), "figure", sides, currency if of_money else None, currency or "")


def _breaks(part: Report) -> Iterator[Line]:
    """Breaks that are new, closed, or of another amount, with what is at risk."""
    frame = part.result.details.changes
    names = [c.WHAT, c.CODE, c.CURRENCY, c.RISK_BEFORE, c.AMOUNT_AT_RISK, c.SUBJECT_ID]
    for what, code, currency, before, now, subject in c.plain_rows(frame, names) if len(frame) else ():
        yield _difference(title_of(code), what, (before, now), currency, subject)


def _difference(
    name: str, what: str, sides: tuple[int | None, int | None], currency: str | None, subject: str
) -> Line:
    shown = [
        Cell("") if side is None else Cell(Money(int(side), currency)) if currency else Cell(int(side))
        for side in sides
    ]
    cells = (Cell(name, "wrapped"), Cell(what), *shown, Cell(subject, span=COLUMNS - 4))
    return Line(cells, height(name, 0, 1))


def identity(report: Report, _: PlacedSheets, __: int) -> Iterator[Line]:
    """Account, range and moment."""
    result = report.result
    yield section("What this page covers")
    pairs = (
        ("Account", result.account.name, "First day", result.first_day),
        ("Region", result.account.region, "Last day", result.last_day),
        ("Settlement currency", result.account.currency, "As of", report.as_of_day),
        ("Time zone", str(result.account.zone), "Software", f"omise-recon {report.basis.software_version}"),
    )
    for left, left_value, right, right_value in pairs:
        yield Line((Cell(left, "label"), Cell(left_value, span=2), Cell(right, "label"), Cell(right_value, span=4)))


def rests_on(report: Report, placed: PlacedSheets, _: int) -> Iterator[Line]:
    """Rules, rule book, result and audit chain, each fixed by its digest."""
    basis = report.basis
    yield section("What this page rests on (SHA-256)")
    rules = f"{len(CATALOGUE)} rules (Legend)"
    yield _fixed("Rules in force", basis.rules_digest, rules, placed[LEGEND.name].link())
    yield _fixed("Method rule book", basis.book.digest)
    yield _fixed("This result", report.digest)
    yield _fixed("Head of the audit chain", basis.audit_head)


def _fixed(name: str, digest: str | None, more: str = "", link: str = "") -> Line:
    if digest is None:
        return Line((Cell(name, "label"), Cell("empty: nobody has decided or signed anything yet", span=COLUMNS - 1)))
    rest = (Cell(more, "link", span=2, link=link),) if more else ()
    return Line((Cell(name, "label"), Cell(digest, "hash", span=COLUMNS - 1 - 2 * len(rest)), *rest))
