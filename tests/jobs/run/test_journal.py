"""The journal of a run: what people wrote off stands in it while their ruling stands."""

import asyncio
import shutil
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jobs.config import config as configuration
from jobs.config.config import Config
from jobs.desk.actions import do
from jobs.run.opening.store import open_ready_store
from jobs.run.rejudging import judged_again
from recon import columns as c
from recon.model import Account
from recon.model.rulings import ApprovalLimits, Outcome, RulingKind, RulingRequest
from recon.store.desk import rulings
from recon.store.runs import record
from recon.store.runs.record import list_breaks
from reports.verify.digests import result_digest
from tests.kit.journals import lines
from tests.kit.small_merchant import DAY, MIDNIGHT, charged, merchant, night, omise_says, shop_says

FIRST, LAST = date(2026, 3, 3), date(2026, 3, 4)
HOUR = timedelta(hours=1)
MADE = MIDNIGHT + HOUR
NOON = datetime.combine(LAST, time(12), ZoneInfo("Asia/Bangkok"))
NOW = NOON + DAY


def rule(config: Config, kind: RulingKind, break_id: str, at: datetime) -> None:
    store = open_ready_store(config)
    accounts = {"th": Account("th", "TH", "THB", ZoneInfo("Asia/Bangkok"))}
    request = RulingRequest(kind, "ann", break_id, "timing")
    [answer] = rulings.rule(store, [request], ApprovalLimits({"THB": 10**9}), at, None, accounts)
    store.dispose()
    assert answer.outcome == Outcome.APPLIED


def open_breaks_of(config: Config) -> list[str]:
    """The orders without a charge."""
    store = open_ready_store(config)
    known = [known.latest for known in list_breaks(store) if known.latest.code == "charge_missing"]
    store.dispose()
    return [break_.id for break_ in known]


async def written_off(config: Config, last: date = LAST) -> list[str]:
    outcome = await night(config, NOW, FIRST, last)
    return lines(outcome.results[0].journal, "write_offs")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a merchant whose only order lacks its charge, was written off, and is booked so."""
    config = merchant(tmp_path_factory.mktemp("kept"), f"A-1,500.00,THB,paid,{MADE.isoformat()}\n")
    assert asyncio.run(written_off(config)) == []
    [missing] = open_breaks_of(config)
    rule(config, RulingKind.WRITE_OFF, missing, NOON)
    booked = ["write_offs write_off 50000", "write_offs orders_clearing -50000"]
    assert asyncio.run(written_off(config)) == booked
    return config.reports.folder.parent


@pytest.fixture
def config(kept: Path, tmp_path: Path) -> Config:
    """The configuration of a copy of it."""
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    return configuration.load(tmp_path / "config.toml", {})


async def test_a_write_off_is_booked_on_its_day_until_it_is_undone(config: Config) -> None:
    assert await written_off(config, LAST - DAY) == []
    [missing] = open_breaks_of(config)
    rule(config, RulingKind.UNDO, missing, NOON + HOUR)
    assert await written_off(config) == []


@pytest.mark.parametrize("comes", ["another amount", "its charge"])
async def test_a_ruling_that_the_run_itself_ends_is_neither_in_force_nor_booked(config: Config, comes: str) -> None:
    """Nor is it in a report of the same moment, in one written later, or where the data are held against it."""
    if comes == "its charge":
        took: Any = {"amount": 50_000, "captured_amount": 50_000, "created_at": MADE, "paid_at": MADE}
        omise_says(config, NOW + HOUR, charged("chrg_1", metadata='{"order_id": "A-1"}', **took))
    else:
        shop_says(config, f"A-1,700.00,THB,paid,{MADE.isoformat()}\n")
    stands = "fell: the facts changed" if comes == "another amount" else "no longer needed"
    at = NOW + 2 * HOUR
    ends = await night(config, at, FIRST, LAST)
    [result] = ends.results
    assert lines(result.journal, "write_offs") == []
    assert result.register[c.STANDING].tolist() == [stands]
    assert result.register[c.REVERSED_BY].str.startswith("run on 2026-03-05").tolist() == [True]
    assert result.register[c.JOURNAL_ENTRY].isna().all()
    for now in (at, at + 3 * HOUR, at + DAY):
        [again] = (await night(config, now, FIRST, LAST, as_of=at)).results
        assert again.register.equals(result.register)
        assert again.journal.equals(result.journal)
    [later] = (await night(config, at + 4 * HOUR, FIRST, LAST)).results
    assert result_digest(later) == result_digest(result)
    store = open_ready_store(config)
    recorded = record.find_run(store, ends.run_id or 0)
    assert recorded is not None
    assert not any(judged_again(config, store, recorded, ["th"]).values())
    store.dispose()


async def test_an_old_ruling_that_a_run_ends_on_a_day_of_its_range_is_shown_by_it_as_by_the_next(
    tmp_path: Path,
) -> None:
    config = merchant(tmp_path, f"A-1,500.00,THB,paid,{(MIDNIGHT + HOUR).isoformat()}\n")
    assert await written_off(config) == []
    [missing] = open_breaks_of(config)
    until = RulingRequest(RulingKind.ACKNOWLEDGE, "ann", missing, until=LAST + 2 * DAY)
    do(config, until, NOW, lambda _: None)
    day = LAST + 9 * DAY
    registers = [(await night(config, NOON + 9 * DAY + hours * HOUR, day)).results[0].register for hours in (1, 2)]
    assert [register[c.STANDING].tolist() for register in registers] == [["its time is over"]] * 2
