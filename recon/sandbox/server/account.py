"""One account as the server sees it: its rows, its ledger, and what was made by hand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from recon.sandbox.forms import Body
from recon.sandbox.server.lists import ObjectList
from recon.sandbox.server.profile import ApiError
from recon.sandbox.worlds.countries import Account
from recon.sandbox.worlds.events import moments
from recon.sandbox.worlds.facts import Charge, Dispute, Event, Refund, Thing, Transaction
from recon.sandbox.worlds.payouts import Ledger
from recon.sandbox.worlds.tariff import DAY
from recon.sandbox.worlds.world import AccountBooks

# Lists that a world has no rows for.
EMPTY = ("customers", "recipients", "links", "schedules")
Made = Charge | Refund | Dispute
LIST_OF: Mapping[type[Thing], str] = {
    Charge: "charges",
    Refund: "refunds",
    Dispute: "disputes",
    Transaction: "transactions",
    Event: "events",
}


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """What was asked for: where the server is, the path, its parts, and the parameters."""

    base: str
    path: str
    parts: Mapping[str, str]
    params: Mapping[str, str]


class AccountServer:
    """One account's rows by list; `sources` and `tokens` wait for their charge, `undelivered` events for a webhook.

    `start` is when the server begins, epoch seconds: what the world's events told before it was delivered or lost.
    """

    def __init__(self, books: AccountBooks, start: int) -> None:
        self.account: Account = books.account
        self.lists = {kind: ObjectList(rows) for kind, rows in books.kinds().items()}
        self.lists |= {kind: ObjectList(()) for kind in EMPTY}
        self.sources: dict[str, Body] = {}
        self.tokens: dict[str, Body] = {}
        self.charged: dict[str, Charge] = {}  # by source or token
        self.undelivered = [event for event in books.events if event.created > start]
        self._ledger: Ledger | None = None
        self._balance_error = books.balance_error
        self._numbers = count(1)
        self._planned: dict[str, list[Transaction | Event]] = {}

    @property
    def ledger(self) -> Ledger:
        """The balance at any moment."""
        if self._ledger is None:
            self._ledger = Ledger(row for row in self.lists["transactions"] if isinstance(row, Transaction))
        return self._ledger

    def balance_error(self, now: int) -> int:
        """By how much the balance is said to be more than it is."""
        since, amount = self._balance_error
        return amount if now >= since else 0

    def make_id(self, prefix: str) -> str:
        """An id that nothing else has."""
        name = self.account.name
        return f"{prefix}_test_{name}{next(self._numbers):0{19 - len(name)}d}"

    def find(self, kind: type[Any], id: str, now: int) -> Any:
        """The object of an id, made by facts; raises ApiError as Omise does where there is none."""
        row = self.lists[LIST_OF[kind]].find(id, now)
        if not isinstance(row, kind):
            raise ApiError("not_found", f"{kind.__name__.lower()} {id} was not found", 404)
        return row

    def put(self, made: Made, now: int) -> None:
        """What was made or changed by hand, with its bookings and events, those to come included."""
        rows = self.lists[LIST_OF[type(made)]]
        is_new = rows.find(made.id, made.created) is None
        rows.put(made)
        for planned in self._planned.pop(made.id, ()):
            if planned.created > now:  # it may not come any more
                self.lists[LIST_OF[type(planned)]].drop(planned.id)
        self._planned[made.id] = [row for row in _follow_ups(made) if is_new or row.created >= now]
        for row in self._planned[made.id]:
            listed = self.lists[LIST_OF[type(row)]]
            if listed.find(row.id, row.created) is None:
                listed.put(row)
                if isinstance(row, Event):
                    self.undelivered.append(row)
        self._ledger = None

    def report(self, key: str, subject: Made, now: int) -> None:
        """An event that does not follow from an object's life."""
        event = Event(self.make_id("evnt"), now, key, subject, None)
        self.lists["events"].put(event)
        self.undelivered.append(event)


def _follow_ups(made: Made) -> Iterator[Transaction | Event]:
    match made:
        case Dispute():
            yield from made.transactions
        case Refund():
            at = made.created
            account = made.charge.account
            key = "refund.voided.debit" if made.voided else "refund.created.debit"  # synthetic: never seen
            yield Transaction(made.transaction, at, account, made.funding, "debit", key, made.id, at)
        case Charge(paid_at=int(at)):
            net = made.funding(at) - made.costs(at).total
            free = at + made.method.hold_days * DAY
            key = "charge.captured.net"
            yield Transaction(made.transaction, at, made.account, net, "credit", key, made.id, free)
    for number, (at, key) in enumerate(sorted(moments(made))):
        yield Event(f"evnt_test_{made.id[10:]}{number}", at, key, made, None)
