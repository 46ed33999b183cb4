"""What is not final yet, and by when it should be: counted and shown apart, never a break; raises nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from recon import columns as c
from recon.columnar import np, pd
from recon.methods.deadlines import answer_due, lapses, refund_arrives, refund_window, stuck, transfer_arrives
from recon.model import OPEN_DISPUTES, ChargeStatus, Note, NoteKind, OrderStatus
from recon.settings import WEBHOOK_GRACE, Context
from recon.triage import Judged
from recon.triage.values import charges_at, disputes_at, orders_at, refunds_at, transfers_at

HOUR = timedelta(hours=1)
ORDERS_THAT_WAIT = "orders too young to miss their charge"
CHARGES_THAT_WAIT = "charges too young to miss their order"
Row = tuple[Any, ...]


def waiting(judged: Judged, account: str, context: Context) -> pd.DataFrame:
    """All that this run judged of an account and is not final, the most urgent first, shaped `columns.WAITING`.

    A charge is due at its end (a held one by its capture), a refund and a transfer when they should have arrived, an
    order that asks for a refund when the window of its charge ends, a dispute that is not answered when it must be,
    and what is too young to miss its other side when it is not any more. Hours count from the full hour of the as-of
    moment.
    """
    rows: list[Row] = [
        *_charges(judged, account, context),
        *_refunds(judged, account, context),
        *_disputes(judged, account, context),
        *_transfers(judged, account, context),
        *_asked(judged, account, context),
        *_too_young(judged, account, context),
    ]
    rows.sort(key=_urgency)
    return c.WAITING.from_rows(rows)


def not_yet_due(judged: Judged, account: str, context: Context) -> Iterator[Note]:
    """How many of them no rule objects to yet, by what they are."""
    counts = {
        "charges pending and not yet due": _in_time(_pending_charges(judged, account, context), context),
        "refunds pending and not yet due": _in_time(_pending_refunds(judged, account, context), context),
        "transfers on their way and not yet due": _in_time(_open_transfers(judged, account, context), context),
        "orders not yet due to be marked as paid": _webhooks_on_their_way(judged, account, context),
        ORDERS_THAT_WAIT: len(_positions(judged.books.orders, account, _orders_that_wait(judged))),
        CHARGES_THAT_WAIT: len(_positions(judged.books.charges, account, _charges_that_wait(judged))),
    }
    return (Note(words, count, NoteKind.IN_ORDER) for words, count in counts.items())


def _in_time(dues: Iterator[tuple[Any, datetime | None]], context: Context) -> int:
    return sum(due is None or context.as_of <= due for _, due in dues)


def _positions(frame: pd.DataFrame, account: str, mask: Any) -> Any:
    return np.flatnonzero(mask & c.of_account(frame, account))


def _is_pending(frame: pd.DataFrame) -> Any:
    return c.equals(frame, c.STATUS, ChargeStatus.PENDING)


def _pending_charges(judged: Judged, account: str, context: Context) -> Iterator[tuple[Any, datetime | None]]:
    charges = judged.books.charges
    for charge in charges_at(charges, _positions(charges, account, judged.scope.charges & _is_pending(charges))):
        due = stuck(charge, context)
        yield charge, due.at if due else None


def _pending_refunds(judged: Judged, account: str, context: Context) -> Iterator[tuple[Any, datetime | None]]:
    refunds = judged.books.refunds
    charges = judged.books.charges
    pending = [*refunds_at(refunds, _positions(refunds, account, judged.scope.refunds & _is_pending(refunds)))]
    named = np.flatnonzero(c.is_in(charges[c.CHARGE_ID], {refund.charge_id for refund in pending}))
    by_id = {charge.id: charge for charge in charges_at(charges, named)}
    for refund in pending:
        yield (refund, by_id.get(refund.charge_id)), refund_arrives(refund, by_id.get(refund.charge_id), context).at


def _open_transfers(judged: Judged, account: str, context: Context) -> Iterator[tuple[Any, datetime | None]]:
    transfers = judged.books.transfers
    for transfer in transfers_at(
        transfers, _positions(transfers, account, judged.scope.transfers & c.on_its_way(transfers))
    ):
        due = transfer_arrives(transfer, context)
        yield transfer, due.at if due else None


def _order_of(judged: Judged, ids: Iterable[str]) -> dict[str, str]:
    """Charge id -> order id, of the links of some charges."""
    matching = judged.matching
    books = judged.books
    charges = books.charges[c.CHARGE_ID]
    orders = books.orders[c.ORDER_ID]
    pairs = np.flatnonzero(c.is_in(charges, ids)[matching.charges])
    return dict(zip(charges.iloc[matching.charges[pairs]], orders.iloc[matching.orders[pairs]], strict=True))


def _charges(judged: Judged, account: str, context: Context) -> Iterator[Row]:
    pending = [charge for charge, _ in _pending_charges(judged, account, context)]
    orders = _order_of(judged, [charge.id for charge in pending])
    for charge in pending:
        end = lapses(charge, context)
        status = "authorised" if charge.authorized else charge.status
        money = (charge.money.amount, charge.money.currency)
        names = ("charge", charge.id, orders.get(charge.id), charge.id, charge.method)
        yield (*names, status, *money, charge.created_at, *_left(end.at if end else None, context))


def _refunds(judged: Judged, account: str, context: Context) -> Iterator[Row]:
    pending = [*_pending_refunds(judged, account, context)]
    orders = _order_of(judged, [refund.charge_id for (refund, _), _ in pending])
    for (refund, charge), due in pending:
        money = (refund.money.amount, refund.money.currency)
        method = charge.method if charge else None
        names = ("refund", refund.id, orders.get(refund.charge_id), refund.charge_id, method)
        yield (*names, refund.status, *money, refund.created_at, *_left(due, context))


def _disputes(judged: Judged, account: str, context: Context) -> Iterator[Row]:
    disputes = judged.books.disputes
    charges = judged.books.charges
    undecided = judged.scope.disputes & c.is_in(disputes[c.STATUS], OPEN_DISPUTES)
    open_disputes = [*disputes_at(disputes, _positions(disputes, account, undecided))]
    ids = [dispute.charge_id for dispute in open_disputes]
    orders = _order_of(judged, ids)
    named = np.flatnonzero(c.is_in(charges[c.CHARGE_ID], ids))
    method_of = dict(zip(charges[c.CHARGE_ID].iloc[named], charges[c.METHOD].iloc[named], strict=True))
    for dispute in open_disputes:
        money = (dispute.money.amount, dispute.money.currency)
        method = method_of.get(dispute.charge_id)
        names = (
            "dispute",
            dispute.id,
            orders.get(dispute.charge_id),
            dispute.charge_id,
            None if pd.isna(method) else method,
        )
        yield (*names, dispute.status, *money, dispute.created_at, *_left(answer_due(dispute, context), context))


def _transfers(judged: Judged, account: str, context: Context) -> Iterator[Row]:
    for transfer, due in _open_transfers(judged, account, context):
        money = (transfer.net.amount, transfer.net.currency)
        yield ("transfer", transfer.id, None, None, None, "sent", *money, transfer.sent_at, *_left(due, context))


def _asked(judged: Judged, account: str, context: Context) -> Iterator[Row]:
    """Orders that ask for a refund, with the charge that took their money; not those that still wait for it."""
    orders = judged.books.orders
    matching = judged.matching
    asks = c.equals(orders, c.STATUS, OrderStatus.REFUND_REQUESTED) & ~_orders_that_wait(judged)
    positions = _positions(orders, account, judged.scope.orders & asks)
    took = c.took_money(judged.books.charges)
    pairs = [at for at in np.flatnonzero(np.isin(matching.orders, positions)) if took[matching.charges[at]]]
    payers = charges_at(judged.books.charges, matching.charges[pairs])
    payer_of = dict(zip(matching.orders[pairs].tolist(), payers, strict=True))
    for position, order in zip(positions.tolist(), orders_at(orders, positions), strict=True):
        charge = payer_of.get(position)
        end = refund_window(charge, context) if charge else None
        names = ("order", order.id, order.id, charge.id if charge else None, charge.method if charge else None)
        money = (order.money.amount, order.money.currency)
        yield (*names, order.status, *money, order.created_at, *_left(end.at if end else None, context))


def _orders_that_wait(judged: Judged) -> Any:
    return judged.scope.orders & judged.triage.columns.orders_that_wait


def _charges_that_wait(judged: Judged) -> Any:
    return judged.scope.charges & judged.triage.columns.charges_that_wait


def _too_young(judged: Judged, account: str, context: Context) -> Iterator[Row]:
    """Orders and charges that are not yet missing their other side, due when they are."""
    orders = judged.books.orders
    for order in orders_at(orders, _positions(orders, account, _orders_that_wait(judged))):
        names = ("order", order.id, order.id, None, order.payment_method)
        money = (order.money.amount, order.money.currency)
        yield (*names, order.status, *money, order.created_at, *_left(order.created_at + context.settle, context))
    charges = judged.books.charges
    for charge in charges_at(charges, _positions(charges, account, _charges_that_wait(judged))):
        money = (charge.captured.amount, charge.captured.currency)
        due = (charge.paid_at or charge.created_at) + context.settle
        row = ("charge", charge.id, None, charge.id, charge.method, charge.status, *money, charge.created_at)
        yield (*row, *_left(due, context))


def _webhooks_on_their_way(judged: Judged, account: str, context: Context) -> int:
    """Pending orders whose charge took the money within the grace."""
    matching = judged.matching
    charges = judged.books.charges
    unpaid = judged.scope.orders & c.equals(judged.books.orders, c.STATUS, OrderStatus.PENDING)
    unpaid &= c.of_account(judged.books.orders, account)
    grace = context.threshold("order_not_marked_paid", "grace", WEBHOOK_GRACE)
    paid_at = c.paid_at(charges)
    recent = c.took_money(charges) & (paid_at + grace >= context.as_of).to_numpy(dtype=bool)
    return len(set(matching.orders[unpaid[matching.orders] & recent[matching.charges]].tolist()))


def _left(due: datetime | None, context: Context) -> tuple[datetime | None, int | None]:
    hour = context.as_of.replace(minute=0, second=0, microsecond=0)
    return due, None if due is None else (due - hour) // HOUR


def _urgency(row: Row) -> tuple[bool, Any, str, str]:
    due = row[9]
    return due is None, due or row[8], row[0], row[1]
