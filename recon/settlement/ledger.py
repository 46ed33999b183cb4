"""Every object against its balance transaction, in whole columns: what disagrees, and where it stands; says no word.

A transaction is classified by its origin's prefix and its direction, never by its `key`: keys of refunds, voids and
adjustments were never seen (facts: a closed list would be a guess).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recon import columns as c
from recon.arrays import Ints, Mask
from recon.columnar import np, pa, pc, pd
from recon.model import Books

UNKNOWN = "unknown"
PREFIXES: Mapping[str, str] = {
    "chrg_": "charge",
    "rfnd_": "refund",
    "dspt_": "dispute",
    "trsf_": "transfer",
    "rcpt_": "receipt",
}
KEYS = frozenset(
    {
        "charge.captured.net",
        "dispute.started.debit",
        "dispute.won.credit",
        "transfer.sent.debit",
        "receipt.vat_adjustment.credit",
    }
)  # recorded (facts, section 3.4); any other is counted and shown
CREDIT = "credit"


@dataclass(frozen=True)
class Ledger:
    """What the books' transactions are, and whose; arrays over the books' frames."""

    kinds: pd.Categorical[str]  # per transaction: what it comes from
    signed: Ints  # per transaction: its amount, a debit negative
    origin_at: Ints  # per transaction: the place of what it comes from in the books' frame of that kind, or -1
    charge_at: Ints  # per charge: the place of its transaction, or -1
    refund_at: Ints  # per refund: the same
    transfer_at: Ints  # per transfer: the same


@dataclass(frozen=True)
class Discrepancies:
    """Masks over the books' frames: what the ledger does not have, or has otherwise."""

    missing_charges: Mask
    missing_refunds: Mask
    charges: Mask
    refunds: Mask
    unknown_origin: Mask  # per transaction
    impossible: Mask  # per transaction: a direction that its origin cannot have
    of_failed: Mask  # per transaction: it moved money for what failed


def read(books: Books) -> Ledger:
    """Classify every transaction and find every object's own."""
    rows = books.transactions
    ids = rows[c.TRANSACTION_ID]
    amounts = rows[c.AMOUNT].to_numpy(dtype=np.int64)
    credit = (rows[c.DIRECTION] == CREDIT).to_numpy(dtype=bool)
    origin_kinds = kinds(rows[c.ORIGIN])
    # One look for all of them: the index of a million ids costs more than the asking.
    named = [frame[c.TRANSACTION_ID] for frame in (books.charges, books.refunds, books.transfers)]
    at = np.split(places(ids, pd.concat(named, ignore_index=True)), np.cumsum([len(one) for one in named])[:-1])
    return Ledger(
        origin_kinds, np.where(credit, amounts, -amounts), _origin_places(books, origin_kinds), at[0], at[1], at[2]
    )


def discrepancies(books: Books, ledger: Ledger) -> Discrepancies:
    """What disagrees, whatever the range. A failed refund has no transaction, and a void's sum is not known."""
    charges = books.charges
    refunds = books.refunds
    successful = c.successful(charges)
    counts = (refunds[c.STATUS] != "failed").to_numpy(dtype=bool)
    voids = refunds[c.VOIDED].to_numpy(dtype=bool)
    net = charges[c.NET].to_numpy(dtype=np.int64)
    back = -refunds[c.FUNDING_AMOUNT].to_numpy(dtype=np.int64)
    nameless = books.transactions[c.ORIGIN].isna().to_numpy(dtype=bool)
    named = ledger.kinds.isin([kind for kind, _, _ in _origins(books)])
    unknown = nameless | (named & (ledger.origin_at < 0))
    return Discrepancies(
        missing_charges=successful & (ledger.charge_at < 0) & ~_kept_aside(books, charges, c.CHARGE_ID),
        missing_refunds=counts & (ledger.refund_at < 0) & ~_kept_aside(books, refunds, c.REFUND_ID),
        charges=successful & _differs(books, ledger, ledger.charge_at, charges, net),
        refunds=counts & ~voids & _differs(books, ledger, ledger.refund_at, refunds, back),
        unknown_origin=unknown,
        impossible=~unknown & _impossible(books, ledger),
        of_failed=of_failed(books, ledger),
    )


def _kept_aside(books: Books, frame: pd.DataFrame, key: str) -> Mask:
    """Whose transaction is there and could not be read: by its id, or by what it says that it comes from."""
    if not len(books.kept_aside):
        return np.zeros(len(frame), dtype=bool)
    rows = c.still_aside(books.kept_aside)
    rows = rows[c.equals(rows, c.KIND, "transaction")]
    return c.is_in(frame[c.TRANSACTION_ID], rows[c.OBJECT_ID]) | c.is_in(frame[key], rows[c.ORIGIN])


def kinds(origins: pd.Series[str]) -> pd.Categorical[str]:
    """Per origin the kind of object that it names by its prefix; `unknown` for any other, and for none."""
    codes = np.zeros(len(origins), dtype=np.int8)
    texts = pa.array(origins, type=pa.large_string(), from_pandas=True)
    for code, prefix in enumerate(PREFIXES, start=1):
        mine = pc.fill_null(pc.starts_with(texts, prefix), False).to_numpy(zero_copy_only=False)
        codes[np.asarray(mine, dtype=bool)] = code
    return pd.Categorical.from_codes(codes, categories=pd.Index([UNKNOWN, *PREFIXES.values()]))


def unknown_kind(origin: str) -> str:
    """What an origin of a kind that is not known calls it: the text before its first underscore."""
    kind, underscore, _ = origin.partition("_")
    return kind if underscore else ""


def unknown_kinds(books: Books, ledger: Ledger) -> dict[tuple[str, str], list[int]]:
    """By account and kind, where that is not known, the places of its transactions, the first stored first."""
    rows = books.transactions
    odd = np.flatnonzero((ledger.kinds == UNKNOWN) & rows[c.ORIGIN].notna().to_numpy(dtype=bool))
    if not len(odd):
        return {}
    chosen = rows[[c.FIRST_SEEN_AT, c.CREATED_AT, c.TRANSACTION_ID, c.ACCOUNT, c.ORIGIN]].iloc[odd]
    by_kind: dict[tuple[str, str], list[int]] = {}
    for place, (*_, account, origin) in sorted(
        zip(odd.tolist(), chosen.itertuples(index=False, name=None), strict=True), key=lambda row: row[1][:3]
    ):
        by_kind.setdefault((account, unknown_kind(origin)), []).append(place)
    return by_kind


def kind_words(kinds_of_rows: pd.Categorical[str]) -> Any:
    """Kinds as the cells of a text column."""
    return c.typed(kinds_of_rows.categories.to_list(), c.TEXT).array.take(kinds_of_rows.codes)


def places(ids: pd.Series[str], wanted: pd.Series[str]) -> Ints:
    """Where each wanted id stands among the ids; -1 for one that is not there, and for none."""
    if not len(ids) or not len(wanted):
        return np.full(len(wanted), -1, dtype=np.int64)
    positions = pc.index_in(pa.array(wanted), value_set=pa.array(ids), skip_nulls=True)
    return np.asarray(pc.fill_null(positions, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def _origins(books: Books) -> list[tuple[str, pd.DataFrame, str]]:
    origins = [
        ("charge", books.charges, c.CHARGE_ID),
        ("refund", books.refunds, c.REFUND_ID),
        ("dispute", books.disputes, c.DISPUTE_ID),
        ("transfer", books.transfers, c.TRANSFER_ID),
    ]
    return [*origins, ("receipt", books.receipts, c.RECEIPT_ID)] if len(books.receipts) else origins


def _origin_places(books: Books, origin_kinds: pd.Categorical[str]) -> Ints:
    result = np.full(len(origin_kinds), -1, dtype=np.int64)
    for kind, frame, key in _origins(books):
        rows = np.flatnonzero(origin_kinds == kind)
        result[rows] = places(frame[key], books.transactions[c.ORIGIN].iloc[rows])
    return result


def _differs(books: Books, ledger: Ledger, at: Ints, frame: pd.DataFrame, due: Ints) -> Mask:
    """Whose transaction has another signed amount, or another currency, than is due."""
    result = np.zeros(len(frame), dtype=bool)
    booked_rows = np.flatnonzero(at >= 0)
    booked = books.transactions[c.CURRENCY].iloc[at[booked_rows]]
    funded = frame[c.FUNDING_CURRENCY].iloc[booked_rows]
    result[booked_rows] = (ledger.signed[at[booked_rows]] != due[booked_rows]) | ~c.same_words(booked, funded)
    return result


def _impossible(books: Books, ledger: Ledger) -> Mask:
    """A charge is debited only if its net is negative or it is voided; a refund or transfer credited if it failed.

    What moves for a charge that took no money is of_failed's.
    """
    charges = books.charges
    refunds = books.refunds
    transfers = books.transfers
    allowed = {
        "charge": (-1, (charges[c.NET] < 0) | charges[c.VOIDED] | c.never_paid(charges)),
        "refund": (1, refunds[c.STATUS] == "failed"),
        "transfer": (1, transfers[c.FAILURE_CODE].notna() | transfers[c.DELETED]),
    }
    result = np.zeros(len(books.transactions), dtype=bool)
    for kind, (sign, exempt) in allowed.items():
        odd = np.flatnonzero((ledger.kinds == kind) & (np.sign(ledger.signed) == sign) & (ledger.origin_at >= 0))
        result[odd] = ~exempt.to_numpy(dtype=bool)[ledger.origin_at[odd]]
    return result


def of_failed(books: Books, ledger: Ledger) -> Mask:
    """Per transaction whether it moved money for a charge that never took any, or for a failed refund, for good.

    What was given back moved nothing; of a failed refund the giving back may be all that is stored.
    """
    charges = books.charges
    refunds = books.refunds
    result = np.zeros(len(books.transactions), dtype=bool)
    for kind, failed in (("charge", c.never_paid(charges)), ("refund", c.equals(refunds, c.STATUS, "failed"))):
        at = np.flatnonzero((ledger.kinds == kind) & (ledger.origin_at >= 0))
        at = at[failed[ledger.origin_at[at]]]
        sums = c.sums_at(ledger.origin_at[at], len(failed), ledger.signed[at])
        rest = sums[ledger.origin_at[at]]
        told = rest < 0 if kind == "refund" else rest != 0
        result[at] = told & (np.sign(ledger.signed[at]) == np.sign(rest))
    return result
