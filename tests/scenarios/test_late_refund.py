"""A refund that Omise books after the month went to the books and was signed: what everybody is told."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from jobs.alerts.send import run_and_tell
from jobs.config import config as configuration
from jobs.desk.verifying import sign
from jobs.run.outcome import RunOptions
from recon.calendars import days_window
from tests.jobs.cli.test_journal import DAYS, mapped, recon, rows
from tests.kit.job import FIRST, LAST, Job, Silent, clock, finished_job
from tests.kit.page import Trusting, paged
from tests.kit.receivers import webhook

pytestmark = pytest.mark.proof  # in pieces: test_journal.py, test_verifying.py, test_letters.py


def booked_late(merchant: Job) -> None:
    """Omise takes the money of a refund of the days once more, and its list has it only now."""
    window = days_window(FIRST, LAST, ZoneInfo("Asia/Bangkok"))
    refund = next(
        refund
        for refund in merchant.world.books["th"].refunds
        if not refund.voided and datetime.fromtimestamp(refund.created, UTC) in window
    )
    booking = merchant.server.get("th", "transactions", refund.transaction)
    merchant.server.put("th", "transactions", booking | {"id": "trxn_test_late"})


async def test_it_is_one_reversal_and_one_new_entry_and_ends_the_sign_off_aloud(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, outcome), webhook() as hook:
        mapped(merchant)
        with merchant.config.open("a", encoding="utf-8") as file:
            file.write('[alerts]\nurls = { env = "URLS" }\n')
        config = configuration.load(merchant.config, {"URLS": f"{hook.url}/a"})
        path = next(path for path in outcome.reports if "_th_" in path.name)
        exported = rows((await recon(merchant, *DAYS))[1])
        sign(config, path, "preparer", "Mei", clock, "seen, and worked on")
        signed_file = path.read_bytes()

        booked_late(merchant)
        options = RunOptions(FIRST, LAST, accounts=("th",), as_of=merchant.world.as_of, by="test")
        later = await run_and_tell(config, options, clock, Silent())

        # The books: what was exported is taken back whole, and comes anew with the refund; nothing else.
        code, out, _ = await recon(merchant, *DAYS, "--json", "--out", tmp_path / "late.csv")
        assert code == 0
        reversal, fresh = json.loads(out)["entries"]
        assert reversal["reverses"] in {row["journal_id"] for row in exported}
        assert fresh["reverses"] is None
        (told,) = later.unsigned
        assert path.read_bytes() == signed_file, "a signed file stays as it is"
        # The alert and the page: which range is no longer signed, and by which figure.
        said = "\n".join(json.dumps(body, ensure_ascii=False) for body in hook.at("/a"))
        assert "Signed range changed" in said
        assert told.words.split(", ")[0] in said
        async with paged(merchant.config, Trusting(), environ={"URLS": ""}) as page, page.login("vera") as visitor:
            listed = await visitor.text("/reports?account=th")
            place = listed.split('href="/reports/')[1].split('"')[0]
            shown = await visitor.text(f"/reports/{place}")
        assert "preparer: <bdi>Mei</bdi>" in shown
        assert "<strong>ended</strong>" in shown
        assert told.words.split(", ")[0].replace(">", "&gt;") in shown
