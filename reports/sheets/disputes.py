"""The Disputes sheet: every dispute of the range and every undecided one."""

from __future__ import annotations

from decimal import Decimal

from recon import columns as c
from recon.columnar import pd
from recon.model import DisputeStatus
from recon.result.dispute_rates import Limit, limits
from reports.codes import BREAK_CODES, codes_of
from reports.report import Report
from reports.sheet import Block, Column, Grouping, Kind, Sheet, in_shape
from reports.sheets.pending import DAYS_LEFT, days_left
from reports.totals import Totals

_ANSWERED = "answered"  # this sheet's own column


def _rows(report: Report) -> pd.DataFrame:
    disputes = in_shape(report.result.details.disputes, c.DISPUTE_LIST)
    answered = (disputes[c.ANSWER] == c.MESSAGE) | (disputes[c.STATUS] == DisputeStatus.PENDING)
    words = pd.Series("no", disputes.index, c.TEXT).mask(disputes[c.ANSWER] == c.DOCUMENTS, "documents alone")
    codes = codes_of(report.result.breaks, c.DISPUTE_ID, disputes[c.DISPUTE_ID])
    own = {
        _ANSWERED: words.mask(answered, "yes"),
        DAYS_LEFT: days_left(disputes[c.DUE_BY], report),
        BREAK_CODES: codes,
    }
    return disputes.assign(**own)


def _months(report: Report) -> pd.DataFrame:
    rates = in_shape(report.result.details.dispute_rates, c.DISPUTE_RATES)
    return rates.assign(**{c.MONTH: rates[c.LAST_DAY].str[:7]})


def _limit_words(limit: Limit) -> str:
    number = f", or {limit.disputes} disputes and more" if limit.disputes else ""
    percent = Decimal(int(limit.rate * 10_000)).scaleb(-2)
    return f"{limit.word}: {limit.means}, above {percent}% of successful charges{number}"


_RATES = Block(
    title=f"Dispute rate by month, from its first day ({'; '.join(map(_limit_words, limits()))})",
    columns=(
        Column("Month", c.MONTH, Kind.TEXT, 31),
        Column("Up to", c.LAST_DAY, Kind.TEXT, 12),
        Column("Opened", c.OPENED_DISPUTES, Kind.COUNT, 8),
        Column("Rate", c.RATE, Kind.RATE, 16),
        Column("Successful charges", c.SUCCESSFUL_CHARGES, Kind.COUNT, 21),
        Column("Against the limits", c.PROGRAMME, Kind.TEXT, 10),
    ),
    rows=_months,
    empty="No dispute was opened in these months.",
)
SHEET = Sheet(
    order=90,
    name="Disputes",
    columns=(
        Column("Dispute", c.DISPUTE_ID, Kind.TEXT, 31),
        Column("Status", c.STATUS, Kind.WORDS, 12),
        Column("Age, days", c.AGE_DAYS, Kind.COUNT, 8),
        Column("Answered", _ANSWERED, Kind.TEXT, 16),
        Column("Answer by", c.DUE_BY, Kind.MOMENT, 21),
        Column("Days left", DAYS_LEFT, Kind.COUNT, 10),
        Column("Reason", c.REASON_CODE, Kind.WORDS, 30),
        Column("Order", c.ORDER_ID, Kind.TEXT, 17),
        Column("Order status", c.ORDER_STATUS, Kind.WORDS, 17),
        Column("Method", c.METHOD, Kind.TEXT, 18),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Amount", c.AMOUNT, Kind.MONEY, 16, c.CURRENCY),
        Column("Opened", c.CREATED_AT, Kind.MOMENT, 21),
        Column("Closed", c.CLOSED_AT, Kind.MOMENT, 21),
        Column("Break", BREAK_CODES, Kind.BREAKS, 20),
        Column("Charge", c.CHARGE_ID, Kind.TEXT, 31),
        Column("Settled in", c.FUNDING_CURRENCY, Kind.TEXT, 11),
        Column("Amount taken back", c.FUNDING_AMOUNT, Kind.MONEY, 16, c.FUNDING_CURRENCY),
    ),
    rows=_rows,
    empty="No disputes.",
    printed=15,
    totals=Totals((c.AMOUNT, c.FUNDING_AMOUNT), (c.STATUS,)),
    below=(_RATES,),
    grouping=Grouping.EACH,
)
