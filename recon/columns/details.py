"""The frames of refunds, disputes, failures, changes and earlier runs, declared once beside `recon.columns`."""

from recon.columns import core as c
from recon.columns.core import Column, Frame

# What stands only in these frames.
SHOP_REFUNDED = "shop_refunded"
OMISE_REFUNDED = "omise_refunded"
REFUND_NOTE = "refund_note"  # what a refund, or a difference, is that is no break
WINDOW_END = "window_end"  # until when the charge can be refunded, by the rule book
ATTEMPTS = "attempts"  # charges of the same method and currency
ROWS = "rows"  # how many
RATE = "rate"  # ten-thousandths
OPENED_DISPUTES = "opened_disputes"
SUCCESSFUL_CHARGES = "successful_charges"
PROGRAMME = "programme"  # how a month stands against Omise's limits on disputes, in a word
PAID_OTHERWISE = "paid_otherwise"  # of them, whose order another charge pays
WHAT = "what"  # new, closed or changed
SEVERITY_BEFORE = "severity_before"
STATUS_BEFORE = "status_before"
EXPECTED_BEFORE = "expected_before"
ACTUAL_BEFORE = "actual_before"
RISK_BEFORE = "risk_before"
RISK_CHANGE = "risk_change"
WHY_CLOSED = "why_closed"  # by itself: in the run's words
FIGURE = "figure"
COUNT_BEFORE = "count_before"
COUNT_NOW = "count_now"
AMOUNT_BEFORE = "amount_before"
AMOUNT_NOW = "amount_now"
FIRST_DAY = "first_day"
LAST_DAY = "last_day"
MATCHED_ORDERS = "matched_orders"
RATE_KNOWN = "rate_known"  # false: too many order rows could not be read
EXPECTING_ORDERS = "expecting_orders"
BREAKS_OPEN = "breaks_open"

NUMBER = "number"  # of a decision in its account's register, from 1
RULING_ID = "ruling_id"  # rul_7
DECIDED_ON = "decided_on"  # ISO date in the account's zone
DECISION = "decision"  # what was decided, a RulingKind in words
DECIDED_BY = "decided_by"
DECIDED_WHY = "decided_why"
APPROVED_BY = "approved_by"
HELD_UNTIL = "held_until"  # ISO date
STANDING = "standing"  # whether it still holds, in words
REVERSED_BY = "reversed_by"  # who or what ended it, when and why
JOURNAL_ENTRY = "journal_entry"  # the entry of the journal that books it
BOOKED_AGAINST = "booked_against"  # the account of the books that a write-off clears
WRITTEN_OFF = "written_off"  # what that entry debits the write-offs for it, a gain negative

NEW = "new"
CLOSED = "closed"
CHANGED = "changed"

# A refund of the range or one that is pending; and orders that the shop refunds and Omise knows no refund of. What
# both sides refunded of an order stands on the first row of a charge that pays it, so that a column adds up.
REFUND_LIST = Frame(
    "refund list",
    (
        *c.optional(c.TEXT, c.REFUND_ID, c.ORDER_ID, c.CHARGE_ID, c.METHOD),
        *c.required(c.TEXT, c.STATUS),
        *c.optional(c.TEXT, c.ORDER_STATUS),
        *c.optional(c.OPTIONAL_MINOR, c.AMOUNT),
        *c.required(c.TEXT, c.CURRENCY),
        *c.optional(c.OPTIONAL_MINOR, SHOP_REFUNDED, OMISE_REFUNDED, c.DIFFERENCE),
        *c.optional(c.TEXT, REFUND_NOTE),
        *c.required(c.MOMENT, c.CREATED_AT),
        *c.optional(c.MOMENT, WINDOW_END),
    ),
)
# A dispute of the range or one that is undecided. Its age in days ends with the day it was closed; due while it waits
# for an answer.
DISPUTE_LIST = Frame(
    "dispute list",
    (
        *c.required(c.TEXT, c.DISPUTE_ID, c.CHARGE_ID, c.STATUS),
        *c.optional(c.TEXT, c.REASON_CODE, c.ORDER_ID, c.ORDER_STATUS, c.METHOD),
        *c.required(c.MINOR, c.AMOUNT),
        *c.required(c.TEXT, c.CURRENCY),
        *c.required(c.MINOR, c.FUNDING_AMOUNT),
        *c.required(c.TEXT, c.FUNDING_CURRENCY),
        *c.required(c.MOMENT, c.CREATED_AT),
        *c.optional(c.MOMENT, c.CLOSED_AT),
        Column(c.AGE_DAYS, c.COUNT),
        *c.optional(c.TEXT, c.ANSWER),
        *c.optional(c.MOMENT, c.DUE_BY),
    ),
)
# Disputes opened in a calendar month up to the range's last day in it, and their rate of its successful charges.
DISPUTE_RATES = Frame(
    "dispute rates",
    (
        *c.required(c.TEXT, LAST_DAY),
        *c.required(c.COUNT, OPENED_DISPUTES, SUCCESSFUL_CHARGES),
        *c.optional(c.OPTIONAL_MINOR, RATE),
        *c.required(c.TEXT, PROGRAMME),
    ),
)
# The range's charges that took no money, by method, state and reason.
FAILURES = Frame(
    "failures",
    (
        *c.optional(c.TEXT, c.METHOD),
        *c.required(c.TEXT, c.STATUS),
        *c.optional(c.TEXT, c.FAILURE_CODE),
        *c.required(c.TEXT, c.CURRENCY),
        *c.required(c.COUNT, ROWS, ATTEMPTS, RATE, PAID_OTHERWISE),
        *c.required(c.MINOR, c.AMOUNT),
    ),
)
# One break that an earlier run of the range left open or this one did, where the two differ.
CHANGES = Frame(
    "changes",
    (
        *c.required(c.TEXT, WHAT, c.BREAK_ID, c.CODE, c.SEVERITY, c.STATUS),
        *c.optional(c.TEXT, SEVERITY_BEFORE, STATUS_BEFORE, c.ACCOUNT, c.ORDER_ID, c.CHARGE_ID),
        *c.required(c.TEXT, c.SUBJECT_TYPE, c.SUBJECT_ID),
        *c.optional(c.TEXT, c.CURRENCY),
        *c.optional(c.OPTIONAL_MINOR, EXPECTED_BEFORE, c.EXPECTED, ACTUAL_BEFORE, c.ACTUAL),
        *c.optional(c.OPTIONAL_MINOR, RISK_BEFORE, c.AMOUNT_AT_RISK, RISK_CHANGE),
        *c.required(c.TEXT, c.EXPLANATION),
        *c.optional(c.TEXT, WHY_CLOSED),
    ),
)
# What a run left open, as the store keeps it of every run.
RUN_BREAKS = Frame(
    "run breaks",
    (
        *c.required(c.TEXT, c.BREAK_ID, c.SEVERITY, c.STATUS),
        *c.optional(c.OPTIONAL_MINOR, c.EXPECTED, c.ACTUAL, c.AMOUNT_AT_RISK),
    ),
)
# A figure of the range that is not what it was: a count, or an amount of a currency.
FIGURES = Frame(
    "figures",
    (
        *c.required(c.TEXT, FIGURE),
        *c.optional(c.TEXT, c.CURRENCY),
        *c.optional(c.OPTIONAL_MINOR, COUNT_BEFORE, COUNT_NOW, AMOUNT_BEFORE, AMOUNT_NOW, c.DIFFERENCE),
    ),
)
# Earlier ranges of the same length, each by its last run.
PAST = Frame(
    "past",
    (
        *c.required(c.TEXT, FIRST_DAY, LAST_DAY),
        *c.required(c.COUNT, MATCHED_ORDERS, EXPECTING_ORDERS, BREAKS_OPEN),
        *c.required(c.FLAG, RATE_KNOWN),
    ),
)
# One decision that people took, as it stood at the as-of moment; none ever leaves the register of its account. The
# amount is what was given up or linked, else what the break put at risk; the age is the break's on that day.
REGISTER = Frame(
    "register",
    (
        Column(NUMBER, c.COUNT),
        *c.required(c.TEXT, RULING_ID, DECIDED_ON, DECISION),
        *c.optional(c.TEXT, c.ACCOUNT, c.CODE, c.TITLE, c.BREAK_ID, c.SUBJECT_TYPE, c.SUBJECT_ID),
        *c.optional(c.OPTIONAL_MINOR, c.AGE_DAYS),
        *c.optional(c.TEXT, c.CURRENCY),
        *c.optional(c.OPTIONAL_MINOR, c.AMOUNT),
        *c.required(c.TEXT, DECIDED_WHY, DECIDED_BY),
        *c.optional(c.TEXT, APPROVED_BY, HELD_UNTIL),
        *c.required(c.TEXT, STANDING),
        *c.optional(c.TEXT, REVERSED_BY, JOURNAL_ENTRY, BOOKED_AGAINST),
        *c.optional(c.OPTIONAL_MINOR, WRITTEN_OFF),
    ),
)
