"""Every frame's columns and dtypes, declared once. Nobody else spells a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property
from typing import Any

from recon.columnar import np, pa, pd

TEXT = "str"  # null is NaN
COUNT = "int64"
MINOR = "int64"  # money: minor units of the currency column beside it
OPTIONAL_MINOR = "Int64"
FLAG = "bool"
MOMENT = "datetime64[us, UTC]"  # null is NaT
MICROSECOND = timedelta(microseconds=1)
_NO_MOMENT = -(2**63)  # NaT as microseconds


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its pandas dtype, and whether a cell may be empty."""

    name: str
    dtype: str
    required: bool = True


@dataclass(frozen=True)
class Frame:
    """The shape of one kind of frame."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    def empty(self) -> pd.DataFrame:
        """No rows, all columns, all dtypes: an empty frame merges and sums like a full one."""
        return self._nothing.copy()

    @cached_property
    def _nothing(self) -> pd.DataFrame:
        return self.build({})

    def build(self, data: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
        """A frame from lists by column name; moments as aware datetimes or int microseconds since the epoch."""
        nothing = (None,) * max(map(len, data.values()), default=0)
        return self.named({c.name: _array_of(data.get(c.name, nothing), c.dtype) for c in self.columns}, copy=True)

    def from_rows(self, rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
        """A frame from tuples in column order; without the last columns nothing is in them."""
        lists = list(zip(*rows, strict=True))
        if not lists:
            return self.empty()
        lists += [(None,) * len(lists[0])] * sum(not column.required for column in self.columns[len(lists) :])
        return self.build(dict(zip(self.names, lists, strict=True)))

    def of_columns(self, columns: Mapping[str, pd.Series[Any]]) -> pd.DataFrame:
        """A frame of these columns, whatever their indexes; those of other names are left out."""
        return self.check(self.named({name: columns[name].reset_index(drop=True) for name in self.names}))

    def named(self, columns: Mapping[str, Any], *, copy: bool = False) -> pd.DataFrame:
        """A frame of these columns, which stand in order."""
        frame = pd.DataFrame(columns, copy=copy)
        frame.columns = self._labels
        return frame

    @cached_property
    def _labels(self) -> pd.Index[str]:
        """Objects of Python: in pandas' own text type each look for a column takes half as long again."""
        return pd.Index(self.names, dtype=object)

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame itself, after asserting names and dtypes."""
        dtypes = {name: str(dtype) for name, dtype in frame.dtypes.items()}
        wanted = {c.name: c.dtype for c in self.columns}
        assert dtypes == wanted, f"{self.name}: {dtypes} is not {wanted}"
        return frame


def typed(values: Sequence[Any], dtype: str) -> pd.Series[Any]:
    """A series of one declared dtype; ints become moments as microseconds since the epoch (UTC)."""
    return pd.Series(_array_of(values, dtype))


@cache
def text_type() -> Any:
    """TEXT as pandas has it; it has a way in from Arrow, which takes a fifth of the time of the one by its name."""
    return pd.StringDtype(na_value=np.nan)


def _array_of(values: Any, dtype: Any) -> Any:
    """As `typed`, without an index: of a few values a series is most of the work."""
    if dtype == MOMENT:
        if all(value is None or isinstance(value, int) for value in values):
            micros = np.array([_NO_MOMENT if value is None else value for value in values], dtype=np.int64)
            return pd.array(micros.view("datetime64[us]"), dtype=dtype)
        return pd.array(pd.to_datetime(list(values), utc=True), dtype=dtype)
    if dtype == TEXT:
        return text_type().__from_arrow__(pa.array(values, pa.large_string(), from_pandas=True))
    if dtype == OPTIONAL_MINOR:
        return pd.array(values, dtype=dtype)
    plain = np.asarray(values)
    return plain if plain.dtype == dtype else pd.Series(values, dtype=dtype).array  # it refuses what would be rounded


# What stands in more than one frame.
ACCOUNT = "account"  # the configuration's name of an Omise account
ORDER_ID = "order_id"
CHARGE_ID = "charge_id"
REFUND_ID = "refund_id"
TRANSFER_ID = "transfer_id"
TRANSACTION_ID = "transaction_id"
DISPUTE_ID = "dispute_id"
STATUS = "status"
AMOUNT = "amount"
CURRENCY = "currency"
FUNDING_AMOUNT = "funding_amount"  # in the account's settlement currency
FUNDING_CURRENCY = "funding_currency"
FEE = "fee"
FEE_VAT = "fee_vat"
NET = "net"
CREATED_AT = "created_at"
SEEN_AT = "seen_at"  # when this version was first seen
FIRST_SEEN_AT = "first_seen_at"  # when the object's first version was seen
VOIDED = "voided"
DELETED = "deleted"
FAILURE_CODE = "failure_code"
METADATA = "metadata"  # scrubbed, JSON text
DESCRIPTION = "description"
LIVEMODE = "livemode"

# Orders, as the shop says.
SOURCE = "source"
REFUNDED_AMOUNT = "refunded_amount"
PAYMENT_METHOD = "payment_method"
CUSTOMER = "customer"  # keyed hash, never the value
FILE = "file"
FILE_HASH = "file_hash"
ROW = "row"
# Charges.
CAPTURED_AMOUNT = "captured_amount"
METHOD = "method"  # source type, or "card"
CARD_BRAND = "card_brand"
CAPTURE = "capture"
AUTHORIZED = "authorized"
PAID = "paid"
REVERSED = "reversed"
INTEREST = "interest"
INTEREST_VAT = "interest_vat"
FEE_FLAT = "fee_flat"
FEE_RATE = "fee_rate"
VAT_RATE = "vat_rate"
AUTHORIZED_AT = "authorized_at"
PAID_AT = "paid_at"
EXPIRES_AT = "expires_at"
REVERSED_AT = "reversed_at"
LINK = "link"
SCHEDULE = "schedule"
ORDER_REF = "order_ref"  # what the charge's metadata names as its order
SOURCE_REFS = "source_refs"  # the same by each list of keys that only some order sources are compared by, joined
REFS_SEPARATOR = "\x1f"  # between these
WAS_FAILED = "was_failed"  # successful now, and an earlier version of it was failed or expired
# Transfers, transactions, disputes, receipts, events, bank.
TOTAL_FEE = "total_fee"
SENDABLE = "sendable"
SENT = "sent"
SENT_AT = "sent_at"
DIRECTION = "direction"
KEY = "key"
ORIGIN = "origin"
TRANSFERABLE_AT = "transferable_at"
REASON_CODE = "reason_code"
ANSWER = "answer"  # what a dispute was answered with: MESSAGE, DOCUMENTS alone, or null
MESSAGE = "message"
DOCUMENTS = "documents"
CLOSED_AT = "closed_at"
RECEIPT_ID = "receipt_id"
ISSUED_ON = "issued_on"
RECEIPT_NUMBER = "receipt_number"  # of the tax invoice, OMTH and its day
VAT = "vat"
WHT = "wht"
TOTAL = "total"
EVENT_ID = "event_id"
OBJECT_ID = "object_id"
REFERENCE = "reference"  # of a bank line; of an order that of its payment, or several
REFERENCES = " + "  # between these
BOOKED_ON = "booked_on"  # ISO date in the account's zone
VALUE_ON = "value_on"
LINE_ID = "line_id"
PAYOUT = "payout"  # looks like a payout of Omise
# Rejected rows.
COLUMN = "column"
REASON = "reason"
DIGEST = "digest"
FROM_DAY = "from_day"
TO_DAY = "to_day"
TRANSFER_IDS = "transfer_ids"
BANK_ROW = "bank."  # how the source of a bank's rejected row begins; an order's is the source's name alone
# Links and results.
ORDER_ACCOUNT = "order_account"
CHARGE_ACCOUNT = "charge_account"
MATCHED_BY = "matched_by"
ORDER_AMOUNT = "order_amount"
ORDER_CURRENCY = "order_currency"
CHARGE_AMOUNT = "charge_amount"
ORDER_STATUS = "order_status"
CHARGE_STATUS = "charge_status"
IMPLIED_RATE = "implied_rate"  # settlement currency for one of the charge's, in major units; null where they are one
ORDER_CREATED_AT = "order_created_at"
BREAK_ID = "id"
CODE = "code"
SEVERITY = "severity"
REGION = "region"
SUBJECT_TYPE = "subject_type"
SUBJECT_ID = "subject_id"
EXPECTED = "expected"
ACTUAL = "actual"
DIFFERENCE = "difference"
AMOUNT_AT_RISK = "amount_at_risk"
DUE_BY = "due_by"
HOURS_LEFT = "hours_left"  # whole hours; negative: late
FIRST_SEEN = "first_seen"
LAST_SEEN = "last_seen"
AGE_DAYS = "age_days"  # since what it is about happened
KNOWN_DAYS = "known_days"  # since it was first seen
TITLE = "title"
OCCURRED_ON = "occurred_on"  # ISO date in the account's zone
EXPOSURE = "exposure"
OWNER = "owner"
EXPLANATION = "explanation"
SUGGESTION = "suggestion"


def required(dtype: str, *names: str) -> tuple[Column, ...]:
    """Columns of a dtype in which no cell is empty."""
    return tuple(Column(name, dtype) for name in names)


def optional(dtype: str, *names: str) -> tuple[Column, ...]:
    """Columns of a dtype in which cells may be empty."""
    return tuple(Column(name, dtype, required=False) for name in names)


# One object as Omise says it, by kind: the fields that the road needs, without account and versions.
# The first column is Omise's id. `recon/omise/objects.py` fills rows so, `recon/store` makes tables of it.
CHARGE = Frame(
    "charge",
    (
        *required(TEXT, CHARGE_ID, STATUS),
        *required(MINOR, AMOUNT),
        *required(TEXT, CURRENCY),
        *optional(OPTIONAL_MINOR, CAPTURED_AMOUNT),
        *required(MINOR, FUNDING_AMOUNT),
        *required(TEXT, FUNDING_CURRENCY),
        *required(MINOR, FEE, FEE_VAT, INTEREST, INTEREST_VAT, NET),
        *optional(TEXT, FEE_FLAT, FEE_RATE, VAT_RATE),
        *required(MINOR, REFUNDED_AMOUNT),
        *optional(TEXT, METHOD, CARD_BRAND),
        *required(FLAG, CAPTURE, AUTHORIZED, PAID, REVERSED, VOIDED),
        *required(MOMENT, CREATED_AT),
        *optional(MOMENT, AUTHORIZED_AT, PAID_AT, EXPIRES_AT, REVERSED_AT),
        *optional(TEXT, TRANSACTION_ID, DISPUTE_ID, LINK, SCHEDULE, FAILURE_CODE, DESCRIPTION, METADATA),
        *required(FLAG, LIVEMODE),
    ),
)
REFUND = Frame(
    "refund",
    (
        *required(TEXT, REFUND_ID, CHARGE_ID, STATUS),
        *required(MINOR, AMOUNT),
        *required(TEXT, CURRENCY),
        *required(MINOR, FUNDING_AMOUNT),
        *required(TEXT, FUNDING_CURRENCY),
        *required(FLAG, VOIDED),
        *optional(TEXT, TRANSACTION_ID),
        *required(MOMENT, CREATED_AT),
        *required(FLAG, LIVEMODE),
    ),
)
TRANSFER = Frame(
    "transfer",
    (
        *required(TEXT, TRANSFER_ID),
        *required(MINOR, AMOUNT),
        *required(TEXT, CURRENCY),
        *required(MINOR, FEE, FEE_VAT, TOTAL_FEE, NET),
        *required(FLAG, SENDABLE, SENT, PAID, DELETED),
        *required(MOMENT, CREATED_AT),
        *optional(MOMENT, SENT_AT, PAID_AT),
        *optional(TEXT, FAILURE_CODE, TRANSACTION_ID, SCHEDULE),
        *required(FLAG, LIVEMODE),
    ),
)
TRANSACTION = Frame(
    "transaction",
    (
        *required(TEXT, TRANSACTION_ID),
        *required(MINOR, AMOUNT),
        *required(TEXT, CURRENCY, DIRECTION, KEY),
        *optional(TEXT, ORIGIN),
        *required(MOMENT, CREATED_AT),
        *optional(MOMENT, TRANSFERABLE_AT),
        *required(FLAG, LIVEMODE),
    ),
)
DISPUTE = Frame(
    "dispute",
    (
        *required(TEXT, DISPUTE_ID, CHARGE_ID, STATUS),
        *required(MINOR, AMOUNT),
        *required(TEXT, CURRENCY),
        *required(MINOR, FUNDING_AMOUNT),
        *required(TEXT, FUNDING_CURRENCY),
        *optional(TEXT, REASON_CODE, ANSWER),
        *required(MOMENT, CREATED_AT),
        *optional(MOMENT, CLOSED_AT),
        *required(FLAG, LIVEMODE),
    ),
)
EVENT = Frame(
    "event",
    (
        *required(TEXT, EVENT_ID, KEY),
        *optional(TEXT, OBJECT_ID),
        *required(MOMENT, CREATED_AT),
        *required(FLAG, LIVEMODE),
    ),
)
RECEIPT = Frame(
    "receipt",
    (
        *required(TEXT, RECEIPT_ID, CURRENCY),
        *required(MINOR, VAT, WHT, TOTAL),
        *optional(TEXT, TRANSACTION_ID, ISSUED_ON, RECEIPT_NUMBER),
        *required(MOMENT, CREATED_AT),
        *required(FLAG, LIVEMODE),
    ),
)

KINDS: Mapping[str, Frame] = {
    frame.name: frame for frame in (CHARGE, REFUND, TRANSFER, TRANSACTION, DISPUTE, EVENT, RECEIPT)
}

# One order as the shop says it. Stored in versions like Omise's objects; keyed by account and order id.
ORDER = Frame(
    "order",
    (
        *required(TEXT, ACCOUNT, ORDER_ID, SOURCE, STATUS),
        *required(MINOR, AMOUNT),
        *required(TEXT, CURRENCY),
        *required(MOMENT, CREATED_AT),
        *required(MINOR, REFUNDED_AMOUNT),
        *optional(TEXT, PAYMENT_METHOD, CHARGE_ID, REFERENCE, CUSTOMER),
        *required(TEXT, FILE, FILE_HASH),
        Column(ROW, COUNT),
    ),
)
# One line of a bank statement; a credit is positive. Stored in versions, keyed by account and its content's digest.
# Lines that are no payout have neither description nor reference: whose names stand there is nobody's business here.
BANK_LINE = Frame(
    "bank_line",
    (
        *required(TEXT, ACCOUNT, LINE_ID, SOURCE, BOOKED_ON),
        *optional(TEXT, VALUE_ON),
        *required(MINOR, AMOUNT),
        *required(TEXT, CURRENCY),
        *optional(TEXT, DESCRIPTION, REFERENCE),
        *required(FLAG, PAYOUT),
        *required(TEXT, FILE, FILE_HASH),
        Column(ROW, COUNT),
    ),
)
# A row that could not be read; its content is kept only as a digest, beside the ids that an order's row names.
# `account` is null where it is not known.
REJECTED = Frame(
    "rejected",
    (
        *optional(TEXT, ACCOUNT),
        *required(TEXT, SOURCE, FILE),
        Column(ROW, COUNT),
        *optional(TEXT, COLUMN),
        *required(TEXT, REASON, DIGEST),
        *optional(TEXT, ORDER_ID, CHARGE_ID),
        Column(AMOUNT, OPTIONAL_MINOR, required=False),
        *optional(TEXT, CURRENCY),
        Column(CREATED_AT, MOMENT, required=False),
    ),
)

# What of a bank's statements could not be read, and which credits it may hold: a part with transfers only theirs (ids
# between blanks), one with an amount only that, any other all of its days; a null day: nobody knows where it ends.
UNREAD = Frame(
    "unread",
    (
        *required(TEXT, ACCOUNT, SOURCE, FILE, DIGEST),
        *optional(TEXT, FROM_DAY, TO_DAY),
        Column(AMOUNT, OPTIONAL_MINOR, required=False),
        *optional(TEXT, CURRENCY, TRANSFER_IDS),
    ),
)

_VERSION = required(MOMENT, SEEN_AT, FIRST_SEEN_AT)
# What no rule, sum or sheet asks of a million charges or orders.
_NOT_LOADED = {METADATA, CAPTURE, REVERSED, AUTHORIZED_AT, REVERSED_AT, DISPUTE_ID, LIVEMODE, FILE, FILE_HASH, ROW}
# What `recon/store` loads: objects of all accounts in one frame each, with the version's moments.
ORDERS = Frame("orders", (*(column for column in ORDER.columns if column.name not in _NOT_LOADED), *_VERSION))
BANK_LINES = Frame("bank_lines", (*BANK_LINE.columns, *_VERSION))
_LOADED_OF_CHARGE = tuple(column for column in CHARGE.columns if column.name not in _NOT_LOADED)
CHARGES = Frame(
    "charges",
    (
        *required(TEXT, ACCOUNT),
        *_LOADED_OF_CHARGE,
        *optional(TEXT, ORDER_REF, SOURCE_REFS, CUSTOMER),
        *required(FLAG, WAS_FAILED),
        *_VERSION,
    ),
)
REFUNDS = Frame("refunds", (*required(TEXT, ACCOUNT), *REFUND.columns, *_VERSION))
TRANSFERS = Frame("transfers", (*required(TEXT, ACCOUNT), *TRANSFER.columns, *_VERSION))
TRANSACTIONS = Frame("transactions", (*required(TEXT, ACCOUNT), *TRANSACTION.columns, *_VERSION))
DISPUTES = Frame("disputes", (*required(TEXT, ACCOUNT), *DISPUTE.columns, *_VERSION))

# Which order belongs to which charge, and by which pass. A charge may pay several orders of its account together.
LINKS = Frame("links", required(TEXT, ORDER_ACCOUNT, ORDER_ID, CHARGE_ACCOUNT, CHARGE_ID, MATCHED_BY))

# What a run found, as the sheets and the JSON show it.
MATCHED = Frame(
    "matched",
    (
        *required(TEXT, ORDER_ID, CHARGE_ID, MATCHED_BY, ORDER_STATUS, CHARGE_STATUS),
        *required(MINOR, ORDER_AMOUNT, CHARGE_AMOUNT),
        *required(TEXT, CURRENCY),
        *required(MINOR, REFUNDED_AMOUNT),
        *optional(TEXT, METHOD, CARD_BRAND),
        *required(MINOR, FUNDING_AMOUNT, FEE, FEE_VAT, NET),
        *required(TEXT, FUNDING_CURRENCY),
        *required(MOMENT, ORDER_CREATED_AT, CREATED_AT),
        *optional(MOMENT, PAID_AT),
        *optional(TEXT, IMPLIED_RATE),
    ),
)
# What is not final yet, and by when it should be: charges, refunds, disputes, transfers, and orders.
WAITING = Frame(
    "waiting",
    (
        *required(TEXT, SUBJECT_TYPE, SUBJECT_ID),
        *optional(TEXT, ORDER_ID, CHARGE_ID, METHOD),
        *required(TEXT, STATUS),
        *required(MINOR, AMOUNT),
        *required(TEXT, CURRENCY),
        *required(MOMENT, CREATED_AT),
        *optional(MOMENT, DUE_BY),
        *optional(OPTIONAL_MINOR, HOURS_LEFT),
    ),
)
BREAKS = Frame(
    "breaks",
    (
        *required(TEXT, BREAK_ID, CODE, SEVERITY, STATUS),
        *optional(TEXT, ACCOUNT, REGION, CURRENCY),
        *required(TEXT, SUBJECT_TYPE, SUBJECT_ID),
        *optional(TEXT, ORDER_ID, CHARGE_ID, REFUND_ID, TRANSFER_ID, TRANSACTION_ID, DISPUTE_ID),
        *optional(OPTIONAL_MINOR, EXPECTED, ACTUAL, DIFFERENCE, AMOUNT_AT_RISK),
        *optional(MOMENT, DUE_BY),
        *required(MOMENT, FIRST_SEEN, LAST_SEEN),
        Column(AGE_DAYS, COUNT),
        *optional(TEXT, OWNER),
        *required(TEXT, EXPLANATION, SUGGESTION, TITLE, EXPOSURE),
        *optional(TEXT, OCCURRED_ON),
        Column(KNOWN_DAYS, COUNT),
    ),
)
