"""Small ledgers for tests: charges, refunds, disputes and transfers with their balance transactions, in few words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st

from recon import columns as c
from recon.model import Account, Books, Break, Matching
from recon.rules import CATALOGUE, find_breaks
from recon.settings import Context
from recon.settlement import settle
from recon.settlement.fifo import histories_of
from recon.triage import Judged, triage
from recon.triage.kept_aside import explained_credits, explained_transactions
from recon.triage.scope import Scope
from tests.kit.books import AS_OF, NOON, TH, Row, books, build, charge

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOLD = 7 * DAY
START = NOON - 60 * DAY
_KINDS = ("orders", "charges", "refunds", "disputes", "transfers", "transactions", "bank_lines", "receipts")


@dataclass
class Merchant:
    """One account and what Omise would keep of it. Every act takes place at `now`; money is satang."""

    now: datetime = START
    charges: list[dict[str, Any]] = field(default_factory=list)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    disputes: list[dict[str, Any]] = field(default_factory=list)
    transfers: list[dict[str, Any]] = field(default_factory=list)
    transactions: list[dict[str, Any]] = field(default_factory=list)

    def wait(self, time: timedelta) -> None:
        self.now += time

    def charge(self, amount: int = 100_000, **fields: Any) -> dict[str, Any]:
        """A successful card charge at 3.65 % and 7 % VAT, free after a week."""
        id = f"chrg_{len(self.charges) + 1:03d}"
        fee = (2 * amount * 365 + 10_000) // 20_000
        vat = (2 * fee * 7 + 100) // 200
        row = (
            dict(
                charge(
                    id,
                    None,
                    amount,
                    created_at=self.now,
                    fee=fee,
                    fee_vat=vat,
                    net=amount - fee - vat,
                    fee_rate="3.65",
                    fee_flat="0.0",
                    vat_rate="7.0",
                    card_brand="Visa",
                )
            )
            | fields
        )
        row["transaction_id"] = self._move(row["net"], id, "charge.captured.net", HOLD) if row["net"] else None
        self.charges.append(row)
        return row

    def refund(self, of: Mapping[str, Any], amount: int, **fields: Any) -> dict[str, Any]:
        """Money back, gross, at once."""
        id = f"rfnd_{len(self.refunds) + 1:03d}"
        row = {
            "account": "th",
            "refund_id": id,
            "charge_id": of["charge_id"],
            "status": "closed",
            "amount": amount,
            "currency": "THB",
            "funding_amount": amount,
            "funding_currency": "THB",
            "created_at": self.now,
            "transaction_id": self._move(-amount, id, "refund.created.debit"),
            "seen_at": self.now,
            "first_seen_at": self.now,
            **fields,
        }
        self.refunds.append(row)
        return row

    def dispute(self, of: Mapping[str, Any], *, won: bool = False) -> dict[str, Any]:
        """The whole charge is taken back; and comes again where it is won."""
        id = f"dspt_{len(self.disputes) + 1:03d}"
        amount = of["amount"]
        self._move(-amount, id, "dispute.started.debit")
        if won:
            self._move(amount, id, "dispute.won.credit")
        row = {
            "account": "th",
            "dispute_id": id,
            "charge_id": of["charge_id"],
            "status": "won" if won else "lost",
            "amount": amount,
            "currency": "THB",
            "funding_amount": amount,
            "funding_currency": "THB",
            "created_at": self.now,
            "seen_at": self.now,
            "first_seen_at": self.now,
        }
        self.disputes.append(row)
        return row

    def free(self) -> int:
        """What can be paid out now."""
        rows = [row for row in self.transactions if row["direction"] == "debit" or row["transferable_at"] <= self.now]
        return sum(signed(row) for row in rows)

    def total(self) -> int:
        """The whole balance."""
        return sum(signed(row) for row in self.transactions)

    def pay_out(self, amount: int | None = None, **fields: Any) -> dict[str, Any]:
        """A transfer of all that is free, or of a sum, sent and paid at once."""
        id = f"trsf_{len(self.transfers) + 1:03d}"
        whole = self.free() if amount is None else amount
        row = {
            "account": "th",
            "transfer_id": id,
            "amount": whole,
            "currency": "THB",
            "fee": 2_804,
            "fee_vat": 196,
            "total_fee": 3_000,
            "net": whole - 3_000,
            "sendable": True,
            "sent": True,
            "paid": True,
            "deleted": False,
            "created_at": self.now,
            "sent_at": self.now,
            "paid_at": self.now,
            "seen_at": self.now,
            "first_seen_at": self.now,
            "transaction_id": self._move(-whole, id, "transfer.sent.debit"),
            **fields,
        }
        self.transfers.append(row)
        return row

    def move(self, amount: int, origin: str | None, key: str = "strange.key") -> dict[str, Any]:
        """A movement by itself; a debit is negative."""
        self._move(amount, origin, key)
        return self.transactions[-1]

    def books(self, as_of: datetime = AS_OF, **frames: Any) -> Books:
        """Everything, as the store would load it, with a reading of the balance at the start and one at the end."""
        known = books(
            [],
            self.charges,
            as_of,
            refunds=self.refunds,
            disputes=self.disputes,
            transfers=self.transfers,
            transactions=self.transactions,
        )
        return replace(
            known, **{"readings": readings((START - DAY, 0, 0), (as_of, self.total(), self.total()))} | frames
        )

    def _move(self, amount: int, origin: str | None, key: str, hold: timedelta = timedelta(0)) -> str:
        id = f"trxn_{len(self.transactions) + 1:03d}"
        self.transactions.append(
            {
                "account": "th",
                "transaction_id": id,
                "amount": abs(amount),
                "currency": "THB",
                "key": key,
                "direction": "credit" if amount > 0 else "debit",
                "origin": origin,
                "created_at": self.now,
                "transferable_at": self.now + hold,
                "seen_at": self.now,
                "first_seen_at": self.now,
            }
        )
        return id


def signed(row: Row) -> int:
    """A transaction's amount, a debit negative."""
    return int(row["amount"]) if row["direction"] == "credit" else -int(row["amount"])


def readings(*rows: tuple[datetime, int, int]) -> Any:
    """Readings of the balance: when, the total, and what the store had booked since the first."""
    return build(
        c.READINGS,
        [
            {
                "account": "th",
                "read_at": at,
                "currency": "THB",
                "total": total,
                "transferable": 0,
                "reserve": 0,
                "on_hold": None,
                "since_first": since,
                "before": 0,
            }
            for at, total, since in rows
        ],
    )


def judged_whole(books: Books, context: Context, *, judged: bool = True, **accounts: Account) -> Judged:
    """Books as rules over columns are handed them: nothing is matched, and all rows are judged, or none."""
    books = replace(books, histories=histories_of(books))
    nothing = np.zeros(0, dtype=np.intp)
    matching = Matching(nothing, nothing, nothing.astype(object), np.arange(len(books.orders)), {})
    masks = {kind: np.full(len(getattr(books, kind)), judged) for kind in _KINDS}
    scope = Scope(
        **masks,
        unpulled=np.zeros(len(books.orders), dtype=bool),
        unread_receipts=np.zeros(len(books.receipts), dtype=bool),
        explained_transactions=explained_transactions(books),
        explained_credits=explained_credits(books),
    )
    by_name = accounts or {"th": TH}
    settled = settle(books, scope.charges, by_name, context)
    return Judged(books, matching, scope, triage(books, matching, scope, context, ()), settled, by_name)


def column_breaks(judged: Judged, context: Context, *codes: str) -> list[Break]:
    """The breaks of these rules alone."""
    return list(find_breaks(judged, context, [rule for rule in CATALOGUE if rule.code in codes]))


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["charge", "refund", "dispute", "win", "part", "all", "wait", "wait"]),
        st.integers(2_000, 500_000),
        st.integers(0, 50),
    ),
    max_size=40,
)


def play(acts: list[tuple[str, int, int]]) -> Merchant:
    """What happens to a merchant: what, how much, and to which, or how long."""
    merchant = Merchant()
    for what, amount, which in acts:
        of: dict[str, Any] = merchant.charges[which % len(merchant.charges)] if merchant.charges else {}
        merchant.wait(timedelta(seconds=1 + which))
        if what == "charge":
            merchant.charge(amount)
        elif what == "refund" and of:
            merchant.refund(of, 1 + amount % of["amount"])
        elif what in ("dispute", "win") and of:
            merchant.dispute(of, won=what == "win")
        elif what == "part" and merchant.free() > 6_000:
            merchant.pay_out(3_001 + amount % (merchant.free() - 3_000))
        elif what == "all" and merchant.free() > 3_000:
            merchant.pay_out()
        elif what == "wait":
            merchant.wait(timedelta(hours=which))
    return merchant
