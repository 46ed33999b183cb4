"""What is made at the sandbox by hand, from source to dispute: as Omise answers, and the lists tie."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from recon.sandbox.server.webhooks import Webhooks, signature
from recon.sandbox.worlds.countries import ACCOUNTS
from recon.sandbox.worlds.world import World, make_world
from tests.kit.receivers import nobody
from tests.kit.sandbox import Sandbox, serve

NOON = datetime(2026, 3, 10, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(1, date(2026, 3, 2), date(2026, 3, 2), 10, ("th",), plant=False)


class Shop:
    """A merchant at the Thai account, whose clock moves by hand."""

    def __init__(self, server: Sandbox, http: aiohttp.ClientSession) -> None:
        self.server = server
        self.http = http
        self.now = NOON

    async def call(self, method: str, path: str, **params: Any) -> tuple[int, dict[str, Any]]:
        async with self.http.request(method, self.server.url + path, json=params) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, **params: Any) -> dict[str, Any]:
        status, body = await self.call("POST", path, **params)
        assert status == 200, body
        return body

    async def get(self, path: str) -> dict[str, Any]:
        return (await self.call("GET", path))[1]

    async def rows(self, kind: str, of: str) -> list[dict[str, Any]]:
        """The newest objects of a list that name another one."""
        page = await self.get(f"/{kind}?limit=100&order=reverse_chronological")
        return [row for row in page["data"][::-1] if of in json.dumps(row)]

    async def kakaopay(self, amount: int = 50_000) -> dict[str, Any]:
        source = await self.post("/sources", type="kakaopay", amount=amount, currency="THB")
        return await self.post(
            "/charges",
            amount=amount,
            currency="THB",
            source=source["id"],
            return_uri="https://shop.example.com/done",
            metadata={"order_id": "K-1"},
        )

    async def card(self, **params: Any) -> dict[str, Any]:
        token = await self.post("/tokens", card={"number": "4242 4242 4242 4242", "name": "Jo Fictional"})
        return await self.post("/charges", **{"amount": 100_000, "currency": "thb", "card": token["id"]} | params)

    async def pay(self, charge: dict[str, Any], **form: str) -> tuple[int, str | None]:
        """What the payer's browser is told: status and where to go."""
        async with self.http.post(charge["authorize_uri"], data=form, allow_redirects=False) as page:
            return page.status, page.headers.get("Location")

    def wait(self, span: timedelta) -> None:
        self.now += span
        self.server.set_moment(self.now)


@asynccontextmanager
async def shop(world: World, webhooks: Webhooks | None = None) -> AsyncIterator[Shop]:
    key = aiohttp.encode_basic_auth(ACCOUNTS["th"].key, "")
    async with (
        serve(world, moment=NOON, webhooks=webhooks) as server,
        aiohttp.ClientSession(headers={"Authorization": key}) as http,
    ):
        yield Shop(server, http)


async def test_kakaopay_from_source_to_refund_is_booked_and_told(world: World) -> None:
    async with shop(world) as merchant:
        before = (await merchant.get("/balance"))["total"]
        charge = await merchant.kakaopay()
        assert (charge["status"], charge["source"]["type"], charge["transaction"]) == ("pending", "kakaopay", None)
        assert charge["expires_at"] == "2026-03-10T05:10:00Z"
        assert charge["metadata"] == {"order_id": "K-1"}
        merchant.wait(MINUTE)
        async with merchant.http.get(charge["authorize_uri"]) as page:
            assert "THB 500.00" in await page.text()
        assert await merchant.pay(charge) == (303, "https://shop.example.com/done")
        paid = await merchant.get(f"/charges/{charge['id']}")
        assert (paid["status"], paid["paid_at"]) == ("successful", "2026-03-10T05:01:00Z")
        assert (await merchant.get(f"/sources/{charge['source']['id']}"))["charge_status"] == "successful"
        refund = await merchant.post(f"/charges/{charge['id']}/refunds", amount=20_000)
        assert (refund["status"], refund["voided"]) == ("pending", False)
        again = await merchant.get(f"/charges/{charge['id']}")
        assert (again["refunded_amount"], again["refunds"]["data"][0]["id"]) == (20_000, refund["id"])
        ledger = [
            *await merchant.rows("transactions", charge["id"]),
            *await merchant.rows("transactions", refund["id"]),
        ]
        assert [(row["id"], row["direction"], row["amount"]) for row in ledger] == [
            (paid["transaction"], "credit", paid["net"]),
            (refund["transaction"], "debit", 20_000),
        ]
        assert (await merchant.get("/balance"))["total"] == before + paid["net"] - 20_000
        events = [(event["key"], event["data"]["status"]) for event in await merchant.rows("events", charge["id"])]
        assert events == [
            ("charge.create", "pending"),
            ("charge.complete", "successful"),
            ("refund.create", "pending"),
        ]


async def test_a_payer_cancels_or_comes_too_late(world: World) -> None:
    async with shop(world) as merchant:
        cancelled = await merchant.kakaopay()
        late = await merchant.kakaopay()
        async with merchant.http.post(
            cancelled["authorize_uri"], data={"result": "cancelled"}, allow_redirects=False
        ):
            pass
        assert (await merchant.get(f"/charges/{cancelled['id']}"))["failure_code"] == "payment_cancelled"
        merchant.wait(10 * MINUTE)
        assert (await merchant.get(f"/charges/{late['id']}"))["status"] == "expired"
        assert await merchant.pay(late) == (400, None)
        assert [event["key"] for event in await merchant.rows("events", late["id"])] == [
            "charge.create",
            "charge.expire",
        ]


async def test_an_authorization_is_captured_in_part_or_reversed(world: World) -> None:
    async with shop(world) as merchant:
        held = await merchant.card(capture=False)
        assert (held["status"], held["authorized"], held["capturable"]) == ("pending", True, True)
        taken = await merchant.post(f"/charges/{held['id']}/capture", capture_amount=50_000)
        assert (taken["status"], taken["captured_amount"], taken["net"]) == ("successful", 50_000, 48_047)
        status, refused = await merchant.call("POST", f"/charges/{held['id']}/reverse")
        assert (status, refused["object"], refused["code"]) == (400, "error", "failed_reverse")
        other = await merchant.card(capture=False)
        gone = await merchant.post(f"/charges/{other['id']}/reverse")
        assert (gone["status"], gone["reversed"], gone["transaction"]) == ("reversed", True, None)
        lapsed = await merchant.card(capture=False)
        merchant.wait(7 * DAY)
        status, refused = await merchant.call("POST", f"/charges/{lapsed['id']}/capture")
        assert (status, refused["code"]) == (400, "expired_charge")


async def test_a_card_refunded_whole_on_its_day_is_voided_and_its_number_is_nowhere(world: World) -> None:
    async with shop(world) as merchant:
        charge = await merchant.card()
        assert (charge["status"], charge["card"]["last_digits"], charge["source"]) == ("successful", "4242", None)
        assert "42424242" not in json.dumps(charge)
        refund = await merchant.post(f"/charges/{charge['id']}/refunds", amount=100_000)
        assert (refund["voided"], refund["status"]) == (True, "closed")
        assert (await merchant.get(f"/charges/{charge['id']}"))["voided"] is True


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("/sources", {"type": "kakaopay", "currency": "THB"}, 400, "bad_request"),
        ("/sources", {"type": "kakaopay", "amount": 1_999, "currency": "THB"}, 400, "invalid_charge"),
        ("/sources", {"type": "kakaopay", "amount": 15_000_001, "currency": "THB"}, 400, "invalid_charge"),
        ("/charges", {"amount": 50_000, "currency": "VND", "source": {"type": "kakaopay"}}, 400, "invalid_charge"),
        ("/charges", {"amount": 50_000, "currency": "THB", "source": "src_test_none"}, 404, "not_found"),
        ("/charges", {"amount": 50_000, "currency": "THB", "card": "tokn_test_none"}, 404, "not_found"),
        ("/charges/chrg_test_none/refunds", {"amount": 1}, 404, "not_found"),
        ("/tokens", {"card": {"number": "none"}}, 400, "invalid_card"),
    ],
)
async def test_refusals_have_omises_words(
    world: World, path: str, params: dict[str, Any], status: int, code: str
) -> None:
    async with shop(world) as merchant:
        answered, body = await merchant.call("POST", path, **params)
    assert (answered, body["object"], body["code"]) == (status, "error", code)


async def test_what_cannot_be_refunded_is_refused_in_words(world: World) -> None:
    async with shop(world) as merchant:
        charge = await merchant.kakaopay()
        path = f"/charges/{charge['id']}/refunds"
        said = [(await merchant.call("POST", path, amount=1_000))[1]["message"]]
        await merchant.post(f"/charges/{charge['id']}/mark_as_successful")
        said.append((await merchant.call("POST", path, amount=50_001))[1]["message"])
        qr = await merchant.post("/charges", amount=50_000, currency="THB", source={"type": "promptpay"})
        await merchant.post(f"/charges/{qr['id']}/mark_as_successful")
        said.append((await merchant.call("POST", f"/charges/{qr['id']}/refunds", amount=50_000))[1]["message"])
    assert said == [
        "charge is not successful",
        "amount is greater than what is left to refund",
        "promptpay cannot be refunded",
    ]


@pytest.mark.parametrize(("end", "back"), [("won", True), ("lost", False)])
async def test_a_dispute_opens_is_answered_and_closes(world: World, end: str, back: bool) -> None:
    async with shop(world) as merchant:
        charge = await merchant.card()
        paid = (await merchant.get("/balance"))["total"]
        dispute = await merchant.post(f"/charges/{charge['id']}/disputes")
        assert (dispute["status"], dispute["amount"]) == ("open", 100_000)
        assert (await merchant.get("/balance"))["total"] == paid - 100_000
        assert (await merchant.get(f"/charges/{charge['id']}"))["dispute"]["id"] == dispute["id"]
        merchant.wait(DAY)
        _, answered = await merchant.call("PATCH", f"/disputes/{dispute['id']}", message="It was delivered.")
        assert (answered["status"], answered["message"]) == ("pending", "It was delivered.")
        merchant.wait(DAY)
        closed = await merchant.post(f"/disputes/{dispute['id']}/mark_as_{end}")
        assert (closed["status"], closed["closed_at"]) == (end, "2026-03-12T05:00:00Z")
        moved = [row["direction"] for row in closed["transactions"]]
        assert moved == (["credit", "debit"] if back else ["debit"])  # newest first
        told = [event["key"] for event in await merchant.rows("events", dispute["id"])]
        assert [key for key in told if key.startswith("dispute")] == [
            "dispute.create",
            "dispute.update",
            "dispute.close",
        ]


class Receiver:
    """A shop's endpoint that keeps what comes."""

    def __init__(self) -> None:
        self.came: list[tuple[str, bytes, dict[str, str]]] = []

    async def take(self, request: web.Request) -> web.Response:
        self.came.append((request.match_info["account"], await request.read(), dict(request.headers)))
        return web.Response()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/hooks/{account}", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/{{account}}"
        finally:
            await runner.cleanup()


async def test_webhooks_are_signed_get_lost_and_come_twice(world: World) -> None:
    receiver = Receiver()
    async with receiver.listening() as url, shop(world) as merchant:
        webhooks = Webhooks(url, lose=2, repeat=3)
        charges = [await merchant.kakaopay(20_000 + 100 * number) for number in range(3)]
        server = merchant.server.accounts["th"]
        async with webhooks.session() as session:
            await webhooks.send(session, server, int(NOON.timestamp()))
        events = {event["data"]["id"]: event for event in (await merchant.get("/events?limit=100"))["data"]}
    came = [json.loads(sent)["data"]["id"] for _, sent, _ in receiver.came]
    assert came == [
        charges[0]["id"],
        charges[2]["id"],
        charges[2]["id"],
    ]  # the second is lost, the third came twice
    account, sent, headers = receiver.came[0]
    key = base64.b64decode(ACCOUNTS["th"].webhook_secret)
    message = headers["Omise-Signature-Timestamp"].encode() + b"." + sent
    assert headers["Omise-Signature"] == hmac.new(key, message, hashlib.sha256).hexdigest()
    assert (account, headers["Omise-Signature-Timestamp"]) == ("th", str(int(NOON.timestamp())))
    statuses = [events[charge["id"]]["webhook_deliveries"][0]["status"] for charge in charges]
    assert statuses == [200, 404, 200]


async def test_a_webhook_that_is_not_taken_is_told_with_its_reason(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async with Receiver().listening() as url, shop(world) as merchant:
        for address, reason in (
            (url.replace("hooks", "elsewhere"), "answered 404"),
            (f"http://127.0.0.1:{nobody()}/", "Cannot connect"),
        ):
            await merchant.kakaopay()
            webhooks = Webhooks(address)
            async with webhooks.session() as session:
                await webhooks.send(session, merchant.server.accounts["th"], int(NOON.timestamp()))
            assert "(charge.create) was not taken: " + reason in caplog.text


def test_a_secret_that_is_rotated_signs_twice() -> None:
    old, new = (base64.b64encode(text).decode() for text in (b"old", b"new"))
    both = signature(b"{}", "1", [old, new])["Omise-Signature"].split(",")
    assert both == [signature(b"{}", "1", [secret])["Omise-Signature"] for secret in (old, new)]


async def test_a_running_clock_lets_a_payment_expire(world: World) -> None:
    moments = [NOON]
    key = aiohttp.encode_basic_auth(ACCOUNTS["th"].key, "")
    async with (
        serve(world, clock=lambda: moments[0]) as server,
        aiohttp.ClientSession(headers={"Authorization": key}) as http,
    ):
        merchant = Shop(server, http)
        charge = await merchant.kakaopay()
        moments[0] += 10 * MINUTE
        assert (await merchant.get(f"/charges/{charge['id']}"))["status"] == "expired"
