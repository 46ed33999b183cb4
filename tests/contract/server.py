"""A small fake of Omise's API for tests: one in-process HTTP server on loopback, one ledger for each secret key."""

import asyncio
import threading
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

from aiohttp import web

from tests.contract.objects import Json, stamp

KINDS = ("charges", "refunds", "transfers", "transactions", "disputes", "events", "receipts")
ODD_ROOTS = {"receipts": "receipt_list"}

Tamper = Callable[[str, dict[str, str], Json], Json | web.Response]


class Served(Protocol):
    """What an account offers to the server; `tamper` sees (path, query, body) and may answer something else."""

    key: str
    objects: dict[str, dict[str, Json]]
    tamper: Tamper | None
    page_limit: int

    def account_json(self) -> Json: ...
    def balance_json(self, now: datetime) -> Json: ...


def moment(text: str, default: datetime) -> datetime:
    if not text:
        return default
    parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def error(status: int, code: str, message: str) -> web.Response:
    location = f"https://www.omise.co/api-errors#{code.replace('_', '-')}"
    body = {"object": "error", "location": location, "code": code, "message": message}
    return web.json_response(body, status=status)


class FakeOmise:
    """Serves the accounts that were handed to it, as of `now`, from a thread of its own."""

    def __init__(self, accounts: list[Served], now: datetime) -> None:
        self.accounts = {account.key: account for account in accounts}
        self.now = now
        self.requests: list[str] = []
        self.url = ""
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the fake Omise did not start within ten seconds")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = web.AppRunner(self._application(), access_log=None)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/{path:.*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.Response:
        account = self.accounts.get(secret_key(request))
        if account is None:
            return error(401, "authentication_failure", "authentication failed")
        path, query = "/" + request.match_info["path"].strip("/"), dict(request.query)
        self.requests.append(f"{path}?{request.query_string}")
        body = self.body(account, path, query)
        if body is None:
            return error(404, "not_found", f"{path} was not found")
        if account.tamper is not None:
            tampered = account.tamper(path, query, body)
            if isinstance(tampered, web.Response):
                return tampered
            body = tampered
        return web.json_response(body, headers={"Omise-Version": "2019-05-29"})

    def body(self, account: Served, path: str, query: dict[str, str]) -> Json | None:
        parts = path.strip("/").split("/")
        if path == "/account":
            return account.account_json()
        if path == "/balance":
            return account.balance_json(self.now)
        if parts[0] not in KINDS:
            return None
        rows = account.objects[parts[0]]
        if len(parts) == 1:
            return self.page(path, list(rows.values()), query, account.page_limit)
        if parts == ["disputes", "open"] or parts == ["disputes", "pending"]:
            return self.page(path, [row for row in rows.values() if row["status"] == parts[1]], query, 100)
        if parts == ["disputes", "closed"]:
            return self.page(path, [row for row in rows.values() if row["status"] in ("won", "lost")], query, 100)
        row = rows.get(parts[1])
        if row is None or moment(row["created_at"], self.now) > self.now:
            return None
        if len(parts) == 2:
            return row
        if len(parts) >= 3 and parts[2] == "refunds":
            refunds = [refund for refund in account.objects["refunds"].values() if refund["charge"] == parts[1]]
            if len(parts) == 3:
                return self.page(path, refunds, query, 100)
            return next((refund for refund in refunds if refund["id"] == parts[3]), None)
        return None

    def page(self, path: str, rows: list[Json], query: dict[str, str], most: int) -> Json:
        begin = moment(query.get("from", ""), datetime(1970, 1, 1, tzinfo=UTC))
        end = min(moment(query.get("to", ""), self.now), self.now)
        offset, limit = int(query.get("offset", 0)), min(int(query.get("limit", 20)), most)
        order = query.get("order", "chronological")
        picked = [row for row in rows if begin <= moment(row["created_at"], self.now) <= end]
        picked.sort(key=lambda row: (row["created_at"], row.get("id", "")), reverse=order != "chronological")
        return {
            "object": ODD_ROOTS.get(path.strip("/"), "list"),
            "data": picked[offset : offset + limit],
            "limit": limit,
            "offset": offset,
            "total": len(picked),
            "location": path,
            "order": order,
            "from": stamp(begin),
            "to": stamp(end),
        }


def secret_key(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Basic":
        return ""
    return b64decode(token).decode().partition(":")[0]
