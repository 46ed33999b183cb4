"""The Journal sheet: the days as balanced double entries, whatever was exported, and what they come to by account."""

from __future__ import annotations

from recon import columns as c
from recon.columnar import pd
from recon.journal.words import EntryKind, LedgerAccount
from reports.report import Report
from reports.sheet import Block, Column, Grouping, Kind, Sheet, in_shape

_ALL = "All accounts"
_ORDER = [account.value for account in LedgerAccount]
_KIND = "kind_label"  # this sheet's own column: what an entry books, for people


def _rows(report: Report) -> pd.DataFrame:
    """Every line with its account's name and, where one is configured, its code in the books."""
    lines = in_shape(report.result.journal, c.JOURNAL)
    codes = report.basis.book_codes.get(report.name, {})
    words = lines[c.LEDGER_ACCOUNT]
    labels = {account.value: account.label for account in LedgerAccount}
    named = {
        c.ACCOUNT_NAME: pd.Series([labels[word] for word in words], index=lines.index, dtype=c.TEXT),
        c.ACCOUNT_CODE: pd.Series([codes.get(word) for word in words], index=lines.index, dtype=c.TEXT),
        _KIND: pd.Series([EntryKind(kind).label for kind in lines[c.ENTRY_KIND]], index=lines.index, dtype=c.TEXT),
    }
    return lines.assign(**named)


def _by_account(report: Report) -> pd.DataFrame:
    """What the lines come to on each account of the books, and on all of them, by currency (BOOK_BALANCES)."""
    sums: dict[tuple[str, int, str, str | None], list[int]] = {}
    names = [c.LEDGER_ACCOUNT, c.ACCOUNT_NAME, c.ACCOUNT_CODE, c.CURRENCY, c.DEBIT, c.CREDIT]
    for word, name, code, currency, debit, credit in c.plain_rows(_rows(report), names):
        for key in ((currency, _ORDER.index(word), name, code), (currency, len(_ORDER), _ALL, None)):
            sides = sums.setdefault(key, [0, 0])
            sides[0] += debit or 0
            sides[1] += credit or 0
    return c.BOOK_BALANCES.from_rows(
        (name, currency, debit, credit, debit - credit, code)
        for (currency, _, name, code), (debit, credit) in sorted(sums.items(), key=lambda item: item[0][:2])
    )


SHEET = Sheet(
    order=45,
    name="Journal",
    columns=(
        Column("Entry", c.ENTRY, Kind.TEXT, 27),
        Column("Day", c.DAY, Kind.TEXT, 12),
        Column("Kind", _KIND, Kind.TEXT, 26),
        Column("Account of the books", c.ACCOUNT_NAME, Kind.TEXT, 22),
        Column("Code", c.ACCOUNT_CODE, Kind.TEXT, 16),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Debit", c.DEBIT, Kind.MONEY, 17, c.CURRENCY),
        Column("Credit", c.CREDIT, Kind.MONEY, 17, c.CURRENCY),
        Column("Items", c.ROWS, Kind.COUNT, 8),
        Column("What", c.NOTE, Kind.TEXT, 34),
        Column("[journal.accounts]", c.LEDGER_ACCOUNT, Kind.TEXT, 18),
        Column("Kind in exports", c.ENTRY_KIND, Kind.TEXT, 19),
    ),
    rows=_rows,
    empty="Nothing was booked in these days.",
    printed=10,
    grouping=Grouping.EACH,
    below=(
        Block(
            "What the entries come to on each account of the books",
            (
                Column("Account of the books", c.ACCOUNT_NAME, Kind.TEXT, 27),
                Column("Currency", c.CURRENCY, Kind.TEXT, 12),
                Column("Debit", c.DEBIT, Kind.MONEY, 19, c.CURRENCY),
                Column("Credit", c.CREDIT, Kind.MONEY, 22, c.CURRENCY),
                Column("Balance", c.AMOUNT, Kind.MONEY, 16, c.CURRENCY),
                Column("Code", c.ACCOUNT_CODE, Kind.TEXT, 10),
            ),
            _by_account,
            "Nothing.",
        ),
    ),
)
