"""Control totals beyond the orders: charges against the ledger, transfers against the bank, gap by gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from recon import columns as c
from recon.arrays import Ints, Mask, Positions
from recon.columnar import np, pd
from recon.model import OPEN_DISPUTES, Account, Books, DisputeStatus, Proof, Window
from recon.settlement.gaps import BEFORE_GO_LIVE, EDGE, Gap, Reasons, proof_of
from recon.settlement.ledger import UNKNOWN, Ledger, of_failed, unknown_kind

CHARGES_TO_LEDGER = "charges_to_ledger"
TRANSFERS_TO_BANK = "transfers_to_bank"


@dataclass(frozen=True)
class _Side:
    """Objects of one kind: which count, what the ledger should hold of each, and of which that is not known.

    `own` has the place of each one's transaction, or -1; `unsaid` why it is not known what the ledger should hold.
    """

    kind: str
    ids: pd.Series[str]
    inside: Mask
    due: Ints
    own: Ints
    unsaid: Mask
    why_unsaid: str
    before_go_live: Mask


def charges_to_ledger(
    books: Books, ledger: Ledger, account: Account, window: Window, reasons: Reasons
) -> tuple[Proof, ...]:
    """Charges less refunds, disputes, fees and VAT of a window, against the ledger's movements but for transfers.

    A gap is explained by what a break says of it, by the window's edge, by a receipt's adjustment, and by a void,
    whose sum Omise does not say. What moved for something that failed has no other side at any edge.
    """
    rows = books.transactions
    moved = c.created_in(rows, account.name, window) & (ledger.kinds != "transfer")
    sides = _sides(books, ledger, account, window)
    if not moved.any() and not any(side.inside.any() for side in sides):
        return ()
    right = int(ledger.signed[moved].sum())
    left = sum(int(side.due[side.inside].sum()) for side in sides)
    spoken_of = c.is_in(rows[c.TRANSACTION_ID], reasons.booked)
    alone = moved & (spoken_of | (ledger.origin_at < 0) | np.asarray(ledger.kinds.isin([UNKNOWN, "receipt"])))
    counted = (moved | _named(ledger)) & (ledger.origin_at >= 0) & ~spoken_of
    failed = of_failed(books, ledger)
    gaps = [
        *_gaps_alone(books, ledger, np.flatnonzero(alone), reasons),
        *(gap for side in sides for gap in _gaps_of(side, books, ledger, counted, moved & ~alone, failed, reasons)),
    ]
    return (proof_of(CHARGES_TO_LEDGER, _currency(books, account.name), left, right, gaps),)


def _gaps_alone(books: Books, ledger: Ledger, places: Positions, reasons: Reasons) -> Iterator[Gap]:
    """Movements that belong to no charge, refund or dispute, and those of which a break speaks."""
    for place in places.tolist():
        transaction = str(books.transactions[c.TRANSACTION_ID].iloc[place])
        why = _why_alone(books, ledger, place, reasons)
        yield why or reasons.waits.get(transaction, ""), transaction, int(ledger.signed[place])


def _why_alone(books: Books, ledger: Ledger, place: int, reasons: Reasons) -> str:
    """What is said of a transaction that comes from nothing that is known; empty where nothing is."""
    rows = books.transactions
    if why := reasons.booked.get(rows[c.TRANSACTION_ID].iloc[place], ""):
        return why
    if ledger.kinds[place] == "receipt":
        return "adjustments by Omise's receipts"
    origin = rows[c.ORIGIN].iloc[place]
    is_unknown = ledger.kinds[place] == UNKNOWN and isinstance(origin, str)
    return reasons.kinds.get(unknown_kind(origin), "") if is_unknown else ""


def _gaps_of(
    side: _Side, books: Books, ledger: Ledger, counted: Mask, moved: Mask, failed: Mask, reasons: Reasons
) -> Iterator[Gap]:
    """What the ledger holds of each object otherwise than it should, and what of it lies outside of the window.

    Where a break speaks of an object's own transaction, it speaks of both sides of one gap.
    """
    count = len(side.due)
    of_kind = ledger.kinds == side.kind
    booked, inside_booked = (
        c.sums_at(ledger.origin_at[of_kind & chosen], count, ledger.signed[of_kind & chosen])
        for chosen in (counted, moved)
    )
    gap = np.where(side.inside, booked - side.due, 0)
    beyond = inside_booked - np.where(side.inside, booked, 0)
    has_failed = c.mask_at(ledger.origin_at[failed & of_kind], count)
    for place in np.flatnonzero((gap != 0) | (beyond != 0)).tolist():
        row_id = side.ids.iloc[place]
        if beyond[place]:
            why = _why_of_failed(side, books, ledger, place, reasons) if has_failed[place] else EDGE
            yield why, row_id, int(beyond[place])
        if gap[place]:
            why = reasons.booked.get(row_id, "")
            if not why and side.own[place] >= 0 and not booked[place]:
                why = _why_alone(books, ledger, int(side.own[place]), reasons)
            if not why and side.unsaid[place]:
                why = side.why_unsaid
            if not why and side.before_go_live[place]:
                why = BEFORE_GO_LIVE
            yield why or reasons.waits.get(row_id, ""), row_id, int(gap[place])


def _why_of_failed(side: _Side, books: Books, ledger: Ledger, place: int, reasons: Reasons) -> str:
    """What is said of any movement of something that failed; empty where nothing is."""
    if side.before_go_live[place]:
        return BEFORE_GO_LIVE
    rows = np.flatnonzero((ledger.kinds == side.kind) & (ledger.origin_at == place))
    ids = books.transactions[c.TRANSACTION_ID].iloc[rows].tolist()
    said = [words.get(row_id, "") for words in (reasons.booked, reasons.waits) for row_id in ids]
    return next((why for why in said if why), "")


def _named(ledger: Ledger) -> Mask:
    """Transactions that their charge or refund names, and those of disputes: they count wherever they were made."""
    result = ledger.kinds == "dispute"
    for at in (ledger.charge_at, ledger.refund_at):
        result[at[at >= 0]] = True
    return np.asarray(result)


def _sides(books: Books, ledger: Ledger, account: Account, window: Window) -> list[_Side]:
    charges = books.charges
    refunds = books.refunds
    disputes = books.disputes
    taken = c.successful(charges) & c.of_account(charges, account.name)
    costs = sum(charges[name].to_numpy(dtype=np.int64) for name in (c.FEE, c.FEE_VAT, c.INTEREST, c.INTEREST_VAT))
    paid = c.paid_at(charges)
    counts = (refunds[c.STATUS] != "failed").to_numpy(dtype=bool) & c.of_account(refunds, account.name)
    taken_back = disputes[c.STATUS].isin(OPEN_DISPUTES | {DisputeStatus.LOST}).to_numpy(dtype=bool)
    unknown = ~taken_back & ~c.equals(disputes, c.STATUS, DisputeStatus.WON)
    return [
        _Side(
            "charge",
            charges[c.CHARGE_ID],
            taken & c.within(paid, window),
            charges[c.FUNDING_AMOUNT].to_numpy(dtype=np.int64) - costs,
            ledger.charge_at,
            np.zeros(len(charges), dtype=bool),
            "",
            c.before_go_live(charges[c.CREATED_AT], account),
        ),
        _Side(
            "refund",
            refunds[c.REFUND_ID],
            counts & c.within(refunds[c.CREATED_AT], window),
            -refunds[c.FUNDING_AMOUNT].to_numpy(dtype=np.int64),
            ledger.refund_at,
            refunds[c.VOIDED].to_numpy(dtype=bool),
            "voids, of which Omise does not say the sum",
            c.before_go_live(refunds[c.CREATED_AT], account),
        ),
        _Side(
            "dispute",
            disputes[c.DISPUTE_ID],
            c.created_in(disputes, account.name, window),
            np.where(taken_back, -disputes[c.FUNDING_AMOUNT].to_numpy(dtype=np.int64), 0),
            np.full(len(disputes), -1, dtype=np.int64),
            unknown,
            "disputes of a status that nobody knows here",
            c.before_go_live(disputes[c.CREATED_AT], account),
        ),
    ]


@dataclass(frozen=True)
class BankTerms:
    """By when a transfer's credit is due, which fee explains a smaller one, and when the statements begin."""

    due: date  # the last paid day whose credit should be there
    fee: int = 0
    since: str = ""  # an ISO date; empty: no statement was read


def transfers_to_bank(
    banked: pd.DataFrame, account: Account, days: tuple[date, date], terms: BankTerms, reasons: Reasons
) -> tuple[Proof, ...]:
    """Net of the transfers paid in the days, against the payout credits booked in them (BANKED).

    A gap is explained by what a break says of it, by the edge of the days, by a bank fee within its bound, by a
    credit that may still come, and by one that may stand in what was not read. Nothing where there are no statements.
    """
    rows = banked[c.of_account(banked, account.name)] if len(banked) else banked
    if not len(rows):
        return ()
    first, last = (day.isoformat() for day in days)
    paid = rows[c.PAID_ON]
    booked = rows[c.BOOKED_ON]
    left_in = ((paid >= first) & (paid <= last)).to_numpy(dtype=bool)
    right_in = ((booked >= first) & (booked <= last)).to_numpy(dtype=bool)
    net = rows[c.NET].fillna(0).to_numpy(dtype=np.int64)
    credited = rows[c.AMOUNT].fillna(0).to_numpy(dtype=np.int64)
    gap = np.where(left_in | right_in, credited - net, 0)
    beyond = np.where(right_in, credited, 0) - np.where(left_in, net, 0) - gap
    gaps: list[Gap] = []
    for place in np.flatnonzero((gap != 0) | (beyond != 0)).tolist():
        row = rows.iloc[place]
        row_id = row[c.TRANSFER_ID] if isinstance(row[c.TRANSFER_ID], str) else row[c.LINE_ID]
        if beyond[place]:
            gaps.append((EDGE, row_id, int(beyond[place])))
        if gap[place]:
            gaps.append((_why_not_credited(row, account, terms, reasons), row_id, int(gap[place])))
    left = int(net[left_in].sum())
    right = int(credited[right_in].sum())
    return (proof_of(TRANSFERS_TO_BANK, account.currency, left, right, gaps),)


def _why_not_credited(row: pd.Series[Any], account: Account, terms: BankTerms, reasons: Reasons) -> str:
    """Why a transfer and its credit (a row of BANKED) differ, or one stands alone; empty where nothing says."""
    match = row[c.MATCH]
    paid = row[c.PAID_ON]
    if why := reasons.transfers.get(row[c.TRANSFER_ID]) or reasons.lines.get(row[c.LINE_ID]):
        return why
    if match in (c.WITHIN_FEE, c.BY_ID) and 0 < row[c.NET] - row[c.AMOUNT] <= terms.fee:
        return "the bank's fee, within its bound"
    if match == c.NOT_READ:
        return "waits: the credit may stand in what could not be read"
    if match == c.NO_CREDIT and paid > terms.due.isoformat():
        return "on its way: the credit is not due yet"
    if match == c.NO_CREDIT and paid < terms.since:
        return "paid before the statements begin"
    day = paid if isinstance(paid, str) else row[c.BOOKED_ON]
    if account.go_live is not None and day < account.go_live.isoformat():
        return BEFORE_GO_LIVE
    return reasons.waits.get(row[c.LINE_ID], "") if match == c.NO_TRANSFER else ""


def _currency(books: Books, account: str) -> str:
    for frame, name in ((books.transactions, c.CURRENCY), (books.charges, c.FUNDING_CURRENCY)):
        mine = np.flatnonzero(c.of_account(frame, account))
        if len(mine):
            return str(frame[name].iloc[mine[0]])
    return ""
