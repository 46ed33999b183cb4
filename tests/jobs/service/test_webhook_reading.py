"""What webhooks make the service ask Omise for: counted by the sandbox."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.run.cases import judge_cases
from jobs.run.outcome import Outcome
from jobs.service import webhook_reading as reading
from jobs.service import webhooks as service
from recon.omise import pull
from tests.kit.webhook_intake import Intake, taking

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def asked(intake: Intake) -> Counter[str]:
    """The requests until now: by id under their list's name with a slash."""
    counted: Counter[str] = Counter()
    for path, count in intake.shop.job.server.requests.items():
        _, kind, *id = path.split("/")
        counted[f"{kind}/" if id else kind] += count
    return counted


async def sold(intake: Intake, count: int) -> list[str]:
    """So many cancelled orders are paid a minute later, by these charges; every webhook of it came a second ago."""
    shop = intake.shop
    charges = []
    for number in range(count):
        shop.write(f"K-{number}", "cancelled", "500.00", "THB")
        charges.append(await shop.pay(f"K-{number}", 50_000, "THB"))
    shop.wait(MINUTE)
    for charge_id in charges:
        shop.job.server.mark("th", charge_id, "successful")
    await intake.deliver()
    shop.wait(SECOND)
    return charges


@pytest.mark.parametrize(
    ("longest", "requests"),
    [
        (200, {"events": 1, "charges": 1, "transactions": 1}),
        (0, {"events": 1, "charges": 1, "events/": 40, "charges/": 20, "transactions/": 20}),
    ],
)
async def test_where_many_wait_a_page_is_read_in_place_of_a_request_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, longest: int, requests: dict[str, int]
) -> None:
    monkeypatch.setattr(reading, "LONGEST", longest)
    async with taking(tmp_path) as intake:
        await sold(intake, 20)
        before = asked(intake)
        assert await intake.work() == ["order_cancelled_but_charged"] * 20
        assert asked(intake) - before == requests
        assert [len(intake.rows(table)) for table in ("event", "charge", "transaction")] == [40, 20, 20]


async def test_few_are_asked_for_by_their_ids(tmp_path: Path) -> None:
    async with taking(tmp_path) as intake:
        await sold(intake, 1)
        before = asked(intake)
        await intake.work()
        assert asked(intake) - before == {"events/": 2, "charges/": 1, "transactions/": 1}


async def test_an_object_is_asked_for_once_for_all_that_came_before_and_again_for_what_comes_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ONE_BY_ONE", 1)
    async with taking(tmp_path) as intake:
        await sold(intake, 1)
        before = asked(intake)
        await intake.work()
        assert asked(intake) - before == {"events/": 2, "charges/": 1, "transactions/": 1}
        [charge_id] = [row[1] for row in intake.rows("charge")]
        await intake.shop.post(f"/charges/{charge_id}/refunds", amount=50_000)
        await intake.deliver()
        intake.shop.wait(SECOND)
        before = asked(intake)
        await intake.work()
        assert asked(intake) - before == {
            "events/": 1,
            "charges/": 2,
            "transactions/": 1,
        }


async def test_a_list_that_fails_leaves_what_waits_to_be_asked_for_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("payer@example.com")

    async with taking(tmp_path) as intake:
        await sold(intake, 20)
        with monkeypatch.context() as patched:
            patched.setattr(pull, "listed", broken)
            with pytest.raises(ValueError, match="payer"):
                await intake.work()
            assert await intake.work() == ["order_cancelled_but_charged"] * 20


async def test_of_many_only_a_part_with_what_cannot_be_judged_is_left_to_the_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service, "ONE_BY_ONE", 10)
    async with taking(tmp_path) as intake:
        odd = (await sold(intake, 20))[7]

        async def broken(*given: Any) -> Outcome:
            if any(id == odd for _, _, id in given[3]):
                raise ValueError("payer@example.com")
            return await judge_cases(*given)

        monkeypatch.setattr(service, "judge_cases", broken)
        assert await intake.work() == ["order_cancelled_but_charged"] * 15  # two events of each charge, ten to a part
        assert capsys.readouterr().err.count("left to the night: count 10") == 1
