"""A small journal with hostile texts, laid out for every kind of books; `make golden` writes the files."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO

from openpyxl import load_workbook

from recon.journal.exporting import BookCodes, entries_of, to_export
from recon.journal.posting import Posting, entries, moved
from recon.journal.words import EntryKind, LedgerAccount
from recon.model import Account, JournalEntry
from recon.money import Currencies
from reports.journal.files import Files, files
from reports.journal.layouts import layouts
from reports.journal.rows import Assertion
from tests.kit.places import GOLDEN
from tests.kit.report_example import JP, TH

FOLDER = GOLDEN / "journal"
DAY = date(2026, 1, 31)
# Omise's own words are theirs: a formula, quotes, what no old encoding has, full-width letters, a line break.
HOSTILE = ('=HYPERLINK("http://x","y")', 'a "quoted", \\word', "🍣 寿司 ＡＢＣ", "two\nlines")
_JAPANESE = {"clearing": "オミセ未収入金", "fees": "支払手数料", "orders_clearing": "売掛金", "suspense": "仮勘定"}
_ACCOUNTS = {account.value: account.value for account in LedgerAccount}
_ROOTS = {"fees": "Expenses", "write_off": "Expenses", "transfer_fees": "Expenses", "refunds": "Income"}
_BEANCOUNT = {word: f"{_ROOTS.get(word, 'Assets')}:Omise:{word.title().replace('_', '')}" for word in _ACCOUNTS}


def account_of(name: str) -> Account:
    """Whose journal a layout shows: a yen one where the books are Japanese."""
    return JP if layouts()[name].currencies == ("JPY",) else TH


def codes_of(name: str) -> BookCodes:
    """The codes of the books that a layout is for."""
    accounts = {"beancount": _BEANCOUNT, "yayoi": _JAPANESE, "moneyforward": _JAPANESE}.get(name)
    own = accounts or {word: str(1100 + 10 * place) for place, word in enumerate(_ACCOUNTS)}
    return BookCodes({**_ACCOUNTS, **own}, dict.fromkeys(_ACCOUNTS, "Tax Exempt") if not accounts else {})


def example(account: Account, codes: BookCodes, days: int = 2) -> list[JournalEntry]:
    """Some days' sales, fees and payouts, one entry with four hostile lines, and one taken back for another."""
    currency = account.currency
    lines: list[Posting] = []
    for number in range(days):
        day = (DAY + timedelta(days=number)).isoformat()
        clearing = LedgerAccount.CLEARING
        orders = LedgerAccount.ORDERS_CLEARING
        lines += moved(day, EntryKind.SALES, currency, 1_234_500, debit=clearing, credit=orders, rows=12)
        lines += moved(day, EntryKind.FEES, currency, 45_059, debit=LedgerAccount.FEES, credit=clearing, rows=12)
        lines += [
            Posting(day, EntryKind.PAYOUTS, currency, LedgerAccount.CASH_IN_TRANSIT, 997_000, 1),
            Posting(day, EntryKind.PAYOUTS, currency, LedgerAccount.TRANSFER_FEES, 2_804, 1),
            Posting(day, EntryKind.PAYOUTS, currency, LedgerAccount.FEE_VAT_PENDING, 196, 1),
            Posting(day, EntryKind.PAYOUTS, currency, LedgerAccount.CLEARING, -1_000_000, 1),
        ]
    for amount, note in enumerate(HOSTILE, start=1):
        lines.append(Posting(DAY.isoformat(), EntryKind.OTHER, currency, LedgerAccount.SUSPENSE, amount, 1, note))
    lines.append(Posting(DAY.isoformat(), EntryKind.OTHER, currency, LedgerAccount.CLEARING, -10, 4))
    drafts = [codes.on(entry) for entry in entries_of(entries(account, lines), account, "day")]
    before = to_export([replace(drafts[0], digest="of before")], [])
    return to_export(drafts, before)


def laid_out(name: str, entries: Sequence[JournalEntry] | None = None) -> Files:
    """The example, or some entries, as files of a layout."""
    account = account_of(name)
    codes = codes_of(name)
    shown = example(account, codes) if entries is None else entries
    return files(layouts()[name], Currencies(), shown, assertions(account, codes))


def assertions(account: Account, codes: BookCodes) -> list[Assertion]:
    """What the clearing account comes to before and after the example."""
    clearing = codes.accounts["clearing"]
    moved_in_all = 2 * (1_234_500 - 45_059 - 1_000_000) - 10 - 1_234_500
    return [
        Assertion(DAY, clearing, 5_000_000, account.currency),
        Assertion(DAY + timedelta(days=2), clearing, 5_000_000 + moved_in_all, account.currency),
    ]


def shown(name: str) -> dict[str, bytes]:
    """File name -> content of a layout's example; a workbook as text, cell by cell."""
    suffix = layouts()[name].suffix
    contents = laid_out(name).contents
    if suffix == ".xlsx":
        return {f"{name}.txt": _cells(content) for content in contents}
    return {f"{name}{suffix}": content for content in contents}


def _cells(content: bytes) -> bytes:
    sheet = load_workbook(BytesIO(content)).worksheets[0]
    rows = ["\t".join(f"{cell.value!r} {cell.data_type} {cell.number_format}" for cell in row) for row in sheet.rows]
    return "\n".join([f"freeze {sheet.freeze_panes}, filter {sheet.auto_filter.ref}", *rows, ""]).encode()


def write() -> None:
    """Every layout's example into the folder of golden files."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    for name in layouts():
        for file, content in shown(name).items():
            (FOLDER / file).write_bytes(content)
