"""Webhooks at the page: what is taken, what is refused, and what comes of the ones that were taken."""

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.check import check_all
from jobs.config import config as configuration
from jobs.run.outcome import JobError
from jobs.service import webhooks as service
from jobs.service.metrics import Metrics
from jobs.service.webhooks import signing_keys
from jobs.setup.reading import WARNING
from recon.sandbox.server.webhooks import signature
from recon.store.queue.webhooks import delivery
from tests.kit.small_config import ONE_ACCOUNT
from tests.kit.webhook_intake import SECRET, Intake, taking

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody keeps what comes while a test posts by itself: an answer must not wait for that."""
    monkeypatch.setattr(service, "ANSWER_S", 0.01)


def event(id: str = "evnt_test_1", **fields: object) -> bytes:
    plain = {"object": "event", "id": id, "livemode": False, "key": "charge.create", "data": {"id": "chrg_test_1"}}
    return json.dumps(plain | fields).encode()


async def paid(intake: Intake, order_status: str, order_id: str = "K-1") -> str:
    """An order of 500 baht, and its charge by KakaoPay, which is paid a minute later."""
    merchant = intake.shop
    merchant.write(order_id, order_status, "500.00", "THB")
    charge_id = await merchant.pay(order_id, 50_000, "THB")
    merchant.wait(MINUTE)
    await merchant.post(f"/charges/{charge_id}/mark_as_successful")
    return charge_id


async def test_what_is_not_omises_is_refused_and_keeps_nothing(tmp_path: Path) -> None:
    async with taking(tmp_path) as intake:
        now = int(intake.shop.now.timestamp())
        body = event()
        for headers, status in (
            ({}, 401),
            (signature(body, str(now), [base64.b64encode(b"somebody else's secret").decode()]), 401),
            (signature(body + b" ", str(now), [SECRET]), 401),
            (signature(body, str(now - 301), [SECRET]), 401),  # replayed later
            (signature(body, str(now + 301), [SECRET]), 401),
        ):
            assert await intake.post(body, headers) == status
        assert await intake.post(event(livemode=True)) == 400
        assert await intake.post(b'{"object": "event"}') == 400
        assert await intake.post(event(note="x" * 64 * 1024)) == 413
        assert await intake.post(body, path="/webhooks/omise/sg") == 404
        await intake.intake.keep()
        assert intake.rows("webhook") == []
        assert intake.counted == [("th", "not accepted")] * 5 + [("th", "not a webhook")] * 2


async def test_where_too_many_wait_for_the_store_the_next_is_sent_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "ROOM", 2)
    async with taking(tmp_path) as intake:
        answers = [await intake.post(event(f"evnt_test_{number}")) for number in range(3)]
        await intake.intake.keep()
        assert (answers, len(intake.rows("webhook"))) == ([200, 200, 503], 2)
        assert await intake.post(event("evnt_test_3")) == 200


async def test_an_event_is_kept_once_and_read_at_omise_before_anything_is_believed(tmp_path: Path) -> None:
    async with taking(tmp_path) as intake:
        assert [await intake.post(event()) for _ in range(3)] == [200, 200, 200]
        await intake.intake.keep()
        assert len(intake.rows("webhook")) == 1
        before = {table: intake.rows(table) for table in ("charge", "event", "break", "run")}
        assert await intake.work() == []
        assert {table: intake.rows(table) for table in before} == before  # signed, and Omise knows no such event
        [forged] = intake.rows("webhook")
        assert forged[5] == 1
        assert await intake.work() == []


async def test_a_lost_webhook_of_the_shops_is_told_when_its_grace_is_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with taking(tmp_path) as intake:
        await paid(intake, "pending")
        await intake.deliver(repeat=1)
        assert await intake.work() == []
        intake.shop.wait(30 * MINUTE + MINUTE)
        assert await intake.work() == ["order_not_marked_paid"]
        assert len(intake.told.calls) == 1
        assert "webhooks found something: run 1, then recon breaks list --account th" in capsys.readouterr().err


async def test_only_named_cases_are_judged_none_is_closed_and_it_is_no_run_of_the_days(tmp_path: Path) -> None:
    async with taking(tmp_path) as intake:
        await paid(intake, "cancelled", "K-1")
        await intake.deliver(lose=1)
        charge_id = await paid(intake, "cancelled", "K-2")
        await intake.deliver()
        assert await intake.work() == ["order_cancelled_but_charged"]
        [known] = intake.shop.job.breaks()
        assert known["order_id"] == "K-2"
        await intake.shop.post(f"/charges/{charge_id}/refunds", amount=50_000)
        await intake.deliver()
        assert await intake.work() == ["order_cancelled_but_charged"]
        assert intake.rows("run_account") == []
        await paid(intake, "paid", "K-3")
        await intake.deliver(lose=2)  # the second of its two events
        assert await intake.shop.says() == [("order_cancelled_but_charged", "K-1")]  # the next run does both
        health = delivery(intake.intake.store, "th", intake.shop.now + 60 * MINUTE)
        assert (health.events, health.missed) == (4, 1)
        intake.shop.wait(60 * MINUTE)
        config = intake.intake.config
        assert b'recon_webhooks_missed{account="th"} 1.0' in Metrics(config, intake.shop.clock).render()
        items = await check_all(lambda: config, intake.shop.clock)
        [item] = [item for item in items if item.what == "webhooks of th"]
        assert (item.result, item.details) == (WARNING, "1 of 4 events since 2026-03-02 05:02 UTC came by no webhook")


async def test_what_cannot_be_judged_keeps_nothing_after_it_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("payer@example.com")

    async with taking(tmp_path) as intake:
        await paid(intake, "cancelled", "K-1")
        await intake.deliver()
        with monkeypatch.context() as patched:
            patched.setattr(service, "judge_cases", broken)
            assert await intake.work() == []
        said = capsys.readouterr().err
        assert "left to the night" in said
        assert "payer" not in said
        assert len(intake.rows("charge")) == 1  # it was read, so the night has it
        await paid(intake, "cancelled", "K-2")
        await intake.deliver()
        assert await intake.work() == ["order_cancelled_but_charged"]
        [known] = intake.shop.job.breaks()
        assert known["order_id"] == "K-2"


async def test_events_that_come_in_any_order_leave_what_omise_says_now(tmp_path: Path) -> None:
    async with taking(tmp_path) as intake:
        charge_id = await paid(intake, "paid")
        dispute = await intake.shop.post(f"/charges/{charge_id}/disputes")
        for change in intake.changes()[::-1]:
            body = event(change.id, data={"id": change.subject.id, "charge": charge_id})
            assert await intake.post(body) == 200
        await intake.intake.keep()
        assert await intake.work() == ["dispute_open"]
        stored = {row[0]: row for table in ("charge", "dispute") for row in intake.rows(table)}
        assert {len(intake.rows(table)) for table in ("charge", "dispute")} == {1}
        assert dispute["id"] in str(stored)


async def test_without_a_secret_a_webhook_is_a_hint_of_which_few_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.service.webhooks.ANSWER_S", 0.0)  # they are kept here, not while they wait
    async with taking(tmp_path, secrets="[]") as intake:
        await paid(intake, "cancelled")
        changes = intake.changes()
        for change in changes:
            body = event(change.id, data={"id": "rfnd_test_x", "charge": "chrg_test_other"})
            assert await intake.post(body, {}) == 200
        await intake.intake.keep()
        assert await intake.work() == ["order_cancelled_but_charged"]
        assert [row[2] for row in intake.rows("webhook")] == [None] * len(changes)  # its own word is not kept
        statuses = [await intake.post(event(f"evnt_test_{number}"), {}) for number in range(60)]
        assert statuses.count(429) == len(changes)


async def test_two_secrets_hold_while_one_is_rotated(tmp_path: Path) -> None:
    new = base64.b64encode(b"the secret that comes").decode()
    both = '[{ file = "keys/th_webhook" }, { file = "keys/new" }]'
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "new").write_text(new, encoding="utf-8")
    async with taking(tmp_path, secrets=both) as intake:
        now = str(int(intake.shop.now.timestamp()))
        for secrets in ([SECRET], [new], [SECRET, new]):
            assert await intake.post(event(), signature(event(), now, secrets)) == 200


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("not base64!", "accounts.th.webhook_secret: is no base64"),
        ("c2hvcnQ=", "accounts.th.webhook_secret: is too short"),
        ("", "accounts.th.webhook_secret: "),
    ],
)
def test_a_secret_that_is_none_is_said_before_anything_is_taken(tmp_path: Path, secret: str, words: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(ONE_ACCOUNT.replace("[accounts.th]", '[accounts.th]\nwebhook_secret = { env = "HOOK" }'), "utf-8")
    with pytest.raises(JobError, match=words):
        signing_keys(configuration.load(path, {"HOOK": secret}, ()))
