"""Pulls of one account, one after another: what they read again, what they notice, and what cuts them short."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from recon.sandbox.forms import stamp
from recon.sandbox.worlds.facts import Charge
from recon.sandbox.worlds.world import make_world
from recon.store import tables
from recon.store.engine import writing
from recon.store.versions.save import save_orders
from tests.kit.proxy import altered
from tests.kit.pulls import DAY, FAST, PulledStore, objects, truth
from tests.kit.sandbox import Faults, Sandbox, serve
from tests.kit.store_samples import orders, rejected

WORLD = make_world(7, date(2026, 3, 2), date(2026, 3, 8), 120, ("th",))
CHARGES = WORLD.books["th"].charges
FIRST = datetime(2026, 3, 9, tzinfo=UTC)
OLDEST = FIRST - 800 * DAY
LATER = FIRST + 30 * DAY  # then all of March's first days lie outside the window


@dataclass
class Pulling:
    server: Sandbox
    store: PulledStore

    async def pull(self, until: datetime, start: datetime | None = None, full: bool = False) -> Any:
        self.server.set_moment(until)
        return await self.store.pull(start or until - DAY, until, full=full)


@asynccontextmanager
async def pulling(folder: Path, moment: datetime = FIRST) -> AsyncIterator[Pulling]:
    async with serve(WORLD, moment=moment) as server:
        store = PulledStore(server.url, folder)
        try:
            yield Pulling(server, store)
        finally:
            store.store.dispose()


@pytest.fixture(scope="module")
def pulled_once(tmp_path_factory: pytest.TempPathFactory) -> PulledStore:
    """A store after its first pull, to be copied."""

    async def pulled(folder: Path) -> PulledStore:
        async with pulling(folder) as found:
            assert (await found.pull(FIRST, OLDEST)).failure == ""
            return found.store

    return asyncio.run(pulled(tmp_path_factory.mktemp("first")))


@pytest.fixture
async def first(tmp_path: Path, pulled_once: PulledStore) -> AsyncIterator[Pulling]:
    """A copy of a store after its first pull, with what its progress saw."""
    async with pulling(tmp_path) as found:
        shutil.copy(str(pulled_once.store.url.database), str(found.store.store.url.database))
        found.store.now, found.store.progress = pulled_once.now, deepcopy(pulled_once.progress)
        yield found


def final(since: datetime = OLDEST) -> Charge:
    """A plain charge of an age that is settled after the first days and has no part that may change."""
    at, oldest = int(FIRST.timestamp()), int(since.timestamp())
    plain = (c for c in CHARGES if c.status(at) == "successful" and not c.refunds and c.dispute is None)
    return next(c for c in plain if c.created > oldest)


def tell(server: Sandbox, key: str, data: Any, at: datetime, name: str = "evnt_test_made") -> None:
    event = {"object": "event", "id": name, "livemode": False, "key": key, "data": data}
    server.put("th", "events", event | {"created_at": stamp(int(at.timestamp()))})


def refund_made(server: Sandbox, at: datetime) -> str:
    """A refund of an old charge; only the refund's own event says so. The charge's id."""
    made = stamp(int(at.timestamp()))
    charge = server.get("th", "charges", final().id)
    refund = {
        "object": "refund",
        "id": "rfnd_test_made",
        "charge": charge["id"],
        "status": "closed",
        "livemode": False,
        "amount": 100,
        "currency": "THB",
        "funding_amount": 100,
        "funding_currency": "THB",
        "voided": False,
        "created_at": made,
    }
    server.put("th", "refunds", refund)
    server.put("th", "charges", charge | {"refunded_amount": 100})
    tell(server, "refund.create", refund, at)
    return str(charge["id"])


async def test_an_old_charge_that_an_event_names_is_read_again(first: Pulling) -> None:
    changed = first.server.get("th", "charges", final().id) | {"description": "corrected"}
    first.server.put("th", "charges", changed)
    assert (await first.pull(LATER)).failure == ""
    assert len(first.store.one("charge", changed["id"], "description")) == 1
    tell(first.server, "charge.update", changed, LATER + DAY)
    await first.pull(LATER + 2 * DAY)
    assert first.store.one("charge", changed["id"], "description")[-1] == ("corrected",)


async def test_a_refund_of_an_old_charge_brings_the_charge(first: Pulling) -> None:
    charge = refund_made(first.server, LATER - timedelta(hours=2))
    await first.pull(LATER)
    assert first.store.one("charge", charge, "refunded_amount") == [(0,), (100,)]


async def test_a_pull_of_an_old_range_brings_what_happened_since_too(first: Pulling) -> None:
    await first.pull(FIRST + 2 * DAY)
    charge = refund_made(first.server, LATER - timedelta(hours=2))
    first.server.set_moment(LATER)
    pulled = await first.store.pull(FIRST - 5 * DAY, LATER, end=FIRST - 4 * DAY)
    assert pulled.failure == ""
    known, held = first.store.known(), await truth(first.server, "th")
    assert known["refund"] == held["refund"]
    assert known["transaction"] == held["transaction"]
    assert known["charge"][charge] == held["charge"][charge]


async def test_a_refund_that_closes_in_silence_is_seen_in_refund_and_charge(tmp_path: Path) -> None:
    refund = max((r for c in CHARGES for r in c.refunds), key=lambda r: r.closed - r.created)
    between = datetime.fromtimestamp((refund.created + refund.closed) // 2, UTC)
    closed = datetime.fromtimestamp(refund.closed, UTC)
    async with pulling(tmp_path, between) as found:
        await found.pull(between, OLDEST)
        await found.pull(closed + 10 * DAY)
        assert found.store.one("refund", refund.id, "status") == [("pending",), ("closed",)]
        known, held = found.store.known(), await truth(found.server, "th")
        assert known["charge"][refund.charge.id] == held["charge"][refund.charge.id]


@pytest.mark.parametrize("refused", ["/transfers", f"/charges/{final().id}", "/balance"])
async def test_what_events_named_is_not_forgotten_when_the_pull_fails(first: Pulling, refused: str) -> None:
    """Beside the events' own list, which may then be stored or not, and at the charge and after it, when it is."""
    changed = first.server.get("th", "charges", final().id) | {"description": "corrected"}
    told = LATER - timedelta(hours=2)  # the next pull must not find it by its overlap alone
    tell(first.server, "charge.update", changed, told)
    first.server.set_moment(LATER)

    def refuse(request: web.Request, body: bytes) -> bytes | int:
        return 401 if request.path == refused else body

    async with altered(first.server.url, refuse) as url:
        first.store.url = url
        failed = await first.store.pull(LATER - DAY, LATER)
    assert failed.failure == "Omise refused the key"
    assert refused == "/transfers" or first.store.one("event", "evnt_test_made", "key") == [("charge.update",)]
    first.store.url = first.server.url
    first.server.put("th", "charges", changed)  # what the failed pull may have read of it was too early
    await first.pull(LATER + 10 * DAY)
    assert first.store.one("charge", changed["id"], "description")[-1] == ("corrected",)


async def test_a_charge_that_vanished_is_no_longer_current_and_its_past_stays(first: Pulling) -> None:
    id, before = final(FIRST - 2 * DAY).id, first.store.now
    kept = first.server.get("th", "charges", id)
    first.server.drop("th", "charges", id)
    assert (await first.pull(FIRST + timedelta(hours=1))).gone == 1
    assert id not in first.store.known()["charge"]
    assert id in first.store.known(before)["charge"]
    assert (await first.pull(FIRST + timedelta(hours=2))).gone == 0
    first.server.put("th", "charges", kept)
    pulled = await first.pull(FIRST + timedelta(hours=3))
    assert (pulled.new, pulled.gone) == (1, 0)
    assert id in first.store.known()["charge"]
    assert [seen == begun for seen, begun in first.store.one("charge", id, "seen_at", "first_seen_at")] == [
        True,
        True,
    ]


async def test_what_failed_is_read_again_while_its_order_waits(tmp_path: Path) -> None:
    since = int((FIRST - 9 * DAY).timestamp())
    late = next(c for c in CHARGES if c.failed_at and not c.paid_at and c.created > since)
    failed = datetime.fromtimestamp(late.failed_at or 0, UTC) + timedelta(seconds=1)
    async with pulling(tmp_path, failed) as found:
        await found.pull(failed, OLDEST)
        await found.pull(failed + 5 * DAY)
        known = found.server.get("th", "charges", late.id)
        found.server.put("th", "charges", known | {"status": "successful", "paid": True})  # and no event says so
        save_orders(found.store.store, orders({"order_id": "ord-1"}), rejected(), found.store.clock())
        found.store.lookback = 4 * DAY
        await found.pull(failed + 6 * DAY)
        assert found.store.one("charge", late.id, "status") == [("failed",)]
        with writing(found.store.store) as connection:
            connection.execute(tables.MATCH.insert().values(("th", "ord-1", "th", late.id, "charge_id")))
        await found.pull(failed + 6 * DAY)
        assert found.store.one("charge", late.id, "status") == [("failed",), ("successful",)]


async def test_no_object_is_asked_for_by_id_that_a_sweep_has_read(first: Pulling) -> None:
    stored = {id for kind in first.store.known().values() for id in kind}
    first.server.requests.clear()
    await first.pull(FIRST + timedelta(hours=1), OLDEST, full=True)
    assert [path for path in first.server.requests if path.split("/")[-1] in stored] == []


async def test_a_list_that_counts_more_than_it_gives_is_said(first: Pulling) -> None:
    def lie(request: web.Request, body: bytes) -> bytes:
        page = json.loads(body)
        return json.dumps(page | {"total": page["total"] + 1}).encode() if request.path == "/refunds" else body

    async with altered(first.server.url, lie) as url:
        first.store.url = url
        pulled = await first.pull(FIRST, FIRST - 3 * DAY)
    count = len([c for c in await objects(first.server, "th", "refund") if c["created_at"] >= "2026-03-03"])
    assert pulled.short == [f"refunds: Omise says {count + 1}, stored {count}"]


async def test_a_list_that_leaves_out_what_is_there_is_said(first: Pulling) -> None:
    id = final(FIRST - 2 * DAY).id
    made = first.server.get("th", "charges", id)["created_at"]

    def hide(request: web.Request, body: bytes) -> bytes:
        page = json.loads(body)
        if request.path != "/charges" or not request.query["from"] <= made <= request.query["to"]:
            return body
        rows = [one for one in page["data"] if one["id"] != id]
        return json.dumps(page | {"total": page["total"] - 1, "data": rows}).encode()

    async with altered(first.server.url, hide) as url:
        first.store.url = url
        pulled = await first.pull(FIRST, FIRST - 5 * DAY)
    assert pulled.short == ["charges: Omise's list lacks 1 that it gives by id"]
    assert id in first.store.known()["charge"]


FIFTH = {
    "busy": Faults(too_many=5),
    "gateway": Faults(bad_gateway=5),
    "dropped": Faults(drop=5),
    "cut": Faults(cut=5),
}


@pytest.mark.parametrize("kind", FIFTH)
async def test_a_fault_in_every_fifth_answer_leaves_the_same_store(first: Pulling, kind: str, tmp_path: Path) -> None:
    second = Pulling(first.server, PulledStore(first.server.url, tmp_path))
    second.server.set_faults(FIFTH[kind])
    pulled = await second.pull(FIRST, OLDEST)
    assert (pulled.failure, pulled.short) == ("", [])
    moments = ("seen_at", "first_seen_at", "superseded_at")
    assert second.store.rows(*moments) == first.store.rows(*moments)
    second.store.store.dispose()


async def test_a_pull_into_postgresql_is_the_truth_and_a_second_one_finds_nothing_new(tmp_path: Path) -> None:
    async with serve(WORLD, moment=FIRST) as server:
        store = PulledStore(server.url, tmp_path, database="postgresql")
        pulled = await store.pull(OLDEST, FIRST)
        assert (pulled.failure, pulled.short) == ("", [])
        assert store.known() == await truth(server, "th")
        again = await store.pull(FIRST - DAY, FIRST)
        assert (again.new, again.changed, again.gone) == (0, 0, 0)
        store.store.dispose()


async def test_a_pull_ends_at_its_deadline_and_the_next_one_goes_on(tmp_path: Path) -> None:
    is_over = asyncio.Event()

    async def hold(request: web.Request, body: bytes) -> bytes:
        if request.path == "/transactions":
            await is_over.wait()
        return body

    async with pulling(tmp_path) as found:
        async with altered(found.server.url, hold) as url:
            found.store.url = url
            found.store.limits = replace(FAST, deadline_s=0.7)
            assert "deadline of 0.7 s" in (await found.pull(FIRST, OLDEST)).failure
            is_over.set()
        assert found.store.rows()["charge"]
        assert not found.store.rows()["transaction"]
        found.store.url, found.store.limits = found.server.url, FAST
        assert (await found.pull(FIRST, OLDEST)).failure == ""
        assert found.store.known() == await truth(found.server, "th")


async def test_a_live_object_among_test_objects_ends_this_accounts_pull_only(first: Pulling) -> None:
    with writing(first.store.store) as connection:
        values = {"name": "th", "omise_id": "a", "country": "TH", "currency": "THB", "livemode": False}
        connection.execute(tables.ACCOUNT.insert().values(**values, first_seen_at=first.store.now))
    first.server.put("th", "charges", first.server.get("th", "charges", final().id) | {"livemode": True})
    pulled = await first.pull(FIRST, OLDEST, full=True)
    assert pulled.failure.startswith('account "th" is test in this store')


async def test_a_balance_is_stored_with_the_transactions_that_it_counts(first: Pulling) -> None:
    until = FIRST + timedelta(hours=1)
    moved: list[str] = []

    def meanwhile(request: web.Request, body: bytes) -> bytes:
        if request.path == "/balance" and not moved:
            moved.append(request.path)
            plain = {"object": "transaction", "livemode": False, "amount": 7, "currency": "THB", "key": "made"}
            first.server.put(
                "th",
                "transactions",
                plain | {"id": "trxn_test_made", "direction": "credit", "created_at": stamp(int(until.timestamp()))},
            )
            first.server.say("th", "balance", {"total": 7})
        return body

    async with altered(first.server.url, meanwhile) as url:
        first.store.url = url
        await first.pull(until)
    assert first.store.one("transaction", "trxn_test_made", "amount") == [(7,)]
    with writing(first.store.store) as connection:
        readings = connection.execute(tables.BALANCE.select().order_by(tables.BALANCE.c.read_at)).all()
    assert [row.total for row in readings][-1] == 7
    assert len(readings) == 2


async def test_a_balance_that_never_stands_still_is_not_stored(first: Pulling) -> None:
    count = iter(range(100))

    def move(request: web.Request, body: bytes) -> bytes:
        return json.dumps(json.loads(body) | {"total": next(count)}).encode() if request.path == "/balance" else body

    async with altered(first.server.url, move) as url:
        first.store.url = url
        assert (await first.pull(FIRST)).failure == ""
    with writing(first.store.store) as connection:
        assert len(connection.execute(tables.BALANCE.select()).all()) == 1


async def test_progress_names_account_and_resource_and_reaches_the_total(first: Pulling) -> None:
    charges = len(await objects(first.server, "th", "charge"))
    told = first.store.progress
    assert told.done["th charges"] == (charges, charges)
    assert {"th charges", "th refunds", "th transactions", "th balance"} <= set(told.finished)
    await first.pull(LATER)
    again = [name for name in told.done if name.endswith("again")]
    assert "th charges again" in again
    assert all(done == total for done, total in (told.done[name] for name in again))


async def test_a_cancelled_pull_leaves_nothing_running(first: Pulling) -> None:
    first.server.set_faults(Faults(latency_s=0.05))
    before = asyncio.all_tasks()
    pull = asyncio.ensure_future(first.pull(LATER, OLDEST))
    await asyncio.sleep(0.15)
    pull.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pull
    left = [task for task in asyncio.all_tasks() - before if "aiohttp" not in repr(task)]  # the server has its own
    assert left == []


async def test_an_odd_object_is_named_and_everything_else_is_stored(first: Pulling) -> None:
    good = final(FIRST - 2 * DAY).id
    server = first.server
    server.put("th", "charges", server.get("th", "charges", good) | {"id": "chrg_test_odd", "amount": "Somchai"})
    server.put("th", "charges", server.get("th", "charges", good) | {"id": "chrg_test_new"})
    pulled = await first.pull(FIRST, FIRST - 5 * DAY)
    assert pulled.failure == ""
    assert pulled.short[0].startswith("charges: Omise says ")
    assert pulled.short[1:] == [
        "charges: 1 kept aside, of another shape than Omise documents: "
        "chrg_test_odd (Expected `int`, got `str` - at `$.amount`)"
    ]
    assert "chrg_test_new" in first.store.known()["charge"]
    assert "chrg_test_odd" not in first.store.known()["charge"]


async def test_a_ledger_row_in_another_currency_is_named_and_adds_up_to_nothing(first: Pulling) -> None:
    booked = first.server.get("th", "charges", final(FIRST - 2 * DAY).id)["transaction"]
    row = first.server.get("th", "transactions", booked)
    first.server.put("th", "transactions", row | {"id": "trxn_test_usd", "currency": "USD"})
    pulled = await first.pull(FIRST, FIRST - 5 * DAY)
    assert pulled.short[-1] == (
        "transactions: 1 kept aside, of another shape than Omise documents: "
        "trxn_test_usd (it is in USD, the account settles in THB)"
    )
    assert "trxn_test_usd" not in first.store.known()["transaction"]


async def test_a_known_object_that_turns_odd_stays_as_it_was_known(first: Pulling) -> None:
    id = final(FIRST - 2 * DAY).id
    first.server.put("th", "charges", first.server.get("th", "charges", id) | {"net": None})
    tell(first.server, "charge.update", {"id": id, "object": "charge"}, FIRST)
    pulled = await first.pull(FIRST + timedelta(hours=1))
    assert [words for words in pulled.short if id in words and "$.net" in words]
    assert pulled.gone == 0
    assert id in first.store.known()["charge"]


async def test_what_omise_does_not_know_any_more_is_a_note(first: Pulling) -> None:
    assert (await first.pull(FIRST)).notes == {}
    first.server.drop("th", "charges", final(FIRST - 2 * DAY).id)
    assert (await first.pull(FIRST + timedelta(hours=1))).notes == {
        "objects that were stored and that Omise does not know any more (their versions are kept)": 1
    }
