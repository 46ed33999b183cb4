"""The sandbox as a client sees it over a real loopback socket: envelope, paging, errors, faults, time."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from recon.sandbox.server.lists import ObjectList
from recon.sandbox.server.paging import answer_list, read_query
from recon.sandbox.worlds.countries import ACCOUNTS
from recon.sandbox.worlds.facts import Charge
from recon.sandbox.worlds.world import World, make_world
from tests.kit.places import FIXTURES
from tests.kit.sandbox import Faults, Sandbox, serve


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(11, date(2026, 3, 2), date(2026, 3, 15), 1_500)


class Client:
    """A session with one account's key."""

    def __init__(self, session: aiohttp.ClientSession, running: Sandbox) -> None:
        self.session, self.running = session, running

    async def raw(self, path: str, **params: str) -> tuple[int, str, Any]:
        async with self.session.get(self.running.url + path, params=params) as response:
            return response.status, await response.text(), response.headers

    async def get(self, path: str, **params: str) -> Any:
        status, text, _ = await self.raw(path, **params)
        assert status == 200, text
        return json.loads(text)

    async def all(self, path: str, **params: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            page = await self.get(path, limit="100", offset=str(len(rows)), **params)
            rows += page["data"]
            if not page["data"] or len(rows) >= page["total"]:
                return rows


@asynccontextmanager
async def client(world: World, account: str = "th", key: str = "", **options: Any) -> AsyncIterator[Client]:
    headers = {"Authorization": aiohttp.encode_basic_auth(key or ACCOUNTS[account].key, "")}
    async with serve(world, **options) as running, aiohttp.ClientSession(headers=headers) as session:
        yield Client(session, running)


async def test_a_list_has_the_envelope_of_omise(world: World) -> None:
    async with client(world) as th:
        page = await th.get("/charges")
    total = sum(c.created <= world.as_of.timestamp() for c in world.books["th"].charges)
    assert {k: v for k, v in page.items() if k != "data"} == {
        "object": "list",
        "limit": 20,
        "offset": 0,
        "total": total,
        "location": "/charges",
        "order": "chronological",
        "from": "1970-01-01T00:00:00Z",
        "to": world.as_of.isoformat()[:19] + "Z",
    }
    times = [c["created_at"] for c in page["data"]]
    assert len(times) == 20
    assert times == sorted(times)


async def test_every_row_is_on_exactly_one_page_in_both_orders(world: World) -> None:
    async with client(world) as th:
        ids = [c["id"] for c in await th.all("/charges")]
        back = [c["id"] for c in await th.all("/charges", order="reverse_chronological")]
    assert len(ids) == len(set(ids)) > 500
    assert back == ids[::-1]


async def test_a_limit_above_a_hundred_is_a_hundred(world: World) -> None:
    async with client(world) as th:
        page = await th.get("/charges", limit="1000")
    assert (page["limit"], len(page["data"])) == (100, 100)


async def test_from_is_inside_and_to_is_outside(world: World) -> None:
    charge = world.books["th"].charges[30]
    second = datetime.fromtimestamp(charge.created, UTC)
    span = {"from": second.isoformat(), "to": (second + timedelta(seconds=1)).isoformat()}
    async with client(world) as th:
        assert charge.id in [c["id"] for c in await th.all("/charges", **span)]
        assert charge.id not in [c["id"] for c in await th.all("/charges", to=span["from"])]


async def test_a_bare_date_is_midnight_utc(world: World) -> None:
    async with client(world) as th:
        page = await th.get("/charges", **{"from": "2026-03-04", "to": "2026-03-05"}, limit="100")
        rows = await th.all("/charges", **{"from": "2026-03-04", "to": "2026-03-05"})
    assert (page["from"], page["to"]) == ("2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z")
    assert {c["created_at"][:10] for c in rows} == {"2026-03-04"}


@pytest.mark.parametrize("params", [{"limit": "many"}, {"offset": "-1"}, {"from": "soon"}, {"order": "random"}])
async def test_an_unreadable_parameter_is_a_bad_request(world: World, params: dict[str, str]) -> None:
    async with client(world) as th:
        status, text, _ = await th.raw("/charges", **params)
    assert (status, json.loads(text)["code"]) == (400, "bad_request")


@pytest.mark.parametrize("key", ["skey_test_wrong", "skey_test_sandbox_th2"])
async def test_a_wrong_key_is_refused_with_the_error_body(world: World, key: str) -> None:
    async with client(world, key=key) as th:
        status, text, _ = await th.raw("/account")
    body = json.loads(text)
    assert (status, body["object"], body["code"]) == (401, "error", "authentication_failure")


async def test_no_key_at_all_is_refused(world: World) -> None:
    async with (
        serve(world) as running,
        aiohttp.ClientSession() as session,
        session.get(running.url + "/charges") as response,
    ):
        assert response.status == 401


async def test_parameters_may_come_in_a_json_body_and_capability_by_the_public_key(world: World) -> None:
    async with client(world) as th:
        url, asked = th.running.url, {"limit": 2, "offset": 0, "from": None}
        async with th.session.get(url + "/charges", json=asked) as response:
            assert len((await response.json())["data"]) == 2
        async with th.session.get(url + "/charges", data="no json") as response:
            assert response.status == 400
    async with client(world, key="pkey_test_sandbox_th") as public:
        assert (await public.get("/capability"))["country"] == "TH"
        assert (await public.raw("/charges"))[0] == 401


@pytest.mark.parametrize(
    "path", ["/charges/chrg_test_none", "/receipts", "/nothing", "/charges/chrg_test_none/refunds", "/a/b/c", "/"]
)
async def test_what_is_not_there_is_not_found(world: World, path: str) -> None:
    async with client(world) as th:
        status, text, headers = await th.raw(path)
    assert (status, json.loads(text)["code"]) == (404, "not_found")
    assert headers["Omise-Version"] == "2019-05-29"


async def test_each_key_opens_its_own_account(world: World) -> None:
    for name, account in ACCOUNTS.items():
        async with client(world, name) as one:
            said, balance = await one.get("/account"), await one.get("/balance")
            own = {c["id"] for c in await one.all("/charges")}
        assert (said["country"], said["currency"], said["livemode"]) == (account.region, account.currency, False)
        assert balance["total"] == balance["transferable"] + balance["on_hold"]
        assert own <= {c.id for c in world.books[name].charges}


async def test_single_objects_equal_their_rows(world: World) -> None:
    async with client(world) as th:
        for kind in ("charges", "refunds", "transfers", "transactions", "disputes", "events"):
            row = (await th.get(f"/{kind}"))["data"][0]
            assert await th.get(f"/{kind}/{row['id']}") == row


async def test_refunds_stand_in_three_places(world: World) -> None:
    async with client(world) as th:
        refund = (await th.get("/refunds"))["data"][0]
        charge = await th.get(f"/charges/{refund['charge']}")
        page = await th.get(f"/charges/{refund['charge']}/refunds")
        assert refund in charge["refunds"]["data"]
        assert page["data"] == charge["refunds"]["data"]
        assert await th.get(refund["location"]) == refund


async def test_disputes_are_listed_by_status(world: World) -> None:
    async with client(world) as th:
        every = await th.all("/disputes")
        for word, statuses in (("open", {"open"}), ("pending", {"pending"}), ("closed", {"won", "lost"})):
            page = await th.get(f"/disputes/{word}", limit="100")
            assert page["data"] == [d for d in every if d["status"] in statuses]
            assert page["total"] == len(page["data"])
    assert {d["status"] for d in every} >= {"won", "lost"}


async def test_lists_without_rows_are_empty(world: World) -> None:
    async with client(world) as th:
        for kind in ("customers", "recipients", "links", "schedules"):
            assert (await th.get(f"/{kind}"))["total"] == 0


async def test_the_clock_shows_in_answers_and_in_the_refunds_of_a_charge(world: World) -> None:
    async with client(world) as th:
        before = (await th.get("/charges"))["data"][0]
        th.running.set_moment(world.as_of + timedelta(seconds=5))
        page = await th.get("/charges")
    after, clock = page["data"][0], (world.as_of + timedelta(seconds=5)).isoformat()[:19] + "Z"
    assert page["to"] == after["refunds"]["to"] == clock != before["refunds"]["to"]
    assert before | {"refunds": None} == after | {"refunds": None}


async def test_abilities_flip_without_any_change(world: World) -> None:
    async with client(world) as th:
        charge = next(c for c in await th.all("/charges") if c["can_perform_void"])
        th.running.set_moment(world.as_of + timedelta(days=400))
        later = await th.get(f"/charges/{charge['id']}")
    assert (charge["expired_at"], charge["refundable"], charge["can_perform_void"]) == (None, True, True)
    assert (later["expired_at"], later["refundable"]) == (charge["expires_at"], False)
    assert (later["can_perform_void"], later["status"], later["expired"]) == (False, "successful", False)


async def test_objects_change_and_appear_as_the_moment_goes_on(world: World) -> None:
    changes = world.changes(world.as_of, world.as_of + timedelta(days=2))
    change = next(c for c in changes if c.kind == "charges" and c.account == "th")
    async with client(world, moment=change.moment - timedelta(seconds=1)) as th:
        before = await th.get(f"/charges/{change.id}")
        seen = (await th.get("/events"))["total"]
        th.running.set_moment(change.moment)
        after = await th.get(f"/charges/{change.id}")
        fresh = (await th.all("/events"))[seen:]
    assert before["status"] != after["status"]
    assert change.id in {e["data"]["id"] for e in fresh}


async def test_an_events_data_is_frozen(world: World) -> None:
    async with client(world) as th:
        events = await th.all("/events", to="2026-03-03")
        source = next(e for e in events if e["key"] == "charge.create" and e["data"]["source"])
        assert source["data"]["status"] == "pending"
        assert source["data"]["refunds"]["to"] == source["created_at"]


async def test_one_object_can_be_replaced_added_and_taken_out_by_hand(world: World) -> None:
    async with client(world) as th:
        running, id = th.running, (await th.get("/charges"))["data"][5]["id"]
        total = (await th.get("/charges"))["total"]
        changed = running.get("th", "charges", id) | {"status": "failed"}
        running.put("th", "charges", changed)
        assert (await th.get(f"/charges/{id}"))["status"] == "failed"
        running.put("th", "charges", changed | {"id": "chrg_test_added"})
        assert (await th.get("/charges"))["total"] == total + 1
        running.drop("th", "charges", id)
        assert (await th.get("/charges"))["total"] == total
        assert (await th.raw(f"/charges/{id}"))[0] == 404
        running.say("th", "balance", {"object": "balance", "total": 1})
        assert (await th.get("/balance"))["total"] == 1


async def test_personal_fields_are_there_to_be_scrubbed(world: World) -> None:
    async with client(world) as th:
        charges, transfers = await th.all("/charges"), await th.all("/transfers")
    assert all(c["ip"] and (c["card"] or c["source"])["name"] for c in charges)
    assert any(c["metadata"].get("customer_email", "").endswith("@example.com") for c in charges)
    assert {t["bank_account"]["account_number"] for t in transfers} == {"000123456789"}


async def test_uncaptured_charges_lack_the_captured_amount_and_all_have_a_fee(world: World) -> None:
    async with client(world) as th:
        charges = await th.all("/charges")
    held = [c for c in charges if c["capturable"]]
    assert held
    assert all("captured_amount" not in c for c in held)
    assert all(c["fee"] > 0 and c["net"] > 0 for c in charges)
    assert {c["status"] for c in charges} == {"pending", "successful", "failed", "expired", "reversed"}
    assert any("network_routing_hint" in c for c in charges)


async def test_too_many_requests_with_and_without_retry_after(world: World) -> None:
    async with client(world, faults=Faults(too_many=2)) as th:
        answers = [await th.raw("/account") for _ in range(4)]
        th.running.set_faults(Faults(too_many=1, retry_after_s=3))
        last = await th.raw("/account")
    assert [status for status, _, _ in answers] == [200, 429, 200, 429]
    assert "Retry-After" not in answers[1][2]
    assert (last[0], last[2]["Retry-After"]) == (429, "3")


async def test_a_bad_gateway_is_html(world: World) -> None:
    async with client(world, faults=Faults(bad_gateway=1)) as th:
        status, text, headers = await th.raw("/charges")
    assert (status, text[:6], headers["Content-Type"][:9]) == (502, "<html>", "text/html")


async def test_a_dropped_connection_is_no_answer(world: World) -> None:
    async with client(world, faults=Faults(drop=1)) as th:
        with pytest.raises(aiohttp.ClientConnectionError):
            await th.raw("/charges")
        th.running.set_faults(Faults())
        assert (await th.raw("/charges"))[0] == 200


async def test_cut_json_cannot_be_read(world: World) -> None:
    async with client(world, faults=Faults(cut=1)) as th:
        status, text, _ = await th.raw("/charges")
    assert status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


async def test_latency_is_per_answer_and_requests_are_counted(world: World) -> None:
    async with client(world, faults=Faults(latency_s=0.1)) as th:
        start = time.perf_counter()
        await asyncio.gather(*(th.get("/account") for _ in range(8)))
        took = time.perf_counter() - start
        assert 0.1 <= took < 0.6
        assert (th.running.requests["/account"], th.running.busiest) == (8, 8)


class Compared(int):
    """A moment that counts how often such moments are compared."""

    times = 0

    def __lt__(self, other: int) -> bool:
        Compared.times += 1
        return int(self) < int(other)

    def __gt__(self, other: int) -> bool:
        Compared.times += 1
        return int(self) > int(other)


def test_a_page_from_very_many_rows_is_found_by_bisection(world: World) -> None:
    charge = world.books["th"].charges[0]
    rows = [
        Charge(f"chrg_test_{i}", Compared(10 * i), charge.account, charge.method, 10_000, "THB", 10 * i + 60)
        for i in range(20_000)
    ]
    objects, query = ObjectList(rows), read_query({"from": "1970-01-02", "limit": "100", "offset": "9000"})
    before = Compared.times
    page = json.loads(answer_list(objects, query, 10**9, "/charges", None))
    assert (page["total"], page["data"][0]["id"]) == (11_360, "chrg_test_17640")
    assert 0 < Compared.times - before < 1_000


def recorded() -> list[tuple[str, str, dict[str, Any]]]:
    """Object kind, name of the case, recorded object; empty where the recordings are absent."""
    found = []
    for path in sorted(FIXTURES.rglob("*.json")) if FIXTURES.is_dir() else []:
        data = json.loads(path.read_text(encoding="utf-8"))
        for row in data["data"] if "data" in data and isinstance(data["data"], list) else [data]:
            found.append((row["object"], path.relative_to(FIXTURES).as_posix(), row))
    return found


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="no recorded responses here")
@pytest.mark.parametrize(
    "kind", ["account", "balance", "capability", "charge", "refund", "transfer", "transaction", "dispute", "event"]
)
async def test_objects_have_every_key_of_the_recorded_ones(kind: str, world: World) -> None:
    async with client(world) as th:
        single = kind in ("account", "balance", "capability")
        ours = [await th.get(f"/{kind}")] if single else await th.all(f"/{kind}s")
    keys: set[str] = set().union(*(keys_of(row) for row in ours))
    checked = 0
    for _, name, row in (found for found in recorded() if found[0] == kind):
        assert keys_of(row) <= keys, (name, keys_of(row) - keys)
        checked += 1
    assert checked


def keys_of(row: dict[str, Any], path: str = "") -> set[str]:
    """Dotted keys; what a merchant fills (metadata) and an event's data count as one."""
    found = set()
    for key, value in row.items():
        found.add(path + key)
        if isinstance(value, dict) and key not in ("metadata", "data"):
            found |= keys_of(value, f"{path}{key}.")
        if isinstance(value, list) and value and isinstance(value[0], dict):
            found |= set().union(*(keys_of(item, f"{path}{key}[].") for item in value))
    return found
