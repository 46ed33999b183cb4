"""A day of KakaoPay at the sandbox: what looks at the day and webhooks tell of a payment, and when."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.config import config as configuration
from jobs.run.outcome import WATCH, RunOptions
from jobs.run.run import run
from tests.kit.job import Silent
from tests.kit.kakaopay_shop import Shop, shop
from tests.kit.webhook_intake import taking

MINUTE = timedelta(minutes=1)
EXPIRY, GRACE, EVERY = 10 * MINUTE, 30 * MINUTE, 15 * MINUTE

Story = Callable[[Shop], Awaitable[None]]


async def left_alone(merchant: Shop) -> None:
    """The shop delivers before the payer has paid, and the payer never does: Omise lets the charge expire."""
    merchant.write("K-1", "paid", "500.00", "THB")
    await merchant.pay("K-1", 50_000, "THB")


async def left_open(merchant: Shop) -> None:
    """Nobody pays, and Omise goes on saying pending."""
    merchant.write("K-1", "pending", "500.00", "THB")
    charge_id = await merchant.pay("K-1", 50_000, "THB")
    server = merchant.job.server
    server.put("th", "charges", server.get("th", "charges", charge_id))  # as it stands now, for good


async def lost_webhook(merchant: Shop) -> None:
    """The payer pays, and the shop does not hear of it."""
    merchant.write("K-1", "pending", "500.00", "THB")
    charge_id = await merchant.pay("K-1", 50_000, "THB")
    merchant.job.server.mark("th", charge_id, "successful")


async def look(merchant: Shop) -> list[str]:
    """A look at the day; the codes of what is open after it."""
    options = RunOptions(report=False, by="test", command=WATCH, today=True)
    outcome = await run(configuration.load(merchant.job.config, {}), options, merchant.clock, Silent())
    assert outcome.complete, outcome.messages
    return [known["code"] for known in merchant.job.breaks() if known["status"] == "open"]


@pytest.mark.proof  # in pieces: tests/jobs/run/test_watch.py
@pytest.mark.parametrize(
    ("story", "code", "after"),
    [
        (left_alone, "order_paid_charge_failed", EXPIRY),
        (left_open, "pending_stuck", EXPIRY + GRACE),
        (lost_webhook, "order_not_marked_paid", GRACE),
    ],
)
async def test_it_is_told_when_its_time_is_over_by_the_next_look(
    tmp_path: Path, story: Story, code: str, after: timedelta
) -> None:
    async with shop(tmp_path) as merchant:
        merchant.live_in_its_time()
        begun = merchant.now
        await story(merchant)
        merchant.wait(MINUTE)
        while code not in (told := await look(merchant)):
            merchant.wait(EVERY)
        assert told == [code]
        assert after <= merchant.now - begun <= after + EVERY


async def test_with_webhooks_a_payment_left_alone_is_told_as_it_expires(tmp_path: Path) -> None:
    async with taking(tmp_path) as intake:
        await left_alone(intake.shop)
        await intake.deliver()
        assert await intake.work() == ["order_paid_charge_pending"]
        intake.shop.wait(EXPIRY)
        await intake.deliver()
        told = await intake.work()
        assert told == ["order_paid_charge_pending", "order_paid_charge_failed"]  # a webhook closes nothing
        assert len(intake.told.calls) == 2


async def test_with_webhooks_a_lost_one_is_told_as_the_grace_is_over(tmp_path: Path) -> None:
    async with taking(tmp_path) as intake:
        await lost_webhook(intake.shop)
        await intake.deliver()
        for waited in (0 * MINUTE, GRACE):
            intake.shop.wait(waited)
            assert await intake.work() == []
        intake.shop.wait(MINUTE)
        assert await intake.work() == ["order_not_marked_paid"]
        assert len(intake.told.calls) == 1
