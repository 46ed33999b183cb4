"""A shop in Thailand that takes KakaoPay, over the sandbox, by a clock that the test moves; for the tests."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from jobs import demo
from jobs.config import config as configuration
from jobs.run.outcome import RunOptions
from jobs.run.run import run
from recon.sandbox.worlds.world import World, make_world
from tests.kit.job import Job, Silent, clock
from tests.kit.sandbox import Sandbox, serve

FIRST = LAST = date(2026, 3, 2)


@dataclass
class Shop:
    """A merchant in test mode: makes charges, lets payers pay, runs the job by the machine's clock."""

    job: Job
    http: aiohttp.ClientSession
    now: datetime
    clock: Callable[[], datetime] = clock

    async def post(self, path: str, **params: str | int) -> dict[str, Any]:
        async with self.http.post(f"{self.job.server.url}{path}", data=params) as answer:
            found: dict[str, Any] = await answer.json()
            assert answer.status == 200, found
            return found

    async def pay(self, order_id: str, amount: int, currency: str = "KRW") -> str:
        """An order's charge by KakaoPay, as the document makes one."""
        params = {"source[type]": "kakaopay", "metadata[order_id]": order_id}
        params["metadata[customer_email]"] = "payer@example.com"
        made = await self.post("/charges", amount=amount, currency=currency, **params)
        assert (made["status"], made["source"]["flow"]) == ("pending", "app_redirect")
        assert made["authorize_uri"]
        return str(made["id"])

    def wait(self, for_: timedelta) -> None:
        self.now += for_
        self.job.server.set_moment(self.now)

    def live_in_its_time(self) -> None:
        """From here on the job goes by the shop's clock, and Omise says that time."""
        self.clock = lambda: self.now
        self.job.server.set_date("moment")

    async def status(self, charge_id: str) -> str:
        async with self.http.get(f"{self.job.server.url}/charges/{charge_id}") as answer:
            return str((await answer.json())["status"])

    def write(self, order_id: str, status: str, amount: str, currency: str = "KRW") -> None:
        """The shop's own word on an order."""
        with self.job.orders("th").open("a", encoding="utf-8") as file:
            file.write(_row(self.job.orders("th"), order_id, status, amount, currency, self.now) + "\n")

    async def says(self) -> list[tuple[str, str]]:
        """Code and subject of every break that the job finds now."""
        options = RunOptions(FIRST, LAST, as_of=self.now, by="test", report=False)
        outcome = await run(configuration.load(self.job.config, {}), options, self.clock, Silent())
        assert outcome.complete, outcome.messages
        return sorted(
            (b["code"], b["order_id"] or b["subject_id"]) for b in self.job.breaks() if b["status"] == "open"
        )


def _row(path: Path, order_id: str, status: str, amount: str, currency: str, made: datetime) -> str:
    values = {
        "order_id": order_id,
        "account": "th",
        "amount": amount,
        "currency": currency,
        "status": status,
        "created_at": made.isoformat(),
        "refunded_amount": "",
        "payment_method": "kakaopay",
        "charge_id": "",
    }
    return ",".join(values.get(name, "") for name in path.read_text(encoding="utf-8").splitlines()[0].split(","))


@asynccontextmanager
async def shop(folder: Path) -> AsyncIterator[Shop]:
    """One Thai account without orders or charges, at noon of its day."""
    world: World = make_world(1, FIRST, LAST, 4, ("th",), plant=False)
    noon = datetime(2026, 3, 2, 5, tzinfo=UTC)
    running: Sandbox
    async with serve(world, moment=noon) as running:
        job = Job(folder, world, running, demo.prepare(world, folder, running.url))
        _only_header(job.orders("th"))
        for name in ("charges", "transactions", "refunds", "disputes", "transfers"):
            for row in list(world.books["th"].kinds()[name]):
                running.drop("th", name, row.id)
        key = aiohttp.encode_basic_auth(world.books["th"].account.key, "")
        async with aiohttp.ClientSession(headers={"Authorization": key}) as http:
            yield Shop(job, http, noon)


def _only_header(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
