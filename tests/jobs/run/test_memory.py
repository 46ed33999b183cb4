"""What a run holds, and lets go of, between its stages."""

import gc
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from jobs.run import stages
from jobs.run.carrying import RaisedBreaks
from tests.kit.job import finished_job


async def test_reports_are_written_when_orders_and_charges_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was raised holds those of the books, to say why breaks close; no sheet reads it: none is written here."""
    held = []

    async with finished_job(tmp_path, ("th",)) as (merchant, _):
        gc.collect()  # of runs before this one
        before = raised()

        def counted(*_: Any) -> tuple[Path, ...]:
            end = monotonic() + 5
            while raised() > before and monotonic() < end:
                sleep(0.01)  # the thread that judged lets go of it a moment after it has answered
            held.append(raised())
            return ()

        monkeypatch.setattr(stages, "write_reports", counted)
        await merchant.run(pull=False, as_of=None, report=True)
    assert held == [before]


def raised() -> int:
    """How many runs' raised breaks are held."""
    return sum(type(one) is RaisedBreaks for one in gc.get_objects())
