"""An Omise that holds nothing but N plain charges, one a second: what a benchmark's client reads, and quick to write.

Pages are joined from the pieces of one sandbox charge, so the server costs little beside what it is there to measure.
"""

import argparse
import asyncio
from datetime import UTC, date, datetime

import msgspec
from aiohttp import web

from recon.sandbox.forms import stamp
from recon.sandbox.server.objects import body
from recon.sandbox.server.paging import read_query
from recon.sandbox.server.profile import account_body
from recon.sandbox.worlds.countries import ACCOUNTS
from recon.sandbox.worlds.world import make_world

START = datetime(2026, 3, 1, tzinfo=UTC)
EPOCH = int(START.timestamp())
BALANCE = {"currency": "THB", "total": 0, "transferable": 0, "reserve": 0, "on_hold": 0}


class Bulk:
    """The list of charges `chrg_test_0…` created from START on, each like the next but for its id, order and time."""

    def __init__(self, count: int) -> None:
        self.count = count
        world = make_world(3, date(2026, 3, 2), date(2026, 3, 4), 60, ("th",), plant=False)
        now = int(world.as_of.timestamp())
        plain = next(c for c in world.books["th"].charges if c.method.is_card and c.status(now) == "successful")
        data = body(plain, now) | {"transaction": None, "description": "Order @id@", "metadata": {"order_id": "@id@"}}
        text = msgspec.json.encode(data).replace(plain.id.encode(), b"chrg_test_@id@")
        self.pieces = text.replace(stamp(plain.created).encode(), b"@at@").split(b"@")

    def row(self, number: int) -> bytes:
        """One charge."""
        values = {b"id": b"%07d" % number, b"at": stamp(EPOCH + number).encode()}
        return b"".join([values.get(part, part) for part in self.pieces])

    def page(self, params: dict[str, str]) -> bytes:
        """One page of the list, as the sandbox answers it."""
        query = read_query(params)
        until = query.until if query.until is not None else EPOCH + self.count
        first, last = max(0, query.since - EPOCH), min(self.count, until - EPOCH)
        total = max(0, last - first)
        begin = first + query.offset
        rows = [self.row(number) for number in range(begin, min(begin + query.limit, last))]
        return b'{"object":"list","total":%d,"data":[' % total + b",".join(rows) + b"]}"


async def answer(request: web.BaseRequest, bulk: Bulk, latency_s: float) -> web.Response:
    """What an account with nothing but charges says."""
    if latency_s:
        await asyncio.sleep(latency_s)
    match request.path:
        case "/charges":
            sent = await request.json() if request.can_read_body else {}  # so Omise's own client asks
            asked = {name: str(value) for name, value in sent.items() if value is not None}
            said = bulk.page(asked | dict(request.query))
        case "/account":
            said = msgspec.json.encode(account_body(ACCOUNTS["th"]))
        case "/balance":
            said = msgspec.json.encode(BALANCE)
        case _:
            said = b'{"object":"list","total":0,"data":[]}'
    return web.Response(body=said, content_type="application/json")


async def serve(count: int, latency_s: float) -> None:
    """Serves until the process is ended; prints its address first."""
    bulk = Bulk(count)
    server = web.Server(lambda request: answer(request, bulk, latency_s))
    runner = web.ServerRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Reads the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    asked = parser.parse_args()
    asyncio.run(serve(asked.count, asked.latency))


if __name__ == "__main__":
    main()
