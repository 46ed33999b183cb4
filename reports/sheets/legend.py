"""The Legend sheet: what every code means and what to do, the method rule book, days off."""

from __future__ import annotations

from itertools import groupby

from recon import columns as c
from recon.columnar import pd
from recon.methods import HEADS, legend
from recon.rules import CATALOGUE
from reports.report import Report
from reports.sheet import Block, Column, Grouping, Kind, Sheet

_GROUP = "group"  # of rules: inside one the first that applies is raised
# The rule book's and the calendars' own columns.
_METHOD, _REGION, _CURRENCY, _FIGURE, _VALUE, _CERTAINTY, _SOURCE = HEADS
_YEAR = "year"
_COUNT = "days"
_DAYS = "days_off"


def _rules(report: Report) -> pd.DataFrame:
    data = {
        c.CODE: [rule.code for rule in CATALOGUE],
        c.TITLE: [rule.title for rule in CATALOGUE],
        c.SEVERITY: [_severity(report, rule.code, rule.severity) for rule in CATALOGUE],
        c.SUBJECT_TYPE: [rule.subject for rule in CATALOGUE],
        c.EXPLANATION: [rule.meaning for rule in CATALOGUE],
        c.SUGGESTION: [rule.action for rule in CATALOGUE],
        _GROUP: [rule.group for rule in CATALOGUE],
    }
    return pd.DataFrame(data, dtype=c.TEXT)


def _severity(report: Report, code: str, default: str) -> str:
    """As the configuration sets it."""
    rule = report.basis.settings.get(code)
    if rule is not None and not rule.enabled:
        return "off"
    return default if rule is None or rule.severity is None else rule.severity.word


def _book(report: Report) -> pd.DataFrame:
    own = legend(report.basis.book, lambda account: account == report.name)
    frame = pd.DataFrame(own, columns=list(HEADS), dtype=c.TEXT)
    money = frame[_FIGURE].isin(["minimum", "maximum"])
    shown = frame[_VALUE].where(~money, frame[_CURRENCY] + " " + frame[_VALUE])
    return frame.assign(**{_VALUE: shown, _FIGURE: frame[_FIGURE].str.replace("_", " ")})


def _days_off(report: Report) -> pd.DataFrame:
    """A row per year of the account's calendar."""
    calendar = report.basis.calendars.get(report.name)
    years = groupby(calendar.days_off if calendar else (), key=lambda day: day.year)
    days_by_year = {str(year): [day.isoformat() for day in days] for year, days in years}
    data = {
        c.ACCOUNT: report.name,
        _YEAR: list(days_by_year),
        _COUNT: [len(days) for days in days_by_year.values()],
        _DAYS: [", ".join(days) for days in days_by_year.values()],
    }
    dtypes = {c.ACCOUNT: c.TEXT, _YEAR: c.TEXT, _COUNT: c.COUNT, _DAYS: c.TEXT}
    return pd.DataFrame(data).astype(dtypes)


_RULE_BOOK = Block(
    title="The method rule book in effect",
    columns=(
        Column("Method", _METHOD, Kind.WRAPPED, 29),
        Column("Figure", _FIGURE, Kind.WRAPPED, 26),
        Column("Region", _REGION, Kind.WRAPPED, 12),
        Column("Value", _VALUE, Kind.WRAPPED, 60),
        Column("Source", _SOURCE, Kind.WRAPPED, 60),
        Column("Certainty", _CERTAINTY, Kind.TEXT, 20),
    ),
    rows=_book,
    empty="No rule book.",
    grouping=Grouping.ONCE,
)
_CALENDAR = Block(
    title="Days off besides Saturdays and Sundays: business days are counted without them",
    columns=(
        Column("Account", c.ACCOUNT, Kind.TEXT, 29),
        Column("Year", _YEAR, Kind.TEXT, 26),
        Column("How many", _COUNT, Kind.COUNT, 12),
        Column("Days", _DAYS, Kind.WRAPPED, 60),
    ),
    rows=_days_off,
    empty="None: only Saturdays and Sundays.",
)
SHEET = Sheet(
    order=130,
    name="Legend",
    columns=(
        Column("Code", c.CODE, Kind.TEXT, 29),
        Column("Break", c.TITLE, Kind.WRAPPED, 26),
        Column("Severity", c.SEVERITY, Kind.SEVERITY, 12),
        Column("What it means", c.EXPLANATION, Kind.WRAPPED, 60),
        Column("What to do", c.SUGGESTION, Kind.WRAPPED, 60),
        Column("Subject", c.SUBJECT_TYPE, Kind.WORDS, 20),
        Column("Group", _GROUP, Kind.TEXT, 20),
    ),
    rows=_rules,
    empty="No rules.",
    printed=7,
    below=(_RULE_BOOK, _CALENDAR),
    repeated=False,
    grouping=Grouping.ONCE,
)
