"""The sandbox with faults, whose objects a test changes by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from itertools import count
from typing import Any

import msgspec
from aiohttp import web

from recon.sandbox.server import app
from recon.sandbox.server.account import AccountServer, ApiRequest
from recon.sandbox.server.checkout import mark_charge
from recon.sandbox.server.lists import encode
from recon.sandbox.server.webhooks import Webhooks
from recon.sandbox.worlds.facts import Given
from recon.sandbox.worlds.world import World


@dataclass(frozen=True, slots=True)
class Faults:
    """Every Nth answer fails in a way; 0 is never. Where two fall on one request, the first field wins.

    `too_many`: 429, with `retry_after_s` as Retry-After where given. `bad_gateway`: 502 with an HTML page. `drop`:
    the connection ends without an answer. `cut`: status 200 with half of the JSON. `latency_s` delays every answer.
    """

    too_many: int = 0
    bad_gateway: int = 0
    drop: int = 0
    cut: int = 0
    retry_after_s: int | None = None
    latency_s: float = 0.0

    def of(self, number: int) -> str:
        """The fault of the request of this number, counted from 1, or an empty text."""
        for name in ("too_many", "bad_gateway", "drop", "cut"):
            every: int = getattr(self, name)
            if every and number % every == 0:
                return name
        return ""


NO_FAULTS = Faults()


class Sandbox(app.Sandbox):
    """A sandbox of which a test moves the moment, the faults and the objects by hand."""

    def __init__(self, world: World, clock: Callable[[], datetime], faults: Faults = NO_FAULTS) -> None:
        super().__init__(world, clock)
        self._faults = faults
        self._answers = count(1)
        self._said: dict[tuple[str, str], Mapping[str, Any]] = {}  # by account's key and name

    def set_faults(self, faults: Faults) -> None:
        """From here on answers fail like this; requests go on being counted."""
        self._faults = faults

    def get(self, account: str, kind: str, id: str) -> dict[str, Any]:
        """An object as it would be served now, to be changed and put back; KeyError where there is none."""
        row = self.accounts[account].lists[kind].find(id, self._now)
        if row is None:
            raise KeyError(id)
        node: dict[str, Any] = msgspec.json.decode(encode(row, self._now))
        return node

    def put(self, account: str, kind: str, data: Mapping[str, Any]) -> None:
        """Add an object to a list, or replace the one of its id; it is served as given, from its `created_at` on."""
        created = datetime.fromisoformat(data["created_at"])
        self.accounts[account].lists[kind].put(Given(data["id"], int(created.timestamp()), dict(data)))

    def mark(self, account: str, charge: str, status: str) -> None:
        """Make a charge `successful` or `failed` by hand, now, as Omise's dashboard can in test mode."""
        mark_charge(self.accounts[account], ApiRequest("", "", {"id": charge, "status": status}, {}), self._now)

    def drop(self, account: str, kind: str, id: str) -> None:
        """Take an object out of its list; KeyError where there is none."""
        self.accounts[account].lists[kind].drop(id)

    def say(self, account: str, name: str, data: Mapping[str, Any]) -> None:
        """Let `account`, `balance` or `capability` answer these values in place of their own."""
        self._said[self.accounts[account].account.key, name] = data

    def _profile(self, server: AccountServer, request: ApiRequest) -> web.Response:
        response = super()._profile(server, request)
        said = self._said.get((server.account.key, request.path[1:]))
        if said is not None:
            assert isinstance(response.body, bytes)
            response.body = msgspec.json.encode({**msgspec.json.decode(response.body), **said})
        return response

    async def _answer(self, request: web.Request, handler: app.Handler) -> web.StreamResponse:
        if self._faults.latency_s:
            await asyncio.sleep(self._faults.latency_s)
        fault = self._faults.of(next(self._answers))
        if fault == "too_many":
            after = self._faults.retry_after_s
            headers = {} if after is None else {"Retry-After": str(after)}
            return web.Response(status=429, text="Too Many Requests", headers=headers)
        if fault == "bad_gateway":
            page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
            return web.Response(status=502, text=page, content_type="text/html")
        if fault == "drop" and request.transport is not None:
            request.transport.abort()
            return web.Response()
        response = await super()._answer(request, handler)
        if fault == "cut" and response.status == HTTPStatus.OK and isinstance(response, web.Response):
            assert isinstance(response.body, bytes)
            response.body = response.body[: len(response.body) // 2]
        return response


@asynccontextmanager
async def serve(
    world: World,
    *,
    moment: datetime | None = None,
    clock: Callable[[], datetime] | None = None,
    faults: Faults = NO_FAULTS,
    webhooks: Webhooks | None = None,
) -> AsyncIterator[Sandbox]:
    """Serve a world at a moment (default: its `as_of`), or as a clock goes on, until the block ends."""
    start = moment or world.as_of
    async with app.serve(Sandbox(world, clock or (lambda: start), faults), webhooks=webhooks) as sandbox:
        yield sandbox
