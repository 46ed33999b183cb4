"""Sweeps and re-reads against a small loopback Omise whose lists move, shrink and fail while they are read."""

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web

from recon.model import Malformed, Window
from recon.omise.client import Client, KeyRefused, Limits, NotFound, open_client
from recon.omise.marks import StoredMarks, marks_of
from recon.omise.pull import Batch, ClosedWindow, Missing, account, balance, fetch, sweep
from recon.omise.scrub import Scrub
from tests.recon.omise.test_client import FAST, FAULTS, KEY, fault, serve
from tests.recon.omise.test_objects import Json, charge, transfer

START = datetime(2026, 2, 1, tzinfo=UTC)
HOUR = Window(START, START + timedelta(hours=1))
SCRUB = Scrub(None)


def stamp(second: float) -> str:
    return (START + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def charges(count: int, every_s: float = 1.0) -> list[Json]:
    return [charge(id=f"chrg_{n:05d}", created_at=stamp(n * every_s)) for n in range(count)]


@dataclass
class Omise:
    """Lists as Omise answers them. `meanwhile` is called with the number of each request, from 1."""

    lists: dict[str, list[Json]]
    page_most: int = 100
    from_inclusive: bool = True
    to_inclusive: bool = True
    meanwhile: Callable[[int], None] = lambda _: None
    faulty: Callable[[int], str | None] = lambda _: None
    asked: list[web.Request] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        number = len(self.asked)
        self.meanwhile(number)
        name, *rest = request.path.strip("/").split("/")
        found = self.one(name, rest) if rest else self.page(name, request)
        if found is None:
            return web.json_response({"object": "error", "code": "not_found"}, status=404)
        body = json.dumps(found).encode()
        wrong = self.faulty(number)
        return await fault(wrong, request, body) if wrong else web.Response(body=body)

    def one(self, name: str, rest: list[str]) -> Json | None:
        if len(rest) == 3:
            rows = self.one(name, rest[:1])
            return next((row for row in (rows or {}).get("refunded", []) if row["id"] == rest[2]), None)
        return next((row for row in self.lists.get(name, []) if row["id"] == rest[0]), None)

    def page(self, name: str, request: web.Request) -> Json | None:
        if name not in self.lists:
            return None
        query = request.query
        rows = sorted(self.lists[name], key=lambda row: (row["created_at"], row["id"] or ""))
        edges = {query["from"]: self.from_inclusive, query["to"]: self.to_inclusive}
        within = [
            row
            for row in rows
            if query["from"] <= row["created_at"] <= query["to"] and edges.get(row["created_at"], True)
        ]
        offset, limit = int(query["offset"]), min(int(query["limit"]), self.page_most)
        return {"object": "list", "total": len(within), "data": within[offset : offset + limit], "limit": limit}


async def swept(
    omise: Omise, kind: str = "charge", window: Window = HOUR, **more: Any
) -> list[Batch | Malformed | ClosedWindow]:
    async with serve(omise.answer) as url, open_client(url, KEY, FAST) as client:
        return [item async for item in sweep(client, kind, window, SCRUB, **more)]


def ids(items: list[Any]) -> list[str]:
    return [row.id for item in items if isinstance(item, Batch) for row in item.rows]


def closed(items: list[Any]) -> list[ClosedWindow]:
    return [item for item in items if isinstance(item, ClosedWindow)]


@pytest.mark.parametrize("count", [0, 1, 100, 101, 1050])
async def test_a_window_comes_whole_and_in_order(count: int) -> None:
    items = await swept(Omise({"charges": charges(count)}))
    assert ids(items) == [row["id"] for row in charges(count)]
    assert closed(items) == [ClosedWindow("charge", HOUR, count, count)]
    assert items[-1] == closed(items)[0]


@pytest.mark.parametrize("edges", [{}, {"from_inclusive": False}, {"to_inclusive": False}])
async def test_both_edges_are_inside_whatever_omise_means_by_from_and_to(edges: dict[str, Any]) -> None:
    rows = [charge(id=f"chrg_{second}", created_at=stamp(second)) for second in (0, 1, 3599, 3600)]
    window = Window(START, HOUR.end - timedelta(microseconds=1))
    items = await swept(Omise({"charges": rows}, **edges), window=window)
    assert {"chrg_0", "chrg_1", "chrg_3599"} <= set(ids(items))
    assert closed(items)[0].total == closed(items)[0].seen


async def test_a_server_that_gives_smaller_pages() -> None:
    items = await swept(Omise({"charges": charges(50)}, page_most=20))
    assert ids(items) == [row["id"] for row in charges(50)]


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_fault_in_every_fifth_answer_changes_nothing(kind: str) -> None:
    clean = await swept(Omise({"charges": charges(1050)}))
    faulty = await swept(Omise({"charges": charges(1050)}, faulty=lambda number: None if number % 5 else kind))
    assert faulty == clean


async def test_a_list_that_grows_while_it_is_read_is_read_again() -> None:
    omise = Omise({"charges": charges(250)})
    late = charge(id="chrg_late", created_at=stamp(10.5))
    omise.meanwhile = lambda number: omise.lists["charges"].append(late) if number == 3 else None
    items = await swept(omise)
    assert set(ids(items)) == {row["id"] for row in omise.lists["charges"]}
    assert closed(items) == [ClosedWindow("charge", HOUR, 251, 251)]


async def test_a_list_that_shrinks_while_it_is_read_is_read_again() -> None:
    rows = [transfer(id=f"trsf_{n:03d}", created_at=stamp(n)) for n in range(250)]
    omise = Omise({"transfers": rows})
    omise.meanwhile = lambda number: omise.lists["transfers"].__delitem__(0) if number == 2 else None
    items = await swept(omise, "transfer")
    assert {row["id"] for row in omise.lists["transfers"]} <= set(ids(items))
    assert closed(items) == [ClosedWindow("transfer", HOUR, 249, 249)]


async def test_a_list_that_never_stands_still_is_told_as_such() -> None:
    omise = Omise({"charges": charges(250)})
    omise.meanwhile = lambda number: omise.lists["charges"].append(
        charge(id=f"chrg_late{number}", created_at=stamp(3000))
    )
    last = closed(await swept(omise))[-1]
    assert last.total != last.seen
    assert len(omise.asked) == 6 * 4


async def test_a_list_that_counts_more_than_it_gives_is_told_as_such() -> None:
    twins = [charge(id="chrg_same", created_at=stamp(1)) for _ in range(3)]
    assert closed(await swept(Omise({"charges": twins}))) == [ClosedWindow("charge", HOUR, 3, 1)]


async def test_a_row_that_came_twice_in_place_of_another_is_noticed() -> None:
    rows = charges(3)
    omise = Omise({"charges": [rows[0], rows[1], rows[1]]})
    omise.meanwhile = lambda number: omise.lists.update(charges=rows) if number == 2 else None
    items = await swept(omise)
    assert set(ids(items)) == {row["id"] for row in rows}
    assert closed(items) == [ClosedWindow("charge", HOUR, 3, 3)]


async def test_a_large_window_is_split_and_no_offset_is_deep() -> None:
    omise = Omise({"charges": charges(1200, every_s=3.0)})
    items = await swept(omise, split_over=150)
    assert set(ids(items)) == {row["id"] for row in omise.lists["charges"]}
    parts = sorted((item.window.start, item.window.end) for item in closed(items))
    assert parts[0][0] == HOUR.start
    assert parts[-1][1] == HOUR.end
    assert all(before[1] == after[0] for before, after in pairwise(parts))
    assert all(item.total == item.seen <= 150 for item in closed(items))
    assert max(int(request.query["offset"]) for request in omise.asked) <= 100


async def test_a_second_is_not_split() -> None:
    crowd = [charge(id=f"chrg_{n:04d}", created_at=stamp(1800)) for n in range(300)]
    items = await swept(Omise({"charges": crowd}), split_over=50)
    assert set(ids(items)) == {row["id"] for row in crowd}
    assert all(item.total == item.seen for item in closed(items))


async def test_an_account_without_receipts_has_none_and_other_lists_must_exist() -> None:
    assert await swept(Omise({}), "receipt") == [ClosedWindow("receipt", HOUR, 0, 0)]
    with pytest.raises(NotFound):
        await swept(Omise({}), "charge")


async def test_a_key_refused_in_the_middle_is_told_as_it_is() -> None:
    omise = Omise({"charges": charges(1050)})

    async def refuse(request: web.Request) -> web.StreamResponse:
        return await omise.answer(request) if len(omise.asked) < 3 else web.Response(status=401)

    async with serve(refuse) as url, open_client(url, KEY, FAST) as client:
        with pytest.raises(KeyRefused):
            [item async for item in sweep(client, "charge", HOUR, SCRUB, split_over=200)]
        left = [task for task in asyncio.all_tasks() if "aiohttp" not in repr(task)]  # the server has its own
        assert left == [asyncio.current_task()]


async def test_a_reader_that_stops_leaves_nothing_running_and_reads_little_ahead() -> None:
    omise = Omise({"charges": charges(3500)}, page_most=10)
    async with serve(omise.answer) as url, open_client(url, KEY, FAST) as client:
        async with aclosing(sweep(client, "charge", HOUR, SCRUB)) as items:
            async for _ in items:
                before = -1
                while before != len(omise.asked):  # until it reads no further
                    before = len(omise.asked)
                    await asyncio.sleep(0.05)
                break
        asked = len(omise.asked)
        await asyncio.sleep(0.05)
        assert len(omise.asked) == asked < 40


class Refusing:
    """A client of a list of many pages whose third answer refuses the key."""

    concurrency = 1

    def __init__(self) -> None:
        self.asked = 0

    async def get(self, *asked: Any) -> Any:
        self.asked += 1
        if self.asked > 2:
            await asyncio.sleep(0)
            raise KeyRefused("refused")
        return asked[-1](json.dumps({"object": "list", "total": 900, "data": charges(100)}).encode())


@pytest.mark.parametrize("steps", range(8))
async def test_a_reader_that_stops_as_the_key_is_refused_comes_to_its_end(steps: int) -> None:
    client: Any = Refusing()
    first = asyncio.Event()

    async def read() -> None:
        async with aclosing(sweep(client, "charge", HOUR, SCRUB)) as items:
            async for _ in items:
                first.set()
                await asyncio.sleep(60)

    reader = asyncio.create_task(read())
    await first.wait()
    for _ in range(steps):  # of the event loop: at one of them the refusal is under way
        await asyncio.sleep(0)
    reader.cancel()
    done, _ = await asyncio.wait([reader], timeout=5)
    assert done


async def test_progress_ends_at_the_total() -> None:
    told: list[tuple[str, int, int]] = []
    await swept(Omise({"charges": charges(250)}), progress=lambda *each: told.append(each))
    assert told == [("charge", 100, 250), ("charge", 200, 250), ("charge", 250, 250)]


async def reread(omise: Omise, kind: str, wanted: list[Any]) -> list[Any]:
    async with serve(omise.answer) as url, open_client(url, KEY, FAST) as client:
        return [item async for item in fetch(client, kind, wanted, SCRUB)]


async def test_objects_by_id_in_order_and_the_ones_that_are_gone() -> None:
    omise = Omise({"charges": charges(30)})
    wanted = [f"chrg_{n:05d}" for n in range(20, 40)]
    items = await reread(omise, "charge", wanted)
    assert ids(items) == wanted[:10]
    assert items[10:] == [Missing("charge", missing) for missing in wanted[10:]]


async def test_a_refund_is_asked_for_below_its_charge() -> None:
    refund = {
        "object": "refund",
        "id": "rfnd_1",
        "livemode": True,
        "charge": "chrg_1",
        "status": "closed",
        "amount": 1,
        "currency": "THB",
        "funding_amount": 1,
        "funding_currency": "THB",
        "voided": False,
        "created_at": stamp(0),
    }
    omise = Omise({"charges": [charge() | {"refunded": [refund]}]})
    items = await reread(omise, "refund", [("chrg_1", "rfnd_1"), ("chrg_1", "rfnd_2")])
    assert ids(items) == ["rfnd_1"]
    assert items[1] == Missing("refund", "rfnd_2")
    assert omise.asked[0].path == "/charges/chrg_1/refunds/rfnd_1"


async def test_what_is_no_id_is_never_asked_for() -> None:
    omise = Omise({"charges": charges(1)})
    odd = ["", "..", "../account", "a b", "chrg_1?expand=true", "注文"]
    assert await reread(omise, "charge", odd) == [Missing("charge", text) for text in odd]
    assert omise.asked == []


async def test_a_gateways_404_is_no_object_gone() -> None:
    async def elsewhere(_: web.Request) -> web.Response:
        return web.Response(status=404, text="<html>nginx</html>")

    async with serve(elsewhere) as url, open_client(url, KEY, FAST) as client:
        with pytest.raises(NotFound):
            [item async for item in fetch(client, "charge", ["chrg_1"], SCRUB)]


async def test_account_and_balance() -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/account":
            return web.json_response({"id": "account_1", "country": "JP", "currency": "JPY", "livemode": True})
        return web.json_response({"currency": "JPY", "total": 9, "transferable": 5, "reserve": 0, "on_hold": 4})

    async with serve(answer) as url, open_client(url, KEY, FAST) as client:
        facts, money = await account(client), await balance(client)
    assert (facts.country, facts.livemode) == ("JP", True)
    assert (money.total, money.on_hold) == (9, 4)


async def test_one_client_serves_many_sweeps_within_its_limits() -> None:
    omise = Omise({"charges": charges(300), "transfers": []})
    limits = Limits(requests_per_second=math.inf, concurrency=4, backoff_s=0.001)

    async def all_of(client: Client, kind: str) -> list[Batch | Malformed | ClosedWindow]:
        return [item async for item in sweep(client, kind, HOUR, SCRUB)]

    async with serve(omise.answer) as url, open_client(url, KEY, limits) as client:
        found = await asyncio.gather(*(all_of(client, kind) for kind in ("charge", "transfer", "receipt")))
    assert [closed(items)[0].seen for items in found] == [300, 0, 0]


@pytest.mark.parametrize("id", ["chrg_odd", None])
async def test_an_odd_object_is_kept_aside_and_costs_no_second_reading(id: str | None) -> None:
    rows = charges(250)
    rows[120] |= {"id": id, "amount": "much"}
    omise = Omise({"charges": rows})
    items = await swept(omise)
    odd = [item for item in items if isinstance(item, Malformed)]
    assert [(one.kind, one.id) for one in odd] == [("charge", id or "")]
    assert ids(items) == [row["id"] for row in charges(250) if row["id"] != "chrg_00120"]
    assert [(part.total, part.seen, part.malformed, len(part.ids)) for part in closed(items)] == [(250, 249, 1, 250)]
    assert len(omise.asked) == 4


@pytest.mark.parametrize("place", [0, 120, 249])
async def test_an_odd_object_that_does_not_say_when_it_was_made_stands_between_its_neighbours(place: int) -> None:
    rows = charges(250)
    rows[place]["created_at"] = stamp(place)[:-1] + "?"
    [odd] = [item for item in await swept(Omise({"charges": rows})) if isinstance(item, Malformed)]
    second = timedelta(seconds=1)
    before = START + (place - 1) * second
    after = START + (place + 1) * second if place < 249 else HOUR.end + second
    assert odd.traces.created == (before, after)


async def test_an_odd_object_by_id_is_kept_aside() -> None:
    found = await reread(Omise({"charges": [charge(id="chrg_1", amount=None)]}), "charge", ["chrg_1"])
    assert [(one.kind, one.id, one.reason) for one in found] == [
        ("charge", "chrg_1", "Expected `int`, got `null` - at `$.amount`")
    ]


async def test_what_is_known_as_it_came_makes_no_row_and_is_counted() -> None:
    rows = charges(250)
    known = dict(marks_of("charge", [json.dumps(row).encode() for row in rows[:248]], b"k"))
    rows[5] |= {"status": "failed"}

    async def ask(kind: str, marks: Mapping[str, bytes]) -> set[str]:
        assert kind == "charge"
        return {id for id, mark in marks.items() if known.get(id) == mark}

    items = await swept(Omise({"charges": rows}), stored=StoredMarks(b"k", ask))
    assert ids(items) == ["chrg_00005", "chrg_00248", "chrg_00249"]
    assert [(part.total, part.seen, len(part.ids)) for part in closed(items)] == [(250, 250, 250)]
    marks = {id: mark for item in items if isinstance(item, Batch) for id, mark in item.marks.items()}
    assert {"chrg_00005", "chrg_00249"} <= marks.keys()
