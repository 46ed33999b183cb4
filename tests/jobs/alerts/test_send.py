"""Alerts as real receivers on loopback get them: once, each channel on its own, held, routed, tried again."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.alerts import send
from jobs.alerts.send import Teller
from jobs.config.config import Config, load
from jobs.logs import logs
from jobs.run.moments.nights import Finding
from jobs.run.opening.store import open_ready_store
from jobs.run.outcome import Outcome, RunOptions, Unsigned
from recon.model import BreakStatus, Severity
from recon.store.engine import Store
from recon.store.runs.alerts import deliveries
from tests.kit.alert_samples import DAY, known, ran
from tests.kit.opened_store import opened_store
from tests.kit.receivers import Hook, Post, nobody, post_office, webhook
from tests.kit.small_config import configured
from tests.kit.store_samples import HOUR, NOON

ALERTS = '[alerts]\nurls = { env = "URLS" }\n'
MISSED = Finding("missed", "th", DAY, "night of 2026-02-28 did not run")


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with webhook() as one:
        yield one


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with post_office() as one:
        yield one


class House:
    """One configuration, its store, and a clock that a test turns."""

    def __init__(self, folder: Path, urls: str, more: str = "", **environ: str) -> None:
        path = configured(folder, ALERTS + more)
        self.config: Config = load(path, {"URLS": urls, **environ}, needs=())
        self.now: datetime = NOON
        self.store: Store = open_ready_store(self.config)

    @property
    def teller(self) -> Teller:
        """A new one each time, as after a restart."""
        return Teller(self.config, lambda: self.now)

    def close(self) -> None:
        self.store.dispose()

    async def run(self, *changes: Any, **options: Any) -> tuple[str, ...]:
        run_id = ran(self.store, *changes, at=self.now, **options)
        return await self.teller.run_finished(self.outcome(run_id), "nightly")

    def outcome(self, run_id: int | None, *messages: str) -> Outcome:
        paths, days = (Path("settlement_th.xlsx"),), {"th": (DAY, DAY), "jp": (DAY, DAY)}
        return Outcome(run_id, not messages, self.now, (), paths, {}, messages, days=days)


@pytest.fixture
def houses(tmp_path: Path) -> Iterator[Any]:
    made: list[House] = []
    opened_store(tmp_path / "recon.db")

    def make(urls: str, more: str = "", **environ: str) -> House:
        made.append(House(tmp_path, urls, more, **environ))
        return made[-1]

    yield make
    for one in made:
        one.close()


def opened(subject: str = "A-1", **fields: Any) -> tuple[Any, str, str]:
    return known(subject, **fields), "opened", ""


def mail_url(post: Post) -> str:
    return f"mailto://127.0.0.1:{post.port}?from=recon@shop.test&to=finance@shop.test&mode=insecure"


async def test_a_digest_reaches_every_channel_once_though_one_is_down(houses: Any, hook: Hook, post: Post) -> None:
    down = f"json://127.0.0.1:{nobody()}/token0815canary"
    house = houses(f"{down} {hook.url}/a {mail_url(post)}")
    [said] = await house.run(opened("A-1"), opened("A-2", amount_at_risk=1))
    [got] = hook.at("/a")
    assert got["title"] == "recon: 2 new breaks (high): th"
    assert "high Order paid, and no charge for it (charge_missing): 2, THB 100.01" in got["message"]
    assert "Workbook: settlement_th.xlsx" in got["message"]
    [mail] = post.messages
    assert (mail["Subject"], mail["To"]) == (got["title"], "finance@shop.test")
    html = mail.get_body(("html",))
    assert html is not None
    assert "A-2" in html.get_content()
    assert "tried again later" in said
    assert "canary" not in said
    house.now += HOUR
    assert await house.run() == (said,)  # the channel is still down
    assert len(hook.calls) == len(post.mails) == 1


async def test_a_channel_that_comes_back_gets_what_it_missed(houses: Any, hook: Hook) -> None:
    house = houses(f"{hook.url}/a")
    hook.status = 503
    [said] = await house.run(opened())
    assert "503" in said
    hook.status = 200
    assert await house.teller.retry(house.now) == ()
    assert len(hook.calls) == 1  # its turn comes after a minute
    house.now += timedelta(minutes=1)
    assert await house.teller.retry(house.now) == ()
    assert [body["title"] for body in hook.at("/a")] == ["recon: 1 new break (high): th"] * 2
    assert set(deliveries(house.store)) == {(send.channels(house.config)[0].name, "sent")}


async def test_a_channel_that_never_comes_back_is_given_up(houses: Any) -> None:
    house = houses(f"json://127.0.0.1:{nobody()}/a")
    said = await house.run(opened())
    for _ in range(send.TRIES):
        house.now += timedelta(days=1)
        said = await house.teller.retry(house.now) or said
    assert said[0].endswith("given up")
    assert [status for _, status in deliveries(house.store)] == ["failed"]


async def test_a_slow_channel_is_left_alone(houses: Any, hook: Hook) -> None:
    house = houses(f"{hook.url}/a")
    hook.delay_s = 0.3
    run_id = ran(house.store, opened())
    impatient = Teller(house.config, lambda: house.now, timeout_s=0.1)
    [said] = await impatient.run_finished(house.outcome(run_id), "nightly")
    assert "no answer within 0.1 s" in said


async def test_a_url_that_is_gone_from_the_file_is_given_up_and_one_that_is_new_gets_nothing_old(
    houses: Any, hook: Hook
) -> None:
    before = houses(f"json://127.0.0.1:{nobody()}/a")
    await before.run(opened())
    after = houses(f"{hook.url}/b")
    after.now += HOUR
    [said] = await after.teller.retry(after.now)
    assert "not configured any more" in said
    assert hook.calls == []


async def test_worse_is_told_acknowledged_is_not(houses: Any, hook: Hook) -> None:
    house = houses(f"{hook.url}/a")
    await house.run(opened())
    worse = known(amount_at_risk=200_00)
    await house.run((worse, "changed", "amount_at_risk: 10000 -> 20000"))
    taken_on = known(amount_at_risk=300_00, status=BreakStatus.ACKNOWLEDGED)
    await house.run((taken_on, "changed", "amount_at_risk: 20000 -> 30000"))
    titles = [body["title"] for body in hook.at("/a")]
    assert titles == ["recon: 1 new break (high): th", "recon: 1 worse break (high): th"]


async def test_below_the_least_severity_nothing_is_told(houses: Any, hook: Hook) -> None:
    house = houses(f"{hook.url}/a", 'min_severity = "critical"\n')
    await house.run(opened())
    assert hook.calls == []
    await house.run((known(severity=Severity.CRITICAL), "changed", "severity: 3 -> 4"))
    assert [body["title"] for body in hook.at("/a")] == ["recon: 1 worse break (critical): th"]


async def test_routes_get_theirs_besides(houses: Any, hook: Hook) -> None:
    routes = (
        '[[alerts.routes]]\naccounts = ["jp"]\nurls = { env = "TOKYO" }\n'
        '[[alerts.routes]]\ncodes = ["order_missing"]\nmin_severity = "low"\nurls = { env = "SHOP" }\n'
    )
    house = houses(f"{hook.url}/all", routes, TOKYO=f"{hook.url}/tokyo", SHOP=f"{hook.url}/shop {hook.url}/all")
    await house.run(
        opened("1"),
        opened("2", account="jp", currency="JPY"),
        opened("3", code="order_missing", severity=Severity.LOW),
    )
    titles = {path: body["title"] for path, body in hook.calls}
    assert titles == {
        "/all": "recon: 3 new breaks (high): jp, th",
        "/tokyo": "recon: 1 new break (high): jp",
        "/shop": "recon: 1 new break (low): th",
    }
    hook.calls.clear()
    await house.teller.watch([MISSED], house.now)
    assert [path for path, _ in hook.calls] == ["/all"]


async def test_quiet_hours_hold_all_but_the_critical(houses: Any, hook: Hook) -> None:
    house = houses(f"{hook.url}/a", 'quiet_hours = "18:00-20:00"\n')  # noon in UTC is 19:00 in Bangkok
    await house.run(opened())
    await house.teller.watch([MISSED], house.now)
    assert hook.calls == []
    await house.run(opened("A-2", severity=Severity.CRITICAL))
    assert len(hook.calls) == 1
    house.now += HOUR
    await house.teller.retry(house.now)
    assert len(hook.calls) == 3


async def test_a_missed_night_is_told_once_and_one_all_clear_follows(houses: Any, hook: Hook) -> None:
    house = houses(f"{hook.url}/a")
    ran(house.store, opened(), complete=False)
    await house.teller.watch([MISSED], house.now)
    await house.teller.watch([MISSED], house.now)
    assert [body["title"] for body in hook.at("/a")] == ["recon: night missed, 1 new break (high): th"]
    house.now += HOUR
    await house.run((known(status=BreakStatus.AUTO_CLOSED), "auto_closed", ""))
    assert hook.at("/a")[-1]["title"] == "recon: all clear: th"
    house.now += HOUR
    await house.run()
    assert len(hook.calls) == 2


async def test_a_run_that_nobody_shall_hear_of_is_not_told_later(houses: Any, hook: Hook) -> None:
    house = houses(f"{hook.url}/a")
    run_id = ran(house.store, opened())
    await house.teller.run_silent(house.outcome(run_id), "run")
    await house.run(opened("A-2"))
    [got] = hook.at("/a")
    assert "A-2" in got["message"]
    assert "A-1" not in got["message"]


async def test_breaks_of_a_run_that_died_before_it_told_are_told_by_the_next(houses: Any, hook: Hook) -> None:
    house = houses(f"{hook.url}/a")
    ran(house.store, opened("A-1"))
    await house.run(opened("A-2"))
    assert [body["title"] for body in hook.at("/a")] == ["recon: 2 new breaks (high): th"]


async def test_a_failed_run_is_told_also_without_a_store(houses: Any, hook: Hook, tmp_path: Path) -> None:
    house = houses(f"{hook.url}/a")
    options = RunOptions(DAY, DAY, ("th",))
    assert await house.teller.run_failed(options, "Omise refused skey_test_5abc", "nightly") == ()
    assert await house.teller.run_failed(options, "Omise refused skey_test_5abc", "nightly") == ()
    [got] = hook.at("/a")
    assert got["title"] == "recon: run failed: th"
    assert "[key]" in got["message"]
    house.close()
    for path in tmp_path.glob("recon.db*"):
        path.unlink()
    (tmp_path / "recon.db").mkdir()
    said = await house.teller.run_failed(options, "the database is gone", "nightly")
    assert "could not keep the alert" in said[0]
    assert "the database is gone" in hook.at("/a")[-1]["message"]


async def test_a_mistake_in_what_was_asked_is_told_nobody(houses: Any, hook: Hook) -> None:
    house = houses(f"{hook.url}/a")
    assert await house.teller.run_failed(RunOptions(accounts=("nope",)), "no such account", "run") == ()
    assert hook.calls == []


async def test_a_signed_range_that_changed_is_told_alone_or_beside_breaks(houses: Any, hook: Hook) -> None:
    house = houses(f"{hook.url}/a")
    unsigned = Unsigned("th", DAY, DAY, "orders: 3 -> 4")
    await house.teller.run_finished(replace(house.outcome(ran(house.store)), unsigned=(unsigned,)), "nightly")
    run_id = ran(house.store, opened())
    outcome = replace(
        house.outcome(run_id), unsigned=(Unsigned("jp", DAY, DAY, "orders: 5 -> 6"),), audit_head="head0"
    )
    await house.teller.run_finished(outcome, "nightly")
    titles = [body["title"] for body in hook.at("/a")]
    assert titles == [
        "recon: signed range changed: th",
        "recon: signed range changed, 1 new break (high): jp, th",
    ]
    assert "Audit head: head0" in hook.at("/a")[1]["message"]


async def test_without_channels_nothing_is_told_or_kept_for_later(houses: Any, hook: Hook) -> None:
    silent = houses("")
    assert await silent.run(opened()) == ()
    assert await silent.teller.watch([MISSED], NOON) == ()
    loud = houses(f"{hook.url}/a")
    await loud.run()
    assert hook.calls == []


async def test_the_heartbeat_is_called_and_its_silence_is_known(houses: Any, hook: Hook) -> None:
    beats = f'heartbeat_url = "http://127.0.0.1:{hook.port}/ping"\n'
    house = houses("", beats)
    assert await house.teller.good_night(["th"])
    assert hook.calls == [("/ping", None)]
    hook.status = 500
    assert not await house.teller.good_night(["th"])
    down = houses("", f'heartbeat_url = "http://127.0.0.1:{nobody()}/ping"\n')
    assert not await down.teller.good_night(["th"])
    assert await houses("").teller.good_night(["th"])


async def test_a_test_message_says_whether_it_was_accepted(houses: Any, hook: Hook) -> None:
    house = houses(f"{hook.url}/a nonsense foo://bar json://127.0.0.1:{nobody()}")
    good, nonsense, unknown, down = send.channels(house.config)
    assert [send.is_understood(one) for one in (good, nonsense, unknown, down)] == [True, False, False, True]
    assert await send.send_test(good) == ""
    assert await send.send_test(nonsense) == "the URL is not one that Apprise understands"
    logs.configure(as_json=False)  # as every command does first
    assert "error" in (await send.send_test(down)).lower()
    assert [body["title"] for body in hook.at("/a")] == ["recon: test message"]


def test_a_channel_gives_nothing_of_its_url_away(houses: Any) -> None:
    house = houses("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general")
    [channel] = send.channels(house.config)
    assert "T1JJ3" not in f"{channel!r} {channel.name} {channel.place}"
    assert channel.place == "alerts.urls 1"


async def test_an_incomplete_run_says_of_each_account_why(houses: Any, hook: Hook) -> None:
    house = houses(f"{hook.url}/a")
    run_id = ran(house.store, opened())
    messages = ('account "jp" was not pulled to its end; run again', "bank.x: unreadable; run again")
    await house.teller.run_finished(house.outcome(run_id, *messages), "nightly")
    [body] = hook.at("/a")
    assert body["title"] == "recon: run not complete, 1 new break (high): jp, th"
    lines = body["message"].splitlines()
    said = {line: lines[at + 1].strip() for at, line in enumerate(lines) if line.startswith("Run not complete")}
    assert said == {
        f"Run not complete: jp, {DAY}": messages[0],
        f"Run not complete: th, {DAY}": messages[1],
    }
