"""What waits for its other side in one run is judged in a later one, whatever the range of either."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from jobs.config.config import Config
from reports.verify.digests import result_digest
from tests.kit.small_merchant import DAY, MIDNIGHT, MINUTE, charged, merchant, night, open_breaks


def missing(config: Config) -> set[str]:
    """What is told, but of proofs: nothing is booked here."""
    return {words for words in open_breaks(config) if not words.startswith("proof_unexplained")}


@pytest.mark.parametrize(
    "between",
    [
        pytest.param(None, id="nights"),
        pytest.param(date(2026, 1, 5), id="another range between", marks=pytest.mark.proof),
    ],
)
async def test_a_run_at_midnight_leaves_nothing_to_chance(tmp_path: Path, between: date | None) -> None:
    """An order and a charge without their other side, and a lost webhook, ten minutes before a run at 00:10."""
    late = MIDNIGHT - 10 * MINUTE
    alone = charged("chrg_1", amount=700, created_at=late, paid_at=late)
    webhook = charged(
        "chrg_2", "successful", amount=900, created_at=late, paid_at=late, metadata='{"order_id": "A-2"}'
    )
    orders = f"A-1,500.00,THB,paid,{late.isoformat()}\nA-2,9.00,THB,pending,{late.isoformat()}\n"
    config = merchant(tmp_path, orders, alone, webhook)
    yesterday = date(2026, 3, 2)
    outcome = await night(config, MIDNIGHT + 10 * MINUTE, yesterday)
    assert missing(config) == set()
    notes = outcome.results[0].notes
    assert notes["orders too young to miss their charge"] == notes["charges too young to miss their order"] == 1
    assert notes["orders not yet due to be marked as paid"] == 1
    if between is not None:
        await night(config, MIDNIGHT + 20 * MINUTE, between)
        assert missing(config) == set()
    await night(config, MIDNIGHT + DAY, yesterday + DAY)
    assert missing(config) == {"charge_missing A-1", "order_missing chrg_1", "order_not_marked_paid A-2"}


async def test_what_was_paid_after_midnight_just_before_the_night_s_run_is_judged_by_the_next(tmp_path: Path) -> None:
    """By default the night runs at 01:30: then all that is too young was paid after the day that it is of."""
    made, paid = MIDNIGHT - 10 * MINUTE, MIDNIGHT + 80 * MINUTE
    alone = charged("chrg_1", amount=700, created_at=made, paid_at=paid)
    webhook = charged("chrg_2", amount=900, created_at=made, paid_at=paid, metadata='{"order_id": "A-2"}')
    config = merchant(tmp_path, f"A-2,9.00,THB,pending,{made.isoformat()}\n", alone, webhook)
    await night(config, MIDNIGHT + 90 * MINUTE, date(2026, 3, 2))
    assert missing(config) == set()
    await night(config, MIDNIGHT + DAY + 90 * MINUTE, date(2026, 3, 3))
    assert missing(config) == {"order_missing chrg_1", "order_not_marked_paid A-2"}


async def test_a_shorter_settle_loses_nothing_that_waited_by_the_longer_one(tmp_path: Path) -> None:
    made = MIDNIGHT - 5 * 60 * MINUTE
    config = merchant(tmp_path, f"A-1,500.00,THB,paid,{made.isoformat()}\n")
    patient = config.matching.model_copy(update={"settle": timedelta(hours=8)})
    await night(config.model_copy(update={"matching": patient}), MIDNIGHT, date(2026, 3, 2))
    assert missing(config) == set()
    await night(config, MIDNIGHT + DAY, date(2026, 3, 3))
    assert missing(config) == {"charge_missing A-1"}


async def test_a_range_that_is_run_again_is_the_same_whatever_waits_on_a_day_that_no_run_had(tmp_path: Path) -> None:
    """The pull goes on to now: what was paid a moment ago came into the next run of yesterday, and un-signed it."""
    now = MIDNIGHT + 180 * MINUTE
    made = now - 20 * MINUTE
    paid = charged("chrg_1", "successful", amount=900, created_at=made, paid_at=made, metadata='{"order_id": "A-1"}')
    config = merchant(tmp_path, f"A-1,9.00,THB,pending,{made.isoformat()}\n", paid)
    yesterday = date(2026, 3, 2)
    runs = [await night(config, now, yesterday) for _ in range(2)]
    assert [result_digest(run.results[0]) for run in runs] == [result_digest(runs[0].results[0])] * 2
    await night(config, now + DAY, yesterday + DAY)
    assert missing(config) == {"order_not_marked_paid A-1"}
