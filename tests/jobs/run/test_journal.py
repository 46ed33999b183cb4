"""The journal of a run: what people wrote off stands in it while their ruling stands."""

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jobs.config import config as configuration
from jobs.run.opening.store import open_ready_store
from recon.model import Account
from recon.model.rulings import ApprovalLimits, Outcome, RulingKind, RulingRequest
from recon.store.desk import rulings
from tests.kit.job import LAST, Job, finished_job
from tests.kit.journals import lines

NOON = datetime.combine(LAST, time(12), ZoneInfo("Asia/Bangkok"))


def rule(merchant: Job, kind: RulingKind, break_id: str, at: datetime) -> None:
    store = open_ready_store(configuration.load(merchant.config, {}))
    accounts = {"th": Account("th", "TH", "THB", ZoneInfo("Asia/Bangkok"))}
    request = RulingRequest(kind, "ann", break_id, "timing")
    [answer] = rulings.rule(store, [request], ApprovalLimits({"THB": 10**9}), at, None, accounts)
    store.dispose()
    assert answer.outcome == Outcome.APPLIED


async def written_off(merchant: Job, **options: Any) -> list[str]:
    outcome = await merchant.run(pull=False, record=False, as_of=None, **options)
    return lines(outcome.results[0].journal, "write_offs")


async def test_a_write_off_is_booked_on_its_day_until_it_is_undone(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, _):
        missing = next(found for found in merchant.breaks() if found["code"] == "charge_missing")
        assert await written_off(merchant) == []
        rule(merchant, RulingKind.WRITE_OFF, missing["id"], NOON)
        amount = missing["amount_at_risk"]
        booked = [f"write_offs write_off {amount}", f"write_offs orders_clearing -{amount}"]
        assert await written_off(merchant) == booked
        assert await written_off(merchant, last=LAST - timedelta(days=1)) == []
        rule(merchant, RulingKind.UNDO, missing["id"], NOON + timedelta(hours=1))
        assert await written_off(merchant) == []
