"""Serves a world as Omise's API would at a given moment, faults included.

What is not Omise's documented behaviour: the end of a list's window (exclusive unless told otherwise) and a limit
above 100 (clamped).
"""

import asyncio
import base64
import binascii
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from recon.sandbox.server.answers import body
from recon.sandbox.server.checkout import consequences, mark, new_charge
from recon.sandbox.server.faults import Faults
from recon.sandbox.server.lists import Shelf, encode
from recon.sandbox.server.paging import BadQuery, answer_list, read_query
from recon.sandbox.server.profile import VERSION, account_body, balance_body, capability_body, error_body
from recon.sandbox.worlds.countries import Account
from recon.sandbox.worlds.facts import Charge, Given, Thing, Transaction
from recon.sandbox.worlds.payouts import Ledger
from recon.sandbox.worlds.world import AccountBooks, World

# Lists that a world has no rows for.
EMPTY = ("customers", "recipients", "links", "schedules")
CLOSED = ("won", "lost")
Answer = Callable[["Desk", "Ask"], web.Response]


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked: the path, its parts, and the parameters."""

    path: str
    parts: Mapping[str, str]
    params: Mapping[str, str]


class Desk:
    """One account as the server sees it: its rows, its ledger, and what a test put over its own answers."""

    def __init__(self, books: AccountBooks) -> None:
        self.account: Account = books.account
        self.shelves = {kind: Shelf(rows) for kind, rows in books.kinds().items()}
        self.shelves |= {kind: Shelf(()) for kind in EMPTY}
        self.ledger = Ledger(books.transactions)
        self.off = books.off
        self.said: dict[str, Mapping[str, Any]] = {}

    def off_at(self, now: int) -> int:
        """By how much the balance is said to be more than it is."""
        since, amount = self.off
        return amount if now >= since else 0

    def put_charge(self, charge: Charge) -> None:
        """A charge that was made or changed by hand, with what follows from it."""
        self.shelves["charges"].put(charge)
        for thing in consequences(charge):
            self.shelves["transactions" if isinstance(thing, Transaction) else "events"].put(thing)
        self.ledger = Ledger(row for row in self.shelves["transactions"] if isinstance(row, Transaction))


class Sandbox:
    """The server's state: accounts by key, the moment, faults, and counters of requests by path."""

    def __init__(
        self, world: World, moment: datetime, faults: Faults, *, to_inclusive: bool = False, receipts: bool = False
    ) -> None:
        self.desks = {name: Desk(books) for name, books in world.books.items()}
        self.now = int(moment.timestamp())
        self.faults = faults
        self.to_inclusive, self.receipts = to_inclusive, receipts
        self.requests: Counter[str] = Counter()
        self.busy = self.busiest = 0
        self._numbers, self._made = itertools.count(1), itertools.count(1)
        self._by_key = {desk.account.key: desk for desk in self.desks.values()}

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(middlewares=[self._front])
        for name in ("account", "balance", "capability"):
            app.router.add_get(f"/{name}", self._route(self._own))
        app.router.add_get("/receipts", self._route(self._receipts))
        app.router.add_get(r"/disputes/{status:open|pending|closed}", self._route(self._disputes))
        app.router.add_get("/charges/{id}/refunds", self._route(self._refunds))
        app.router.add_get("/charges/{id}/refunds/{refund}", self._route(self._refund))
        app.router.add_post("/charges", self._route(self._charge))
        app.router.add_post("/charges/{id}/mark_as_{word:successful|failed}", self._route(self._mark))
        app.router.add_get("/{kind}", self._route(self._list))
        app.router.add_get("/{kind}/{id}", self._route(self._one))
        return app

    @web.middleware
    async def _front(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Count, delay, fail, answer, and head every answer as Omise does."""
        number = next(self._numbers)
        self.requests[request.path] += 1
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            if self.faults.latency_s:
                await asyncio.sleep(self.faults.latency_s)
            response = await self._answer(request, handler, self.faults.of(number))
        finally:
            self.busy -= 1
        response.headers["Omise-Version"] = VERSION
        response.headers["X-Request-Id"] = f"{number:032x}"
        response.headers["Cache-Control"] = "no-cache, no-store"
        return response

    async def _answer(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]], fault: str
    ) -> web.StreamResponse:
        if fault == "too_many":
            after = self.faults.retry_after_s
            headers = {} if after is None else {"Retry-After": str(after)}
            return web.Response(status=429, text="Too Many Requests", headers=headers)
        if fault == "bad_gateway":
            page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
            return web.Response(status=502, text=page, content_type="text/html")
        if fault == "drop" and request.transport is not None:
            request.transport.abort()
            return web.Response()
        try:
            response = await handler(request)
        except web.HTTPException as refused:
            return _error(refused.status, "not_found", "the requested object was not found")
        if fault == "cut" and isinstance(response, web.Response) and isinstance(response.body, bytes):
            return _json(response.body[: len(response.body) // 2])
        return response

    def _route(self, answer: Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            key = _key(request)
            if request.path == "/capability":  # the public key may read this
                key = key.replace("pkey_", "skey_", 1)
            desk = self._by_key.get(key)
            if desk is None:
                return _error(401, "authentication_failure", "authentication failed")
            try:
                return answer(desk, Ask(request.path, request.match_info, await _params(request)))
            except BadQuery as bad:
                return _error(400, "bad_request", str(bad))

        return handle

    def _own(self, desk: Desk, ask: Ask) -> web.Response:
        name = ask.path[1:]
        bodies: dict[str, Callable[[], Mapping[str, Any]]] = {
            "account": lambda: account_body(desk.account),
            "balance": lambda: balance_body(desk.account, desk.ledger, self.now, desk.off_at(self.now)),
            "capability": lambda: capability_body(desk.account),
        }
        return _json(msgspec.json.encode({**bodies[name](), **desk.said.get(name, {})}))

    def _receipts(self, desk: Desk, ask: Ask) -> web.Response:
        shelf = desk.shelves["receipts"]
        if not self.receipts and not any(True for _ in shelf):  # test mode has no receipts
            raise web.HTTPNotFound
        page = answer_list(shelf, read_query(ask.params), self.now, "/receipts", through=self.to_inclusive)
        return _json(page.replace(b'"list"', b'"receipt_list"', 1))

    def _list(self, desk: Desk, ask: Ask) -> web.Response:
        shelf = desk.shelves.get(ask.parts["kind"])
        if shelf is None:
            raise web.HTTPNotFound
        return self._page(shelf, ask)

    def _disputes(self, desk: Desk, ask: Ask) -> web.Response:
        word, shelf = ask.parts["status"], desk.shelves["disputes"]
        wanted = CLOSED if word == "closed" else (word,)
        return self._page(shelf, ask, [r for r in shelf if body(r, self.now)["status"] in wanted])

    def _refunds(self, desk: Desk, ask: Ask) -> web.Response:
        charge, shelf = self._found(desk, "charges", ask.parts["id"]), desk.shelves["refunds"]
        return self._page(shelf, ask, [r for r in shelf if body(r, self.now)["charge"] == charge.id])

    def _refund(self, desk: Desk, ask: Ask) -> web.Response:
        refund = self._found(desk, "refunds", ask.parts["refund"])
        if body(refund, self.now)["charge"] != ask.parts["id"]:
            raise web.HTTPNotFound
        return _json(encode(refund, self.now))

    def _one(self, desk: Desk, ask: Ask) -> web.Response:
        return _json(encode(self._found(desk, ask.parts["kind"], ask.parts["id"]), self.now))

    def _charge(self, desk: Desk, ask: Ask) -> web.Response:
        charge = new_charge(desk.account, ask.params, self.now, next(self._made))
        desk.put_charge(charge)
        return _json(encode(charge, self.now))

    def _mark(self, desk: Desk, ask: Ask) -> web.Response:
        return _json(encode(self.mark(desk, ask.parts["id"], ask.parts["word"]), self.now))

    def mark(self, desk: Desk, id: str, word: str) -> Charge:
        """A charge made successful or failed by hand, now; HTTPNotFound where there is none."""
        charge = self._found(desk, "charges", id)
        if not isinstance(charge, Charge):
            raise web.HTTPNotFound
        mark(charge, word, self.now)
        desk.put_charge(charge)
        return charge

    def _found(self, desk: Desk, kind: str, id: str) -> Thing:
        shelf = desk.shelves.get(kind)
        row = shelf.find(id, self.now) if shelf is not None else None
        if row is None:
            raise web.HTTPNotFound
        return row

    def _page(self, shelf: Shelf, ask: Ask, of: list[Thing] | None = None) -> web.Response:
        query = read_query(ask.params)
        return _json(answer_list(shelf, query, self.now, ask.path, through=self.to_inclusive, of=of))


class Running:
    """A sandbox that answers at `url`; a test moves its moment, its faults and its objects by hand."""

    def __init__(self, sandbox: Sandbox, url: str) -> None:
        self._sandbox, self.url = sandbox, url

    @property
    def requests(self) -> Counter[str]:
        """Requests so far, by path."""
        return self._sandbox.requests

    @property
    def busiest(self) -> int:
        """The most requests that were in work at one time."""
        return self._sandbox.busiest

    def set_moment(self, moment: datetime) -> None:
        """From here on the server's clock says `moment` (aware), and every object stands as it did then."""
        self._sandbox.now = int(moment.timestamp())

    def set_faults(self, faults: Faults) -> None:
        """From here on answers fail like this; requests go on being counted."""
        self._sandbox.faults = faults

    def get(self, account: str, kind: str, id: str) -> dict[str, Any]:
        """An object as it would be served now, to be changed and put back; KeyError where there is none."""
        row = self._sandbox.desks[account].shelves[kind].find(id, self._sandbox.now)
        if row is None:
            raise KeyError(id)
        found: dict[str, Any] = msgspec.json.decode(encode(row, self._sandbox.now))
        return found

    def put(self, account: str, kind: str, data: Mapping[str, Any]) -> None:
        """Add an object to a list, or replace the one of its id; it is served as given, from its `created_at` on."""
        created = datetime.fromisoformat(data["created_at"])
        given = Given(data["id"], int(created.timestamp()), dict(data))
        self._sandbox.desks[account].shelves[kind].put(given)

    def mark(self, account: str, charge: str, word: str) -> None:
        """Make a charge `successful` or `failed` by hand, now, as Omise's dashboard can in test mode."""
        self._sandbox.mark(self._sandbox.desks[account], charge, word)

    def drop(self, account: str, kind: str, id: str) -> None:
        """Take an object out of its list; KeyError where there is none."""
        self._sandbox.desks[account].shelves[kind].drop(id)

    def say(self, account: str, name: str, data: Mapping[str, Any]) -> None:
        """Let `account`, `balance` or `capability` answer these values in place of their own."""
        self._sandbox.desks[account].said[name] = data


@asynccontextmanager
async def serve(
    world: World,
    *,
    moment: datetime | None = None,
    faults: Faults | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    to_inclusive: bool = False,
    receipts: bool = False,
) -> AsyncIterator[Running]:
    """Serve a world at a moment (default: its `as_of`) until the block ends; port 0 takes a free one."""
    sandbox = Sandbox(world, moment or world.as_of, faults or Faults(), to_inclusive=to_inclusive, receipts=receipts)
    runner = web.AppRunner(sandbox.app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound = runner.addresses[0][1]
        yield Running(sandbox, f"http://{host}:{bound}")
    finally:
        await runner.cleanup()


def _key(request: web.Request) -> str:
    """The user of Basic auth, which is the secret key; empty where there is none."""
    scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
    try:
        return base64.b64decode(coded).decode().partition(":")[0] if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""


async def _params(request: web.Request) -> dict[str, str]:
    """The query string, a form, or a JSON body, in which Omise's Python client sends the parameters of a GET too.

    A table inside JSON reads as a form would write it: {"source": {"type": …}} is source[type].
    """
    if request.content_type == "application/x-www-form-urlencoded":
        return {name: str(value) for name, value in (await request.post()).items()} | dict(request.query)
    sent = await request.read() if request.can_read_body else b""
    try:
        found = json.loads(sent) if sent else {}
        tables = {name: value for name, value in found.items() if isinstance(value, dict)}
        flat = {f"{name}[{key}]": value for name, table in tables.items() for key, value in table.items()}
        plain = {name: value for name, value in found.items() if value is not None and name not in tables}
        return {name: str(value) for name, value in (plain | flat).items()} | dict(request.query)
    except (AttributeError, ValueError) as error:
        raise BadQuery("the body is no JSON object") from error


def _json(data: bytes) -> web.Response:
    return web.Response(body=data, content_type="application/json", charset="utf-8")


def _error(status: int, code: str, message: str) -> web.Response:
    response = _json(msgspec.json.encode(error_body(code, message)))
    response.set_status(status)
    return response
