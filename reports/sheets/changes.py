"""The Changes sheet: what is different from the last run of this range that came to something else."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from recon import columns as c
from recon.columnar import pd
from reports.report import Report
from reports.sheet import Block, Column, Grouping, Kind, Sheet, in_shape

HOW = "how"  # this sheet's own column: what changed, in words
_NAMES = {
    "expecting_orders": "orders that expect a charge",
    "breaks_open": "open breaks",
    "amount_open": "at risk, of all kinds",  # elsewhere kinds are never added up
}
_CLOSED_BY = {
    "auto_closed": "The facts agree now.",
    "resolved": "Resolved by a person.",
    "written_off": "Written off by a person.",
}


def _rows(report: Report) -> pd.DataFrame:
    changes = in_shape(report.result.details.changes, c.CHANGES)
    words = [
        _how(report, dict(zip(changes.columns, row, strict=True))) for row in c.plain_rows(changes, changes.columns)
    ]
    own = {
        HOW: pd.Series(words, index=changes.index, dtype=c.TEXT),
        c.RISK_CHANGE: changes[c.RISK_CHANGE].mask(changes[c.CURRENCY].isna()),  # of no amount there is no change
    }
    return changes.assign(**own)


def _how(report: Report, row: Mapping[Hashable, object]) -> str:
    if row[c.WHAT] == c.NEW:
        return str(row[c.EXPLANATION])
    if row[c.WHAT] == c.CLOSED and row[c.STATUS] == "auto_closed" and row[c.WHY_CLOSED]:
        why = str(row[c.WHY_CLOSED])
        return f"{why[0].upper()}{why[1:]}."
    if row[c.WHAT] == c.CLOSED:
        return _CLOSED_BY.get(str(row[c.STATUS]), "Not found by this run.")
    differences = []
    for name, before, now in (("severity", c.SEVERITY_BEFORE, c.SEVERITY), ("status", c.STATUS_BEFORE, c.STATUS)):
        if row[before] != row[now]:
            differences.append(f"{name}: {row[before]}, now {row[now]}".replace("_", " "))
    for name, before, now in (("expected", c.EXPECTED_BEFORE, c.EXPECTED), ("actual", c.ACTUAL_BEFORE, c.ACTUAL)):
        if row[before] != row[now]:
            differences.append(f"{name}: {_money(report, row, before)}, now {_money(report, row, now)}")
    return "; ".join(differences) or "The amount at risk changed."


def _money(report: Report, row: Mapping[Hashable, object], name: str) -> str:
    amount = row[name]
    currency = str(row[c.CURRENCY] or "")
    if not isinstance(amount, int):
        return "none"
    return f"{currency} {report.basis.currencies.show(amount, currency)}".strip()


def _figures(report: Report) -> pd.DataFrame:
    figures = in_shape(report.result.details.figures, c.FIGURES)
    names = [figure_words(name) for name in figures[c.FIGURE]]
    return figures.assign(**{c.FIGURE: pd.Series(names, index=figures.index, dtype=c.TEXT)})


def figure_words(name: str) -> str:
    """A figure's name as people read it."""
    return _NAMES.get(name, name.replace("_", " "))


def _no_changes(report: Report) -> str:
    since = report.result.details.since
    if not since:
        return "The first result of this range: there is nothing to compare with."
    return f"No break is new, closed or changed since the run as of {since}."


def _no_figures(report: Report) -> str:
    since = report.result.details.since
    return f"Every figure is what it was on {since}." if since else "Nothing to compare with."


SHEET = Sheet(
    order=120,
    name="Changes",
    columns=(
        Column("What", c.WHAT, Kind.TEXT, 26),
        Column("Severity", c.SEVERITY, Kind.SEVERITY, 11),
        Column("Break", c.CODE, Kind.BREAKS, 27),
        Column("Order", c.ORDER_ID, Kind.TEXT, 17),
        Column("At risk before", c.RISK_BEFORE, Kind.MONEY, 16, c.CURRENCY),
        Column("At risk now", c.AMOUNT_AT_RISK, Kind.MONEY, 16, c.CURRENCY),
        Column("Change", c.RISK_CHANGE, Kind.MONEY, 16, c.CURRENCY),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("How", HOW, Kind.WRAPPED, 60),
        Column("Status", c.STATUS, Kind.WORDS, 17),
        Column("Charge", c.CHARGE_ID, Kind.TEXT, 31),
        Column("Subject", c.SUBJECT_TYPE, Kind.WORDS, 12),
        Column("Subject id", c.SUBJECT_ID, Kind.TEXT, 31),
        Column("Break id", c.BREAK_ID, Kind.TEXT, 22),
        Column("Code", c.CODE, Kind.TEXT, 29),
    ),
    rows=_rows,
    empty=_no_changes,
    printed=9,
    below=(
        Block(
            title="Figures of the range",
            columns=(
                Column("Figure", c.FIGURE, Kind.TEXT, 26),
                Column("Currency", c.CURRENCY, Kind.TEXT, 11),
                Column("Before", c.COUNT_BEFORE, Kind.COUNT, 27),
                Column("Now", c.COUNT_NOW, Kind.COUNT, 17),
                Column("Amount before", c.AMOUNT_BEFORE, Kind.MONEY, 16, c.CURRENCY),
                Column("Amount now", c.AMOUNT_NOW, Kind.MONEY, 16, c.CURRENCY),
                Column("Change", c.DIFFERENCE, Kind.MONEY, 16, c.CURRENCY),
            ),
            rows=_figures,
            empty=_no_figures,
        ),
    ),
    grouping=Grouping.EACH,
)
