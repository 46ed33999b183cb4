"""The journal of a run: what people wrote off stands in it while their ruling stands."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from jobs.config.config import Config
from jobs.run.opening.store import open_ready_store
from recon.model import Account
from recon.model.rulings import ApprovalLimits, Outcome, RulingKind, RulingRequest
from recon.store.desk import rulings
from recon.store.runs.record import list_breaks
from tests.kit.journals import lines
from tests.kit.small_merchant import DAY, MIDNIGHT, merchant, night

FIRST, LAST = date(2026, 3, 3), date(2026, 3, 4)
HOUR = timedelta(hours=1)
NOON = datetime.combine(LAST, time(12), ZoneInfo("Asia/Bangkok"))
NOW = NOON + DAY


def rule(config: Config, kind: RulingKind, break_id: str, at: datetime) -> None:
    store = open_ready_store(config)
    accounts = {"th": Account("th", "TH", "THB", ZoneInfo("Asia/Bangkok"))}
    request = RulingRequest(kind, "ann", break_id, "timing")
    [answer] = rulings.rule(store, [request], ApprovalLimits({"THB": 10**9}), at, None, accounts)
    store.dispose()
    assert answer.outcome == Outcome.APPLIED


async def written_off(config: Config, last: date = LAST) -> list[str]:
    outcome = await night(config, NOW, FIRST, last)
    return lines(outcome.results[0].journal, "write_offs")


async def test_a_write_off_is_booked_on_its_day_until_it_is_undone(tmp_path: Path) -> None:
    config = merchant(tmp_path, f"A-1,500.00,THB,paid,{(MIDNIGHT + HOUR).isoformat()}\n")
    assert await written_off(config) == []
    store = open_ready_store(config)
    [missing] = [known.latest for known in list_breaks(store) if known.latest.code == "charge_missing"]
    store.dispose()
    rule(config, RulingKind.WRITE_OFF, missing.id, NOON)
    booked = ["write_offs write_off 50000", "write_offs orders_clearing -50000"]
    assert await written_off(config) == booked
    assert await written_off(config, LAST - DAY) == []
    rule(config, RulingKind.UNDO, missing.id, NOON + HOUR)
    assert await written_off(config) == []
