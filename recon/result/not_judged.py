"""How much of an account was not judged, by reason, because something beside it could not be read."""

from collections import Counter

import numpy as np

from recon import columns as c
from recon.arrays import Mask
from recon.model import ChargeStatus, OrderStatus
from recon.triage import Judged
from recon.triage.kept_aside import (
    current,
    explained_credits,
    explained_transactions,
    unread_ledgers,
    with_unread_parts,
)

ASIDE = "that could not be read"
NOT_JUDGED = "orders not judged"  # how their reasons begin
KEPT_ASIDE = f"{NOT_JUDGED}: a charge {ASIDE} may be theirs"


def is_unread(reason: str) -> bool:
    """Whether something of a list of Omise's was not judged for want of an object beside it."""
    return ASIDE in reason and "row" not in reason and "kept aside" not in reason


def not_judged(judged: Judged, account: str) -> dict[str, int]:
    """Reason -> how many, without what is nought."""
    books = judged.books
    scope = judged.scope
    matching = judged.matching
    orders = c.of_account(books.orders, account)
    counts = {KEPT_ASIDE: int((scope.kept_aside & orders).sum())}
    for status, count in _unknown_statuses(judged, account).items():
        counts[f'{NOT_JUDGED}: their charge has the status "{status}", which nobody knows here'] = count
    if len(books.kept_aside):
        parts = np.zeros(len(books.orders), dtype=bool)
        parts[matching.orders[with_unread_parts(books)[matching.charges]]] = True
        parts &= scope.orders & orders & _refunded(judged)
        transactions = explained_transactions(books) & c.of_account(books.transactions, account)
        counts[f"orders whose refunds were not compared: a refund or dispute {ASIDE} may be theirs"] = int(
            parts.sum()
        )
        counts[f"ledger transactions not judged: they come from an object {ASIDE}"] = int(transactions.sum())
        credits = explained_credits(books) & c.of_account(books.bank_lines, account) if len(books.bank_lines) else 0
        counts[f"bank credits not judged: a transfer {ASIDE} may explain them"] = int(np.sum(credits))
        rows = current(books)
        kinds = Counter(rows[c.KIND][c.of_account(rows, account)])
        counts |= {f"{kind}s kept aside: objects {ASIDE}": count for kind, count in sorted(kinds.items())}
        ledger = f"balance and overdue payouts not judged: transactions {ASIDE}"
        counts[ledger] = kinds["transaction"] if account in unread_ledgers(books) else 0
    unread_rows = np.zeros(len(books.charges), dtype=bool)
    unread_rows[list(matching.order_unread)] = True
    unread_rows &= judged.triage.columns.without_order & scope.charges & c.of_account(books.charges, account)
    counts[f"charges whose order stands in a row {ASIDE}"] = int(unread_rows.sum())
    return {reason: count for reason, count in counts.items() if count}


def _unknown_statuses(judged: Judged, account: str) -> Counter[str]:
    """Orders by the status of their charge that nobody knows."""
    books = judged.books
    matching = judged.matching
    pairs = judged.scope.unknown[matching.orders] & c.of_account(books.orders, account)[matching.orders]
    statuses = books.charges[c.STATUS].iloc[matching.charges[pairs]]
    documented = {str(status) for status in ChargeStatus}
    return Counter(status for status in statuses if status not in documented)


def _refunded(judged: Judged) -> Mask:
    orders = judged.books.orders
    refunded = c.equals(orders, c.STATUS, OrderStatus.REFUNDED)
    return np.asarray(refunded | (orders[c.REFUNDED_AMOUNT] != 0).to_numpy(dtype=bool))
