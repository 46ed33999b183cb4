"""The frames of ledger, fees, settlement and bank, declared once beside `recon.columns`."""

from recon.columns import core as c
from recon.columns.core import Column, Frame

# What stands only in these frames.
READ_AT = "read_at"  # when a balance was read
TRANSFERABLE = "transferable"
RESERVE = "reserve"
ON_HOLD = "on_hold"
SINCE_FIRST = "since_first"  # credits less debits stored after the account's first reading, up to this one
BEFORE = "before"  # what the first reading held beyond the stored transactions: the days before they begin
KIND = "kind"  # what a transaction comes from: charge, refund, dispute, transfer, receipt, unknown
AVAILABLE_AT = "available_at"  # from when a credit can be paid out
GROSS = "gross"
EXPLAINED = "explained"
UNEXPLAINED = "unexplained"
OTHER = "other"  # the explained part that came from no charge
OPENING = "opening"
CREDITS = "credits"
DEBITS = "debits"
CLOSING = "closing"
DAY = "day"  # a business date of the account
MONTH = "month"  # YYYY-MM
ROWS = "rows"  # how many
EXPECTED_FEE = "expected_fee"
EXPECTED_VAT = "expected_vat"
MATCH = "match"  # how a transfer and a bank line found each other, or that they did not
PAID_ON = "paid_on"
BASE = "base"  # what stands on receipts before VAT
BASE_DIFFERENCE = "base_difference"
VAT_DIFFERENCE = "vat_difference"
ARRIVES_ON = "arrives_on"  # the business day on which money should be at the bank
LINE = "line"  # what a movement of the balance was: a BalanceLine

PROOF = "proof"
ITEM_AMOUNT = "item_amount"
ITEM = "item"  # why a proof's sides differ, in plain words
ROW_IDS = "row_ids"  # what an item stands for: one id a line where they are few, else how many

# The words of MATCH.
BY_ID = "by id"
SAME_DAY = "net and day"
SAME_NET = "net"
WITHIN_FEE = "net less bank fee"
AMBIGUOUS = "ambiguous"
PART = "in part"  # one of several credits that name one transfer; the last one's word says how they come out together
OTHER_AMOUNT = "other amount"
NO_CREDIT = "no credit"
NOT_READ = "not read"  # paid, without a credit, which may stand in what could not be read of the bank
NO_TRANSFER = "no transfer"

# How a day stands to Omise's receipts of it.
AGREES = "agrees"
DIFFERS = "differs"
NO_RECEIPT = "no receipt"
NOT_CLOSED = "the day has not closed"
WAITS = "waits: not all of the day was read"

# What the store loads: receipts, and every reading of a balance.
RECEIPTS = Frame(
    "receipts",
    (*c.required(c.TEXT, c.ACCOUNT), *c.RECEIPT.columns, *c.required(c.MOMENT, c.SEEN_AT, c.FIRST_SEEN_AT)),
)
READINGS = Frame(
    "readings",
    (
        *c.required(c.TEXT, c.ACCOUNT),
        *c.required(c.MOMENT, READ_AT),
        *c.required(c.TEXT, c.CURRENCY),
        *c.required(c.MINOR, c.TOTAL, TRANSFERABLE, RESERVE),
        *c.optional(c.OPTIONAL_MINOR, ON_HOLD),
        *c.required(c.MINOR, SINCE_FIRST, BEFORE),
    ),
)

# One transfer that left the balance. explained + unexplained = amount, and gross - fee - VAT - interest + other =
# explained, always. `rows` is how many transactions the explained part lists.
PAYOUTS = Frame(
    "payouts",
    (
        *c.required(c.TEXT, c.ACCOUNT, c.TRANSFER_ID, c.CURRENCY),
        *c.required(c.MINOR, c.AMOUNT, EXPLAINED, UNEXPLAINED),
        Column(ROWS, c.COUNT),
        *c.required(c.MINOR, GROSS, c.FEE, c.FEE_VAT, c.INTEREST, OTHER, c.TOTAL_FEE, c.NET),
        *c.required(c.MOMENT, c.CREATED_AT),
        *c.optional(c.MOMENT, c.SENT_AT, c.PAID_AT),
    ),
)
# What a transfer paid out, transaction by transaction. A credit that refunds took a part of stands with the rest.
PARTS = Frame(
    "parts",
    (
        *c.required(c.TEXT, c.ACCOUNT, c.TRANSFER_ID, c.TRANSACTION_ID, KIND),
        *c.optional(c.TEXT, c.ORIGIN, c.CHARGE_ID),
        *c.required(c.TEXT, c.CURRENCY),
        *c.required(c.MINOR, c.AMOUNT, GROSS, c.FEE, c.FEE_VAT, c.INTEREST),
        *c.required(c.MOMENT, AVAILABLE_AT),
    ),
)
# Both together, as the sheet shows them: a transfer's own line, then those of its parts.
SETTLEMENT_LINES = Frame(
    "settlement lines",
    (
        *c.required(c.TEXT, c.ACCOUNT, c.TRANSFER_ID, KIND),
        *c.optional(c.TEXT, c.CHARGE_ID),
        *c.required(c.TEXT, c.CURRENCY),
        *c.required(c.MINOR, c.AMOUNT),
        *c.optional(c.OPTIONAL_MINOR, EXPLAINED, UNEXPLAINED),
        *c.required(c.MINOR, GROSS, c.FEE, c.FEE_VAT, c.INTEREST),
        *c.optional(c.OPTIONAL_MINOR, OTHER, c.TOTAL_FEE, c.NET),
        *c.optional(c.MOMENT, c.SENT_AT, c.PAID_AT, AVAILABLE_AT),
        *c.optional(c.TEXT, c.TRANSACTION_ID, c.ORIGIN),
    ),
)
# Credits that nothing has consumed yet, with what is left of them.
UNPAID = Frame(
    "unpaid",
    (
        *c.required(c.TEXT, c.ACCOUNT, c.TRANSACTION_ID, KIND),
        *c.optional(c.TEXT, c.CHARGE_ID),
        *c.required(c.TEXT, c.CURRENCY),
        *c.required(c.MINOR, c.AMOUNT),
        *c.required(c.MOMENT, AVAILABLE_AT),
    ),
)
# The same by the day from which it can be paid out.
UNPAID_DAYS = Frame(
    "unpaid days",
    (*c.required(c.TEXT, c.ACCOUNT, DAY, KIND, c.CURRENCY), Column(ROWS, c.COUNT), *c.required(c.MINOR, c.AMOUNT)),
)
# opening + credits - debits = closing, per day; the last reading of the balance beside the day it was taken on.
BALANCE_DAYS = Frame(
    "balance days",
    (
        *c.required(c.TEXT, c.ACCOUNT, DAY, c.CURRENCY),
        *c.required(c.MINOR, OPENING, CREDITS, DEBITS, CLOSING),
        *c.optional(c.OPTIONAL_MINOR, c.TOTAL, c.DIFFERENCE, TRANSFERABLE, ON_HOLD, RESERVE),
    ),
)
# Why the sides of the proofs differ: per item its own line, then one a row where they are few; `item_amount` adds up
# to the difference, `amount` of an item's rows to its own.
PROOF_LINES = Frame(
    "proof lines",
    (
        *c.required(c.TEXT, PROOF, c.CURRENCY, ITEM),
        *c.optional(c.OPTIONAL_MINOR, ROWS, ITEM_AMOUNT),
        *c.required(c.TEXT, ROW_IDS),
        *c.optional(c.OPTIONAL_MINOR, c.AMOUNT),
    ),
)
# What moved the balance in the days, by what it comes from and Omise's own key: a kind never seen is `unknown`.
MOVES = Frame(
    "moves",
    (
        *c.required(c.TEXT, c.ACCOUNT, KIND, c.KEY, c.DIRECTION, c.CURRENCY),
        Column(ROWS, c.COUNT),
        *c.required(c.MINOR, c.AMOUNT),
    ),
)
# The same by day and by what it was (a BalanceLine): a charge's net is taken apart into sale, fees and VAT. A
# debit is negative; `key` is Omise's own, where the line is `other`.
MOVEMENTS = Frame(
    "movements",
    (
        *c.required(c.TEXT, c.ACCOUNT, DAY, LINE),
        *c.optional(c.TEXT, c.KEY),
        *c.required(c.TEXT, c.CURRENCY),
        Column(ROWS, c.COUNT),
        *c.required(c.MINOR, c.AMOUNT),
    ),
)
# Where the money went, in the order of BalanceLine: opening + movements = closing, which with what was booked
# until the reading comes to the reading, but for the difference. Rows are null where a line counts nothing; only a
# reading has a day.
WATERFALL = Frame(
    "waterfall",
    (
        *c.required(c.TEXT, c.ACCOUNT, c.CURRENCY, LINE),
        *c.optional(c.OPTIONAL_MINOR, ROWS),
        *c.required(c.MINOR, c.AMOUNT),
        *c.optional(c.TEXT, DAY),
    ),
)
# From the payouts of the days to the bank, in the order of PayoutLine: rows are transfers.
PAYOUT_LINES = Frame(
    "payout lines",
    (*c.required(c.TEXT, c.ACCOUNT, c.CURRENCY, LINE), Column(ROWS, c.COUNT), *c.required(c.MINOR, c.AMOUNT)),
)
# What a balance is made of on the as-of day, by the day from which it can be paid out (null: none is known), and
# the business day on which it should be at the bank; what is on its way there is no longer held. `line` is a
# HeldLine; credits less what debits took beyond them come to the balance.
HELD = Frame(
    "held",
    (
        *c.required(c.TEXT, c.ACCOUNT, LINE, c.CURRENCY),
        *c.optional(c.TEXT, DAY, ARRIVES_ON),
        Column(ROWS, c.COUNT),
        *c.required(c.MINOR, c.AMOUNT),
    ),
)
# Fees and VAT by month, kind and method: of charges, of transfers, and what Omise's receipts say of the month.
FEE_LINES = Frame(
    "fee lines",
    (
        *c.required(c.TEXT, c.ACCOUNT, MONTH, KIND),
        *c.optional(c.TEXT, c.METHOD, c.CARD_BRAND),
        *c.required(c.TEXT, c.CURRENCY),
        Column(ROWS, c.COUNT),
        *c.required(c.MINOR, GROSS, c.FEE, c.FEE_VAT, c.INTEREST, c.INTEREST_VAT, c.NET),
        *c.optional(c.OPTIONAL_MINOR, EXPECTED_FEE, EXPECTED_VAT, c.WHT),
    ),
)
# Per month: fees, interest and their VAT as charged; what the receipts have before VAT, as VAT, and as withheld tax.
VAT_MONTHS = Frame(
    "VAT by month",
    (
        *c.required(c.TEXT, c.ACCOUNT, MONTH, c.CURRENCY),
        *c.required(c.MINOR, c.FEE, c.INTEREST, c.FEE_VAT, c.INTEREST_VAT, BASE, c.VAT, c.WHT),
    ),
)
# One day and currency of Omise's receipts: how many, what they say, and what charges and transfers have of it.
# Differences are the receipts' less the ledger's; fees include interest, and VAT is after its rounding was settled.
# What receipts say is null on a day that has none.
RECEIPT_DAYS = Frame(
    "receipt days",
    (
        *c.required(c.TEXT, c.ACCOUNT, DAY, c.CURRENCY),
        Column(ROWS, c.COUNT),
        *c.optional(c.OPTIONAL_MINOR, BASE),
        *c.required(c.MINOR, c.FEE),
        *c.optional(c.OPTIONAL_MINOR, BASE_DIFFERENCE, c.VAT),
        *c.required(c.MINOR, c.FEE_VAT),
        *c.optional(c.OPTIONAL_MINOR, VAT_DIFFERENCE, c.WHT),
        *c.required(c.TEXT, MATCH),
    ),
)
# Each receipt by itself, and each day without one; the first of a day has the ledger's side and the differences.
RECEIPT_LINES = Frame(
    "receipt lines",
    (
        *c.required(c.TEXT, c.ACCOUNT, DAY, c.CURRENCY),
        *c.optional(c.TEXT, c.RECEIPT_ID, c.RECEIPT_NUMBER),
        *c.optional(c.OPTIONAL_MINOR, BASE, c.FEE, BASE_DIFFERENCE, c.VAT, c.FEE_VAT, VAT_DIFFERENCE, c.WHT),
        *c.required(c.TEXT, MATCH),
    ),
)
# Transfers and bank credits, those that have no other side included.
BANKED = Frame(
    "banked",
    (
        *c.required(c.TEXT, c.ACCOUNT, MATCH, c.CURRENCY),
        *c.optional(c.TEXT, c.TRANSFER_ID, c.LINE_ID),
        *c.optional(c.OPTIONAL_MINOR, c.NET, c.AMOUNT, c.DIFFERENCE),
        *c.optional(c.TEXT, PAID_ON, c.BOOKED_ON),
        *c.optional(c.TEXT, c.DESCRIPTION, c.REFERENCE),
    ),
)
