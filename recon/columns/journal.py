"""The frame of the journal, declared once beside `recon.columns`."""

from recon.columns import core as c
from recon.columns import ledger
from recon.columns.core import Column, Frame

ENTRY = "entry"  # the number of an entry, without that of its export
ENTRY_KIND = "entry_kind"  # an EntryKind
LEDGER_ACCOUNT = "ledger_account"  # a LedgerAccount of the merchant's books
LINE_NUMBER = "line_number"  # of a line in its entry, from 1
DEBIT = "debit"
CREDIT = "credit"
NOTE = "note"  # what sets a line apart from the others of its account in an entry
ACCOUNT_NAME = "account_name"
ACCOUNT_CODE = "account_code"

# One line of a double entry: either a debit or a credit, minor units, not negative. `rows` is how many objects it
# stands for. Entries in order of day and kind; the lines of each add up to nothing.
JOURNAL = Frame(
    "journal",
    (
        *c.required(c.TEXT, c.ACCOUNT, ENTRY, ledger.DAY, ENTRY_KIND),
        Column(LINE_NUMBER, c.COUNT),
        *c.required(c.TEXT, LEDGER_ACCOUNT, c.CURRENCY),
        *c.optional(c.OPTIONAL_MINOR, DEBIT, CREDIT),
        Column(ledger.ROWS, c.COUNT),
        Column(NOTE, c.TEXT, required=False),
    ),
)
# What the lines come to on an account of the books; `amount` is debits less credits.
BOOK_BALANCES = Frame(
    "book balances",
    (
        *c.required(c.TEXT, ACCOUNT_NAME, c.CURRENCY),
        *c.required(c.MINOR, DEBIT, CREDIT, c.AMOUNT),
        Column(ACCOUNT_CODE, c.TEXT, required=False),
    ),
)
