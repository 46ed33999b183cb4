"""The Breaks sheet: every break that is not closed, worst first."""

from __future__ import annotations

from collections import Counter

from recon import columns as c
from recon.columnar import pd
from recon.model import Exposure, Severity
from recon.result.changes import open_breaks
from recon.rules import cause_of
from reports.report import Report
from reports.sheet import Column, Grouping, Kind, Sheet
from reports.totals import Totals

ITS_ROW = "its_row"  # this sheet's own column: where the subject stands in the same file; reports.workbook.links
ITS_ID = "its_id"  # likewise: of what at Omise it speaks, whichever it is
CAUSE = "cause"  # likewise: what it has in common with other breaks, where it has
FOR_CASH = "for_cash"  # likewise: its exposure in words
# What at Omise a break speaks of: the first of these that it names, else its subject if that is at Omise.
_IDS = (c.TRANSFER_ID, c.REFUND_ID, c.DISPUTE_ID, c.CHARGE_ID, c.TRANSACTION_ID)
_ELSEWHERE = ("order", "row", "bank_line", "account", "proof")
_RANK = {severity.word: -severity for severity in Severity}


def _rows(report: Report) -> pd.DataFrame:
    breaks = open_breaks(report.result.breaks)
    exposures = [Exposure(exposure).words for exposure in breaks[c.EXPOSURE]]
    return breaks.assign(
        **{
            ITS_ROW: pd.Series([None] * len(breaks), index=breaks.index, dtype=c.TEXT),
            ITS_ID: _ids(breaks),
            CAUSE: _causes(breaks),
            FOR_CASH: pd.Series(exposures, index=breaks.index, dtype=c.TEXT),
        }
    )


def _causes(breaks: pd.DataFrame) -> pd.Series[str]:
    """The common cause of breaks of a code, account and currency; null where a break is alone with it."""
    keys = c.plain_rows(breaks, (c.CODE, c.ACCOUNT, c.CURRENCY))
    causes = [cause_of(code, account or "", currency or "") for code, account, currency in keys]
    count = Counter(causes)
    common = [cause if cause and count[cause] > 1 else None for cause in causes]
    return pd.Series(common, index=breaks.index, dtype=c.TEXT)


def _ids(breaks: pd.DataFrame) -> pd.Series[str]:
    ids = []
    for subject_type, subject_id, *named in c.plain_rows(breaks, (c.SUBJECT_TYPE, c.SUBJECT_ID, *_IDS)):
        subject = None if subject_type in _ELSEWHERE else subject_id
        ids.append(next((id_ for id_ in named if id_), subject))
    return pd.Series(ids, index=breaks.index, dtype=c.TEXT)


def _worst_first(breaks: pd.DataFrame) -> pd.DataFrame:
    # By code inside a severity, so that a link to a code's first row finds the others below it.
    names = (c.SEVERITY, c.CODE, c.CURRENCY, c.AMOUNT_AT_RISK, c.BREAK_ID)
    keys = [
        (_RANK.get(severity, 0), code, currency or "", -(at_risk or 0), break_id)
        for severity, code, currency, at_risk, break_id in c.plain_rows(breaks, names)
    ]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return breaks.iloc[order].reset_index(drop=True)


SHEET = Sheet(
    order=20,
    name="Breaks",
    columns=(
        Column("Severity", c.SEVERITY, Kind.SEVERITY, 10),
        Column("Break", c.TITLE, Kind.WRAPPED, 22),
        Column("Order", c.ORDER_ID, Kind.TEXT, 16),
        Column("What is wrong", c.EXPLANATION, Kind.WRAPPED, 48),
        Column("What to do", c.SUGGESTION, Kind.WRAPPED, 36),
        Column("Amount at risk", c.AMOUNT_AT_RISK, Kind.MONEY, 16, c.CURRENCY),
        Column("For cash", FOR_CASH, Kind.TEXT, 19),
        Column("Happened on", c.OCCURRED_ON, Kind.TEXT, 13),
        Column("Due by", c.DUE_BY, Kind.MOMENT, 21),
        Column("Status", c.STATUS, Kind.WORDS, 17),
        Column("Owner", c.OWNER, Kind.TEXT, 13),
        Column("Code", c.CODE, Kind.TEXT, 29),
        Column("Omise's id", ITS_ID, Kind.TEXT, 31),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Expected (ours)", c.EXPECTED, Kind.MONEY, 16, c.CURRENCY),
        Column("Actual (Omise or bank)", c.ACTUAL, Kind.MONEY, 16, c.CURRENCY),
        Column("Difference", c.DIFFERENCE, Kind.MONEY, 16, c.CURRENCY),
        Column("Age, days", c.AGE_DAYS, Kind.COUNT, 7),
        Column("Known for, days", c.KNOWN_DAYS, Kind.COUNT, 10),
        Column("One cause with others", CAUSE, Kind.TEXT, 40),
        Column("Its row", ITS_ROW, Kind.LINK, 22),
        Column("First seen", c.FIRST_SEEN, Kind.MOMENT, 21),
        Column("Subject", c.SUBJECT_TYPE, Kind.WORDS, 12),
        Column("Subject id", c.SUBJECT_ID, Kind.TEXT, 35),
        Column("Charge", c.CHARGE_ID, Kind.TEXT, 31),
        Column("Refund", c.REFUND_ID, Kind.TEXT, 31),
        Column("Transfer", c.TRANSFER_ID, Kind.TEXT, 31),
        Column("Transaction", c.TRANSACTION_ID, Kind.TEXT, 31),
        Column("Dispute", c.DISPUTE_ID, Kind.TEXT, 31),
        Column("Account", c.ACCOUNT, Kind.TEXT, 12),
        Column("Region", c.REGION, Kind.TEXT, 8),
        Column("Break id", c.BREAK_ID, Kind.TEXT, 24),
    ),
    rows=_rows,
    empty="No breaks.",
    printed=11,
    totals=Totals((c.AMOUNT_AT_RISK, c.EXPECTED, c.ACTUAL, c.DIFFERENCE), (FOR_CASH,)),
    frozen=2,
    arrange=_worst_first,
    grouping=Grouping.EACH,
)
