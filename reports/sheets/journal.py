"""The Journal sheet: the days as balanced double entries, whatever was exported, and what they come to by account."""

import pandas as pd

from recon import columns as c
from recon.journal.words import LedgerAccount
from reports.report import Report
from reports.sheet import Block, Column, Grouping, Kind, Sheet, in_shape

_ALL = "All accounts"
_SIDES = [c.DEBIT, c.CREDIT]
_BALANCE = c.AMOUNT  # debits less credits


def _rows(report: Report) -> pd.DataFrame:
    """Every line with its account's name and, where one is configured, its code in the books."""
    lines = in_shape(report.result.journal, c.JOURNAL)
    codes = report.basis.book_codes.get(report.name, {})
    words = lines[c.LEDGER_ACCOUNT]
    labels = {account.value: account.label for account in LedgerAccount}
    named = {
        c.ACCOUNT_NAME: words.map(labels).astype(c.TEXT),
        c.ACCOUNT_CODE: pd.Series([codes.get(word) for word in words], index=lines.index, dtype=c.TEXT),
    }
    return lines.assign(**named)


def _by_account(report: Report) -> pd.DataFrame:
    """What the lines come to on each account of the books, and on all of them, by currency."""
    lines = _rows(report)
    lines = lines.assign(**{name: lines[name].fillna(0).astype(c.MINOR) for name in _SIDES})
    order = [account.value for account in LedgerAccount]
    parts = [lines, lines.assign(**{c.ACCOUNT_NAME: _ALL, c.LEDGER_ACCOUNT: "", c.ACCOUNT_CODE: None})]
    whole = pd.concat(parts, ignore_index=True) if len(lines) else lines
    place = whole[c.LEDGER_ACCOUNT].map({word: at for at, word in enumerate(order)}).fillna(len(order))
    keys = [c.CURRENCY, "place", c.ACCOUNT_NAME, c.ACCOUNT_CODE]
    codes = whole[c.ACCOUNT_CODE].fillna("").astype(c.TEXT)
    sums = whole.assign(**{c.ACCOUNT_CODE: codes, "place": place}).groupby(keys)[_SIDES].sum().reset_index()
    return sums.assign(**{_BALANCE: sums[c.DEBIT] - sums[c.CREDIT]})


SHEET = Sheet(
    order=45,
    name="Journal",
    columns=(
        Column("Entry", c.ENTRY, Kind.TEXT, 27),
        Column("Day", c.DAY, Kind.TEXT, 12),
        Column("Kind", c.ENTRY_KIND, Kind.TEXT, 19),
        Column("Account", c.ACCOUNT_NAME, Kind.TEXT, 22),
        Column("Code", c.ACCOUNT_CODE, Kind.TEXT, 16),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Debit", c.DEBIT, Kind.MONEY, 17, c.CURRENCY),
        Column("Credit", c.CREDIT, Kind.MONEY, 17, c.CURRENCY),
        Column("Items", c.ROWS, Kind.COUNT, 8),
        Column("What", c.NOTE, Kind.TEXT, 28),
        Column("[journal.accounts]", c.LEDGER_ACCOUNT, Kind.TEXT, 18),
    ),
    rows=_rows,
    empty="Nothing was booked in these days.",
    printed=10,
    grouping=Grouping.EACH,
    below=(
        Block(
            "What the entries come to on each account of the books",
            (
                Column("Account", c.ACCOUNT_NAME, Kind.TEXT, 27),
                Column("Currency", c.CURRENCY, Kind.TEXT, 12),
                Column("Debit", c.DEBIT, Kind.MONEY, 19, c.CURRENCY),
                Column("Credit", c.CREDIT, Kind.MONEY, 22, c.CURRENCY),
                Column("Balance", _BALANCE, Kind.MONEY, 16, c.CURRENCY),
                Column("Code", c.ACCOUNT_CODE, Kind.TEXT, 10),
            ),
            _by_account,
            "Nothing.",
        ),
    ),
)
