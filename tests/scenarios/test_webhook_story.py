"""A day with webhooks: the service takes them, and who must know is told within a minute."""

import asyncio
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.config import config as configuration
from jobs.service import webhooks as intake
from jobs.service.serve import serve
from recon.sandbox.server.webhooks import Webhooks
from tests.kit.job import Silent
from tests.kit.kakaopay_shop import Shop, shop
from tests.kit.night_process import free_port
from tests.kit.receivers import Hook, webhook
from tests.kit.webhook_intake import with_webhooks

MINUTE = timedelta(minutes=1)


async def within_a_minute(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.05)


def all_read(merchant: Shop, events: int) -> bool:
    rows = merchant.job.rows("webhook")
    return len(rows) == events and all(row[4] for row in rows)


def says(told: Hook, *words: str) -> bool:
    return any(all(word in str(call) for word in words) for call in told.calls)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.proof  # in real time; in pieces: tests/jobs/service/test_webhooks.py, tests/jobs/run/test_watch.py
async def test_a_lost_webhook_and_an_abandoned_payment_are_told_within_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "LOOK_S", 0.1)
    monkeypatch.setattr(intake, "REST", 0.0)
    async with shop(tmp_path) as merchant, webhook() as told, asyncio.TaskGroup() as tasks:
        port = free_port()
        path = with_webhooks(merchant, told, page=f"port = {port}\n")
        sent = Webhooks(f"http://127.0.0.1:{port}/webhooks/omise/{{account}}", repeat=2, every_s=0.05)
        running: list[asyncio.Task[Any]] = [
            tasks.create_task(
                serve(configuration.load(path, {}), path, lambda: merchant.now, Silent(), scheduler=False, page=True)
            )
        ]
        await within_a_minute(lambda: answers(port))
        running.append(tasks.create_task(merchant.job.server.send(sent)))
        merchant.write("LOST", "pending", "500.00", "THB")
        paid = await merchant.pay("LOST", 50_000, "THB")
        merchant.wait(MINUTE)
        await merchant.post(f"/charges/{paid}/mark_as_successful")
        merchant.write("LEFT", "paid", "700.00", "THB")
        await merchant.pay("LEFT", 70_000, "THB")
        await within_a_minute(lambda: all_read(merchant, 3))
        merchant.wait(10 * MINUTE)  # the payer's time is over: Omise says so
        await within_a_minute(lambda: says(told, "LEFT", "order_paid_charge_failed"))
        assert not says(told, "LOST")
        merchant.wait(21 * MINUTE)  # and so is the shop's to mark what is paid
        await within_a_minute(lambda: says(told, "LOST", "order_not_marked_paid"))
        for task in running:
            task.cancel()
