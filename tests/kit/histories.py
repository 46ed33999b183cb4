"""Random histories of an account: objects of every kind that change in any way at any age, told of or in silence."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from recon.sandbox.forms import stamp
from recon.sandbox.worlds.world import make_world
from recon.store.engine import from_micros
from tests.kit.pulls import DAY, PulledStore, asked, objects, truth
from tests.kit.sandbox import Sandbox, serve

WORLD = make_world(7, date(2026, 3, 2), date(2026, 3, 11), 90, ("th",))
START = datetime(2026, 3, 10, tzinfo=UTC)
LOOKBACK = 6 * DAY
LISTS = ("charges", "refunds", "disputes", "transfers", "transactions")
Node = dict[str, Any]
NO_REFUNDS = {"object": "list", "data": []}


@dataclass
class History:
    """Changes an account of a sandbox by chance; `untold` are the ids that neither event nor transaction named.

    Of late objects and vanished ones a history has one sort: both in one list leave its total as it was.
    """

    server: Sandbox
    name: str
    random: Random
    untold: set[str] = field(default_factory=set)
    vanished: set[str] = field(default_factory=set)
    made: int = 0
    nodes: dict[str, dict[str, Node]] = field(default_factory=dict)  # what exists now, by list and id

    def __post_init__(self) -> None:
        come_or_go = self.random.choice((self.come_late, self.vanish))
        told = (self.succeed, self.fail, self.refund, self.dispute, self.pay_out)
        self.kinds: tuple[Callable[[datetime], None], ...] = (*told, self.edit, come_or_go)

    async def go_on(self, now: datetime) -> None:
        """A few changes at a moment, which is the server's."""
        for name in LISTS:
            listed = await objects(self.server, self.name, name.removesuffix("s"))
            self.nodes[name] = {node["id"]: node for node in listed}
        for _ in range(self.random.randint(0, 4)):
            self.random.choice(self.kinds)(now)

    def succeed(self, now: datetime) -> None:
        """A charge that had not been paid is paid, which makes a transaction."""
        charge = self.any_of("charges", lambda charge: charge["status"] in ("pending", "failed", "expired"))
        if charge:
            transaction = self.move(now, charge["id"], "credit", charge["net"])
            self.put("charges", charge | {"status": "successful", "paid": True, "transaction": transaction})
            self.tell_perhaps("charge.complete", charge, now)

    def fail(self, now: datetime) -> None:
        """A pending charge fails, often without an event."""
        charge = self.any_of("charges", lambda charge: charge["status"] == "pending")
        if charge:
            self.put("charges", charge | {"status": "failed", "failure_code": "timeout"})
            self.tell_perhaps("charge.complete", charge, now)

    def edit(self, now: datetime) -> None:
        """Somebody writes into a charge, whatever it is."""
        charge = self.any_of("charges")
        if charge:
            self.put("charges", charge | {"description": self.new_id("Order")})
            if not self.tell_perhaps("charge.update", charge, now) and charge["status"] != "pending":
                self.untold.add(charge["id"])

    def refund(self, now: datetime) -> None:
        """A refund, with its transaction, or one that closes in silence some night later."""
        charge = self.any_of("charges", lambda charge: charge["status"] == "successful")
        waiting = self.any_of("refunds", lambda refund: refund["status"] == "pending")
        if waiting:
            self.stand_still(waiting["charge"])
            self.put("refunds", waiting | {"status": self.random.choice(("closed", "failed"))})
        elif charge:
            refund_id = self.new_id("rfnd")
            money = {name: charge[name] for name in ("currency", "funding_currency")}
            refund = {"object": "refund", "id": refund_id, "charge": charge["id"], "livemode": False, "voided": False}
            refund |= {"amount": 100, "funding_amount": 100, "created_at": text(now), "metadata": {}} | money
            refund["status"] = self.random.choice(("pending", "closed"))
            refund["transaction"] = self.move(now, refund_id, "debit", 100)
            self.put("refunds", refund)
            self.put("charges", charge | {"refunded_amount": charge["refunded_amount"] + 100})
            self.tell_perhaps("refund.create", refund, now)

    def dispute(self, now: datetime) -> None:
        """An open dispute is lost without a word, or won with a transaction."""
        dispute = self.any_of("disputes", lambda dispute: dispute["status"] in ("open", "pending"))
        if dispute:
            self.stand_still(dispute["charge"])
            status = self.random.choice(("won", "lost"))
            if status == "won":
                self.move(now, dispute["id"], "credit", dispute["funding_amount"])
            self.put("disputes", dispute | {"status": status, "closed_at": text(now)})

    def pay_out(self, _now: datetime) -> None:
        """A transfer that was on its way fails in silence."""
        transfer = self.any_of(
            "transfers", lambda transfer: not transfer["paid"] and transfer["failure_code"] is None
        )
        if transfer:
            self.put("transfers", transfer | {"failure_code": "transfer_failed", "failure_message": "failed"})

    def come_late(self, now: datetime) -> None:
        """A charge that the list shows hours or days after it was made."""
        like = self.any_of("charges")
        if like:
            made_at = text(now - timedelta(hours=self.random.randint(0, 100)))
            plain: Node = {"status": "failed", "transaction": None, "dispute": None, "refunds": NO_REFUNDS}
            plain |= {"paid": False, "refunded_amount": 0, "metadata": {}, "description": None}
            self.put("charges", like | plain | {"id": self.new_id("chrg"), "created_at": made_at})

    def vanish(self, _now: datetime) -> None:
        """A charge that nothing else names is gone."""
        charge = self.any_of(
            "charges", lambda charge: charge["status"] in ("failed", "expired") and not charge["transaction"]
        )
        if charge:
            self.server.drop(self.name, "charges", charge["id"])
            del self.nodes["charges"][charge["id"]]
            self.vanished.add(charge["id"])

    def move(self, now: datetime, origin: str, direction: str, amount: int) -> str:
        """A new transaction of the account; its id."""
        transaction_id = self.new_id("trxn")
        like = self.any_of("transactions") or {}
        moved = {"id": transaction_id, "origin": origin, "direction": direction, "amount": amount}
        moments = {"created_at": text(now), "transferable_at": text(now)}
        self.put("transactions", like | moved | moments)
        return transaction_id

    def tell_perhaps(self, key: str, data: Node, now: datetime) -> bool:
        """An event in two cases of three; whether there was one."""
        if self.random.random() < 1 / 3:
            return False
        event = {"object": "event", "id": self.new_id("evnt"), "livemode": False, "key": key, "data": data}
        self.put("events", event | {"created_at": text(now)})
        return True

    def any_of(self, kind: str, fits: Callable[[Node], bool] = lambda _: True) -> Node | None:
        """Some object of a list that fits; null where there is none."""
        fitting = [node for node in self.nodes[kind].values() if fits(node)]
        return self.random.choice(fitting) if fitting else None

    def stand_still(self, charge_id: str) -> None:
        """The world changes this charge no more: what is done to its parts by hand it would not know of."""
        charge = self.nodes["charges"].get(charge_id)
        if charge:
            self.put("charges", charge)

    def put(self, kind: str, node: Node) -> None:
        """The object as it is from now on."""
        self.server.put(self.name, kind, node)
        self.nodes.setdefault(kind, {})[node["id"]] = node

    def new_id(self, prefix: str) -> str:
        """An id that nothing has."""
        self.made += 1
        return f"{prefix}_test_made{self.made}"


def text(moment: datetime) -> str:
    """A moment as Omise writes it."""
    return stamp(int(moment.timestamp()))


@dataclass
class Nights(PulledStore):
    """A store that is pulled night after night, on the nights' own clock."""

    lookback: timedelta = LOOKBACK
    sweep_again: timedelta = 2 * DAY

    async def night(self, server: Sandbox, until: datetime, requests: int = 0) -> None:
        """The pull of a night at a moment; with `requests` it is cut short after so many."""
        server.set_moment(until)
        self.now = until
        pulling = asyncio.ensure_future(self.pull(until - DAY, until))
        if requests:
            await asked(server, requests, pulling)
            pulling.cancel()
            await asyncio.gather(pulling, return_exceptions=True)
            return
        pulled = await pulling
        assert (pulled.failure, pulled.short) == ("", [])

    async def differing(self, server: Sandbox) -> dict[str, str]:
        """What the store does not know as the server says it now: ids, with when each was made."""
        known = self.known()
        made_at = {}
        for kind, held in (await truth(server, self.name)).items():
            ids = {object_id for object_id, _ in known[kind].items() ^ held.items()}
            for object_id in ids:
                [(created, *_), *_] = self.one(kind, object_id, "created_at") or [(0,)]
                made_at[object_id] = text(from_micros(created))
        return made_at


async def pulled_once(folder: Path) -> Path:
    """A store after a first pull of everything, to be copied."""
    async with serve(WORLD, moment=START) as server:
        store = Nights(server.url, folder)
        store.now = START
        await store.pull(START - 800 * DAY, START)
        store.store.dispose()
    return Path(store.store.url.database or "")


async def lived(folder: Path, first: Path, seed: int, nights: int = 4, cut_after: int = 0) -> None:
    """One history after a first pull: what nights know after some changes, and after `sweep_again` without any.

    With `cut_after` each night is first cut short after so many requests. In the end a sweep of everything finds
    nothing that the nights did not know, so that whatever is judged is judged alike.
    """
    async with serve(WORLD, moment=START) as server:
        store = Nights(server.url, folder)
        shutil.copy(first, store.store.url.database or "")
        history = History(server, store.name, Random(seed))
        now = START
        for night in range(nights + store.sweep_again // DAY):
            if night < nights:
                await history.go_on(now + DAY / 2)
            now += DAY
            if cut_after:
                await store.night(server, now, cut_after)
            await store.night(server, now)
            differ = await store.differing(server)
            assert differ.keys() <= history.untold | history.vanished
            unseen = {object_id for object_id, made_at in differ.items() if made_at >= text(now - DAY - LOOKBACK)}
            assert unseen <= history.untold if night < nights else not unseen, unseen
        full = await store.pull(now - DAY, now, full=True)
        assert (full.failure, full.new, full.changed, full.gone) == ("", 0, 0, 0)
        store.store.dispose()


def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of more than a page each, so that totals and turns have something to do."""
    monkeypatch.setattr("recon.omise.pull.PAGE", 10)
    monkeypatch.setattr("recon.store.versions.counting.PAGE", 10)
    monkeypatch.setattr("jobs.run.sweeps.totals.LEAF", 20)
