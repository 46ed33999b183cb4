"""Serves a world as Omise's API would at a given moment.

What is not Omise's documented behaviour: the end of a list's window (exclusive) and a limit above 100 (clamped).
"""

import asyncio
import base64
import binascii
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from typing import Any, Literal, TypeVar

import msgspec
from aiohttp import web

from recon.sandbox.forms import Body
from recon.sandbox.server.account import AccountServer, ApiRequest
from recon.sandbox.server.checkout import ACTIONS, Action
from recon.sandbox.server.lists import ObjectList, encode
from recon.sandbox.server.objects import body
from recon.sandbox.server.paging import answer_list, read_query
from recon.sandbox.server.payer import payer_page
from recon.sandbox.server.profile import VERSION, ApiError, account_body, balance_body, capability_body, error_body
from recon.sandbox.server.webhooks import Webhooks
from recon.sandbox.worlds.facts import Charge, Thing
from recon.sandbox.worlds.world import World

CLOSED = ("won", "lost")
_PUBLIC = ("/capability", "/sources", "/tokens")  # the public key opens these
DateSource = Literal["clock", "moment", "none"]
Answer = Callable[["AccountServer", "ApiRequest"], web.Response]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_S = TypeVar("_S", bound="Sandbox")


class Sandbox:
    """A sandbox by a clock that can be moved by hand; it answers at `url` while it is served.

    `requests` counts requests by path; `busiest` is the most that were in work at one time.
    """

    url = ""

    def __init__(self, world: World, clock: Callable[[], datetime]) -> None:
        self.requests: Counter[str] = Counter()
        self.busiest = 0
        self._busy = 0
        self._clock = clock
        self.accounts = {name: AccountServer(books, self._now) for name, books in world.books.items()}
        self._by_key = {server.account.key: server for server in self.accounts.values()}
        self._date: DateSource = "clock"
        self._request_numbers = itertools.count(1)

    @property
    def _now(self) -> int:
        return int(self._clock().timestamp())

    def set_moment(self, moment: datetime) -> None:
        """From here on the server's clock says `moment` (aware), and every object stands as it did then."""
        self._clock = lambda: moment

    def set_date(self, source: DateSource) -> None:
        """From here on answers have a `Date` of the machine's clock (as at first), of the moment, or none."""
        self._date = source

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(middlewares=[self._front])
        app.on_response_prepare.append(self._put_date)
        for name in ("account", "balance", "capability"):
            app.router.add_get(f"/{name}", self._route(self._profile))
        app.router.add_get("/receipts", self._route(self._receipts))
        app.router.add_get(r"/disputes/{status:open|pending|closed}", self._route(self._disputes))
        app.router.add_get("/charges/{id}/refunds", self._route(self._refunds))
        app.router.add_get("/charges/{id}/refunds/{refund}", self._route(self._refund))
        app.router.add_get("/payments/{id}/authorize", self._payer)
        app.router.add_post("/payments/{id}/authorize", self._payer)
        for (method, path), action in ACTIONS.items():
            app.router.add_route(method, path, self._route(partial(self._done, action)))
        app.router.add_get("/{kind}", self._route(self._list))
        app.router.add_get("/{kind}/{id}", self._route(self._object))
        return app

    async def send(self, webhooks: Webhooks) -> None:
        """Send what happens to the merchant, account by account, until cancelled."""
        async with webhooks.session() as session:
            while True:
                for server in self.accounts.values():
                    await webhooks.send(session, server, self._now)
                await asyncio.sleep(webhooks.every_s)

    async def _put_date(self, _request: web.Request, response: web.StreamResponse) -> None:
        if self._date == "moment":
            response.headers["Date"] = format_datetime(datetime.fromtimestamp(self._now, UTC), usegmt=True)
        elif self._date == "none":
            response.headers.pop("Date", None)

    @web.middleware
    async def _front(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count, answer, and head every answer as Omise does."""
        number = next(self._request_numbers)
        self.requests[request.path] += 1
        self._busy += 1
        self.busiest = max(self.busiest, self._busy)
        try:
            response = await self._answer(request, handler)
        finally:
            self._busy -= 1
        response.headers["Omise-Version"] = VERSION
        response.headers["X-Request-Id"] = f"{number:032x}"
        response.headers["Cache-Control"] = "no-cache, no-store"
        return response

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as refused:
            return _error(refused.status, "not_found", "the requested object was not found")
        except ApiError as refused:
            return _error(refused.status, refused.code, str(refused))

    def _route(self, answer: Answer) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            key = _key(request)
            if request.path.startswith(_PUBLIC):
                key = key.replace("pkey_", "skey_", 1)
            server = self._by_key.get(key)
            if server is None:
                return _error(401, "authentication_failure", "authentication failed")
            return answer(
                server, ApiRequest(_base(request), request.path, request.match_info, await _params(request))
            )

        return handle

    def _profile(self, server: AccountServer, request: ApiRequest) -> web.Response:
        name = request.path[1:]
        bodies: dict[str, Callable[[], Mapping[str, Any]]] = {
            "account": lambda: account_body(server.account),
            "balance": lambda: balance_body(
                server.account, server.ledger, self._now, server.balance_error(self._now)
            ),
            "capability": lambda: capability_body(server.account),
        }
        return _json(msgspec.json.encode(bodies[name]()))

    def _receipts(self, server: AccountServer, request: ApiRequest) -> web.Response:
        receipts = server.lists["receipts"]
        if not any(True for _ in receipts):  # test mode has no receipts
            raise web.HTTPNotFound
        page = answer_list(receipts, read_query(request.params), self._now, "/receipts", None)
        return _json(page.replace(b'"list"', b'"receipt_list"', 1))

    def _list(self, server: AccountServer, request: ApiRequest) -> web.Response:
        objects = server.lists.get(request.parts["kind"])
        if objects is None:
            raise web.HTTPNotFound
        return self._page(objects, request)

    def _disputes(self, server: AccountServer, request: ApiRequest) -> web.Response:
        status = request.parts["status"]
        statuses = CLOSED if status == "closed" else (status,)
        return self._page(server.lists["disputes"], request, lambda node: node["status"] in statuses)

    def _refunds(self, server: AccountServer, request: ApiRequest) -> web.Response:
        charge = self._find(server, "charges", request.parts["id"])
        return self._page(server.lists["refunds"], request, lambda node: node["charge"] == charge.id)

    def _refund(self, server: AccountServer, request: ApiRequest) -> web.Response:
        refund = self._find(server, "refunds", request.parts["refund"])
        if body(refund, self._now)["charge"] != request.parts["id"]:
            raise web.HTTPNotFound
        return _json(encode(refund, self._now))

    def _object(self, server: AccountServer, request: ApiRequest) -> web.Response:
        return _json(encode(self._find(server, request.parts["kind"], request.parts["id"]), self._now))

    def _done(self, action: Action, server: AccountServer, request: ApiRequest) -> web.Response:
        made = action(server, request, self._now)
        return _json(msgspec.json.encode(made) if isinstance(made, dict) else encode(made, self._now))

    async def _payer(self, request: web.Request) -> web.StreamResponse:
        """Where a payer is sent: GET asks, POST pays or cancels and leads back to the shop; no key."""
        id = request.match_info["id"].replace("paym_", "chrg_", 1)
        api_request = ApiRequest(_base(request), request.path, {"id": id}, await _params(request))
        for server in self.accounts.values():
            charge = server.lists["charges"].find(id, self._now)
            if isinstance(charge, Charge):
                return payer_page(server, charge, api_request, self._now, request.method == "POST")
        raise web.HTTPNotFound

    def _find(self, server: AccountServer, kind: str, id: str) -> Thing:
        objects = server.lists.get(kind)
        row = objects.find(id, self._now) if objects is not None else None
        if row is None:
            raise web.HTTPNotFound
        return row

    def _page(
        self, objects: ObjectList, request: ApiRequest, is_asked: Callable[[Body], bool] | None = None
    ) -> web.Response:
        rows = [row for row in objects if is_asked(body(row, self._now))] if is_asked else None
        page = answer_list(objects, read_query(request.params), self._now, request.path, rows)
        return _json(page)


@asynccontextmanager
async def serve(sandbox: _S, *, webhooks: Webhooks | None = None, port: int = 0) -> AsyncIterator[_S]:
    """Serve a sandbox until the block ends. Port 0 takes a free one; `webhooks` are sent as events come."""
    runner = web.AppRunner(sandbox.app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    sending = asyncio.create_task(sandbox.send(webhooks)) if webhooks else None
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        sandbox.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield sandbox
    finally:
        if sending:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        await runner.cleanup()


def _key(request: web.Request) -> str:
    """The user of Basic auth, which is the secret key; empty where there is none."""
    scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
    try:
        return base64.b64decode(coded).decode().partition(":")[0] if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _base(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


async def _params(request: web.Request) -> dict[str, str]:
    """The query string, a form, or a JSON body, in which Omise's Python client sends the parameters of a GET too.

    A table inside JSON reads as a form would write it: {"source": {"type": …}} is source[type].
    """
    if request.content_type == "application/x-www-form-urlencoded":
        return {name: str(value) for name, value in (await request.post()).items()} | dict(request.query)
    sent = await request.read() if request.can_read_body else b""
    try:
        values = json.loads(sent) if sent else {}
        tables = {name: value for name, value in values.items() if isinstance(value, dict)}
        flat = {f"{name}[{key}]": value for name, table in tables.items() for key, value in table.items()}
        plain = {name: value for name, value in values.items() if value is not None and name not in tables}
        return {name: str(value) for name, value in (plain | flat).items()} | dict(request.query)
    except (AttributeError, ValueError) as error:
        raise ApiError("bad_request", "the body is no JSON object") from error


def _json(data: bytes) -> web.Response:
    return web.Response(body=data, content_type="application/json", charset="utf-8")


def _error(status: int, code: str, message: str) -> web.Response:
    response = _json(msgspec.json.encode(error_body(code, message)))
    response.set_status(status)
    return response
