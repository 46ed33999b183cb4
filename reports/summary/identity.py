"""What a Summary covers, whether all of it is there, and by which rules it was judged."""

from collections.abc import Iterator, Sequence

import pandas as pd

from recon import columns as c
from recon.model import Proof, Severity
from reports.report import Report
from reports.sheet import AnyReport, Cell, Line
from reports.sheets.breaks import SHEET as BREAKS
from reports.sheets.legend import SHEET as LEGEND
from reports.summary.parts import COLUMNS, GAP, PlacedSheets, height, section

_PARTIAL = (
    "NOT COMPLETE: a source failed or a list was cut short. The figures below cover only what was read; do not sign "
    "this page. Run the same range again."
)


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
    """Why the file stands beside a signed one, and what is different from the last result (Changes has each)."""
    if not report.beside:
        return
    yield section("Why this file stands beside a signed one", starts=False)
    yield Line((Cell(report.beside, "wrapped", span=COLUMNS),), height(report.beside, 0, COLUMNS))
    parts = (report,) if isinstance(report, Report) else report.parts
    for part in parts:
        words = _differences(part)
        yield Line((Cell(words, "wrapped", span=COLUMNS),), height(words, 0, COLUMNS))


def _differences(part: Report) -> str:
    details = part.result.details
    if not details.since:
        return f"{part.name}: no earlier result of these days is recorded."
    counts = details.changes[c.WHAT].value_counts().to_dict() if len(details.changes) else {}
    breaks = ", ".join(f"{counts[what]:,} {what}" for what in (c.NEW, c.CHANGED, c.CLOSED) if what in counts)
    figures = ", ".join(sorted(set(details.figures[c.FIGURE].str.replace("_", " ")))) if len(details.figures) else ""
    return (
        f"{part.name}: since the result of {details.since} breaks {breaks or 'none'}; figures that differ: "
        f"{figures or 'none'} (Changes has each)."
    )


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
    rules = f"{len(basis.catalogue)} rules (Legend)"
    yield _fixed("Rules in force", basis.rules_digest, rules, placed[LEGEND.name].link())
    yield _fixed("Method rule book", basis.book.digest)
    yield _fixed("This result", report.digest)
    yield _fixed("Head of the audit chain", basis.audit_head)


def _fixed(name: str, digest: str | None, more: str = "", link: str = "") -> Line:
    if digest is None:
        return Line((Cell(name, "label"), Cell("empty: nobody has decided or signed anything yet", span=COLUMNS - 1)))
    rest = (Cell(more, "link", span=2, link=link),) if more else ()
    return Line((Cell(name, "label"), Cell(digest, "hash", span=COLUMNS - 1 - 2 * len(rest)), *rest))
