"""What a run holds, and lets go of, between its stages."""

import gc
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from jobs.run import stages
from jobs.run.carrying import RaisedBreaks
from jobs.run.reporting import write_reports
from tests.kit.job import finished_job


async def test_reports_are_written_when_orders_and_charges_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was raised holds those of the books, to say why breaks close; no sheet reads it."""
    held = []

    async with finished_job(tmp_path) as (merchant, _):
        gc.collect()  # of runs before this one
        before = raised()

        def counted(*given: Any) -> tuple[Path, ...]:
            end = monotonic() + 5
            while raised() > before and monotonic() < end:
                sleep(0.01)  # the thread that judged lets go of it a moment after it has answered
            held.append(raised())
            return write_reports(*given)

        monkeypatch.setattr(stages, "write_reports", counted)
        await merchant.run(report=True)
    assert held == [before]


def raised() -> int:
    """How many runs' raised breaks are held."""
    return sum(type(one) is RaisedBreaks for one in gc.get_objects())
