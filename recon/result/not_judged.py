"""How much of an account was not judged, by reason, because something beside it could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from recon import columns as c
from recon.arrays import Mask
from recon.columnar import np
from recon.model import ChargeStatus, DisputeStatus, Note, NoteKind, OrderStatus
from recon.triage import Judged
from recon.triage.kept_aside import unread_ledgers

ASIDE = "that could not be read"
KEPT_ASIDE = f"orders not judged: a charge {ASIDE} may be theirs"
_CHARGE_STATUSES = [str(status) for status in ChargeStatus]
_DISPUTE_STATUSES = [str(status) for status in DisputeStatus]


def not_judged(judged: Judged, account: str) -> Iterator[Note]:
    """What of an account was not judged, and what was kept aside instead, without what is nought."""
    for words, count, kind in _counts(judged, account):
        if count:
            yield Note(words, count, kind)


def _counts(judged: Judged, account: str) -> Iterator[tuple[str, int, NoteKind]]:
    books = judged.books
    matching = judged.matching
    waits = NoteKind.WAITS_FOR_OBJECTS
    orders = c.of_account(books.orders, account)
    yield KEPT_ASIDE, int((judged.scope.kept_aside & orders).sum()), waits
    for status, count in _unknown_statuses(judged, account).items():
        words = f'orders whose charge has the status "{status}", which nobody knows here'
        yield words, count, NoteKind.NOT_JUDGED
    for status, count in _unknown_charge_statuses(judged, account).items():
        words = f'charges of the status "{status}", which nobody knows here'
        yield words, count, NoteKind.NOT_JUDGED
    for status, count in _unknown_dispute_statuses(judged, account).items():
        words = f'disputes of the status "{status}", which nobody knows here'
        yield words, count, NoteKind.NOT_JUDGED
    if len(books.kept_aside):
        yield from _beside_kept_aside(judged, account, waits)
    unread = f"orders not judged: a newer row of theirs may stand in a file {ASIDE}"
    yield unread, int((judged.scope.unread_orders & orders).sum()), NoteKind.NOT_JUDGED
    columns = judged.triage.columns
    unread_rows = c.mask_at(list(matching.order_unread), len(books.charges))
    unread_rows &= columns.without_order & judged.scope.charges & c.of_account(books.charges, account)
    if account in judged.unread_accounts:
        missing = int((unread_rows & columns.pays & ~columns.by_design).sum())
        yield f"charges without an order, which may stand in a file {ASIDE}", missing, NoteKind.NOT_JUDGED
    else:
        yield (
            f"charges whose order stands, or may stand, in a row {ASIDE}",
            int(unread_rows.sum()),
            NoteKind.NOT_JUDGED,
        )


def _beside_kept_aside(judged: Judged, account: str, waits: NoteKind) -> Iterator[tuple[str, int, NoteKind]]:
    books = judged.books
    matching = judged.matching
    unread = judged.triage.columns.with_unread_parts[matching.charges]
    parts = c.mask_at(matching.orders[unread], len(books.orders))
    parts &= judged.scope.orders & c.of_account(books.orders, account) & _refunded(judged)
    words = f"orders whose refunds were not compared: a refund or dispute {ASIDE} may be theirs"
    yield words, int(parts.sum()), waits
    transactions = judged.scope.explained_transactions & c.of_account(books.transactions, account)
    words = f"ledger transactions not judged: they come from an object {ASIDE}"
    yield words, int(transactions.sum()), waits
    lines = books.bank_lines
    credits = judged.scope.explained_credits & c.of_account(lines, account) if len(lines) else np.zeros(0, dtype=bool)
    yield f"bank credits not judged: a transfer {ASIDE} may explain them", int(credits.sum()), waits
    rows = c.still_aside(books.kept_aside)
    kinds = Counter(rows[c.KIND][c.of_account(rows, account)])
    for kind, count in sorted(kinds.items()):
        yield f"{kind}s kept aside: objects {ASIDE}", count, NoteKind.NOT_READ
    ledgers = kinds["transaction"] if account in unread_ledgers(books) else 0
    yield f"balance and overdue payouts not judged: transactions {ASIDE}", ledgers, waits


def _unknown_statuses(judged: Judged, account: str) -> Counter[str]:
    """Orders by the status of their charge that nobody knows."""
    books = judged.books
    matching = judged.matching
    pairs = judged.scope.unknown[matching.orders] & c.of_account(books.orders, account)[matching.orders]
    statuses = books.charges[c.STATUS].iloc[matching.charges[pairs]]
    return Counter(status for status in statuses if status not in _CHARGE_STATUSES)


def _unknown_charge_statuses(judged: Judged, account: str) -> Counter[str]:
    """Charges by their status, where nobody knows that and no order that waits for them is counted instead."""
    charges = judged.books.charges
    statuses = charges[c.STATUS][judged.scope.charges & c.of_account(charges, account)]
    return Counter(statuses[~statuses.isin(_CHARGE_STATUSES)])


def _unknown_dispute_statuses(judged: Judged, account: str) -> Counter[str]:
    """Disputes by their status, where nobody knows that."""
    disputes = judged.books.disputes
    statuses = disputes[c.STATUS][judged.scope.disputes & c.of_account(disputes, account)]
    return Counter(statuses[~statuses.isin(_DISPUTE_STATUSES)])


def _refunded(judged: Judged) -> Mask:
    orders = judged.books.orders
    refunded = c.equals(orders, c.STATUS, OrderStatus.REFUNDED)
    return np.asarray(refunded | (orders[c.REFUNDED_AMOUNT] != 0).to_numpy(dtype=bool))
