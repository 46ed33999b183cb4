"""The Rulings sheet: the register of what people decided about the days, then its totals by reason."""

from __future__ import annotations

from recon import columns as c
from recon.columnar import pd
from recon.result.register import IN_FORCE
from reports.report import Report
from reports.sheet import Block, Column, Grouping, Kind, Sheet, in_shape, typed_as

_TOTALS = c.Frame(
    "register totals",
    (
        *(c.Column(name, c.TEXT) for name in (c.CURRENCY, c.DECISION, c.DECIDED_WHY)),
        c.Column(c.ROWS, c.COUNT),
        c.Column(c.AMOUNT, c.MINOR),
    ),
)

_WRITTEN_OFF = c.Frame(
    "written off",
    (
        *(c.Column(name, c.TEXT) for name in (c.CURRENCY, c.BOOKED_AGAINST)),
        c.Column(c.ROWS, c.COUNT),
        c.Column(c.WRITTEN_OFF, c.MINOR),
    ),
)


def _register(report: Report) -> pd.DataFrame:
    return in_shape(report.result.register, c.REGISTER)


def _by_reason(report: Report) -> pd.DataFrame:
    """Decisions with an amount: how many and how much, by what was decided, why, and whether it still holds."""
    decided = _register(report)
    decided = decided[decided[c.AMOUNT].notna() & decided[c.CURRENCY].notna()]
    if decided.empty:
        return _TOTALS.empty()
    in_force = decided[c.STANDING] == IN_FORCE
    words = decided[c.DECISION].where(in_force, decided[c.DECISION] + ": " + decided[c.STANDING])
    keys = [c.CURRENCY, c.DECISION, c.DECIDED_WHY]
    counted = decided.assign(**{c.DECISION: words}).assign(**{c.ROWS: 1})
    groups = counted.groupby(keys, sort=True)[[c.ROWS, c.AMOUNT]].sum()
    return typed_as(groups.reset_index(), _TOTALS)


def _by_account(report: Report) -> pd.DataFrame:
    """What the journal's write-offs cost, by currency and the account of the books that each clears."""
    booked = _register(report)
    booked = booked[booked[c.WRITTEN_OFF].notna()]
    if booked.empty:
        return _WRITTEN_OFF.empty()
    groups = (
        booked.assign(**{c.ROWS: 1}).groupby([c.CURRENCY, c.BOOKED_AGAINST], sort=True)[[c.ROWS, c.WRITTEN_OFF]].sum()
    )
    return typed_as(groups.reset_index(), _WRITTEN_OFF)


SHEET = Sheet(
    order=105,
    name="Rulings",
    columns=(
        Column("No.", c.NUMBER, Kind.COUNT, 8),
        Column("Decided on", c.DECIDED_ON, Kind.TEXT, 12),
        Column("Decision", c.DECISION, Kind.TEXT, 18),
        Column("Break", c.TITLE, Kind.WRAPPED, 27),
        Column("Subject", c.SUBJECT_ID, Kind.TEXT, 31),
        Column("Age then, days", c.AGE_DAYS, Kind.COUNT, 8),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Amount", c.AMOUNT, Kind.MONEY, 16, c.CURRENCY),
        Column("Reason", c.DECIDED_WHY, Kind.WRAPPED, 30),
        Column("By", c.DECIDED_BY, Kind.TEXT, 14),
        Column("Approved by", c.APPROVED_BY, Kind.TEXT, 14),
        Column("Until", c.HELD_UNTIL, Kind.TEXT, 12),
        Column("How it stands", c.STANDING, Kind.WRAPPED, 18),
        Column("Reversed or ended by", c.REVERSED_BY, Kind.WRAPPED, 26),
        Column("Journal entry", c.JOURNAL_ENTRY, Kind.TEXT, 26),
        Column("Written off", c.WRITTEN_OFF, Kind.MONEY, 16, c.CURRENCY),
        Column("Against", c.BOOKED_AGAINST, Kind.TEXT, 20),
        Column("Code", c.CODE, Kind.TEXT, 29),
        Column("Break id", c.BREAK_ID, Kind.TEXT, 22),
        Column("Ruling", c.RULING_ID, Kind.TEXT, 10),
        Column("Subject is", c.SUBJECT_TYPE, Kind.WORDS, 12),
        Column("Account", c.ACCOUNT, Kind.TEXT, 12),
    ),
    rows=_register,
    empty="Nobody had decided anything about these days by the as-of day.",
    printed=15,
    frozen=1,
    grouping=Grouping.EACH,
    below=(
        Block(
            "Totals by reason (what no longer holds stands apart)",
            (
                Column("Count", c.ROWS, Kind.COUNT, 8),
                Column("Currency", c.CURRENCY, Kind.TEXT, 12),
                Column("Decision", c.DECISION, Kind.WRAPPED, 18),
                Column("Amount", c.AMOUNT, Kind.MONEY, 27, c.CURRENCY),
                Column("Reason", c.DECIDED_WHY, Kind.WRAPPED, 31),
            ),
            _by_reason,
            "No decision has an amount.",
        ),
        Block(
            "Written off in these days, as the Journal's write-off account has it (a gain is negative)",
            (
                Column("Count", c.ROWS, Kind.COUNT, 8),
                Column("Currency", c.CURRENCY, Kind.TEXT, 12),
                Column("Against", c.BOOKED_AGAINST, Kind.WRAPPED, 18),
                Column("Written off", c.WRITTEN_OFF, Kind.MONEY, 27, c.CURRENCY),
            ),
            _by_account,
            "Nothing was written off in these days.",
        ),
    ),
)
