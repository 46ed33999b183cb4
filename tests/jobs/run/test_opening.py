"""`recon run --opening`: the first night over items known to be open, and the nights after."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.cli.answers.documents import has_open_break
from jobs.demo import BANK
from jobs.run.outcome import JobError
from reports.verify.digests import digests
from tests.kit.job import LAST, done_once, job

HEADER = "account,kind,id,amount,currency,note\n"
KINDS = ("order", "charge", "refund", "transfer")


def major(found: Mapping[str, Any], less: int = 0) -> str:
    units = abs(found["amount_at_risk"]) - less
    return str(units) if found["currency"] == "JPY" else f"{units // 100}.{units % 100:02d}"


def line(found: Mapping[str, Any], less: int = 0) -> str:
    parts = (
        found["account"],
        found["subject_type"],
        found["subject_id"],
        major(found, less),
        found["currency"],
        "old",
    )
    return ",".join(parts) + "\n"


def write(path: Path, *lines: str) -> Path:
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


async def found_without() -> list[dict[str, Any]]:
    """What a run of the same world finds that nobody told anything."""
    *_, outcome = await done_once(("th",))
    return [
        {name: row[name] for name in ("account", "subject_type", "subject_id", "amount_at_risk", "currency", "code")}
        for result in outcome.results
        for row in result.breaks.to_dict("records")
        if row["subject_type"] in KINDS and row["amount_at_risk"] == row["amount_at_risk"] and row["amount_at_risk"]
    ]


@pytest.mark.proof  # in pieces: tests/recon/rulings/test_opening_items.py; a whole run below
async def test_the_first_night_is_no_wall_of_breaks(tmp_path: Path) -> None:
    async with job(tmp_path, accounts=("th",), orders=60) as done:
        found = await found_without()
        most: dict[tuple[str, str], dict[str, Any]] = {}
        for one in found:
            key = (one["subject_type"], one["subject_id"])
            if key not in most or abs(one["amount_at_risk"]) > abs(most[key]["amount_at_risk"]):
                most[key] = one
        over = next(one for key, one in most.items() if one["code"] == "charge_missing")
        file = write(tmp_path / "opening.csv", *(line(one, 1 if one is over else 0) for one in most.values()))
        outcome = await done.run(opening=file)

        breaks = {(b["code"], b["subject_id"]): b for b in done.breaks()}
        assert len(breaks) > 20
        still_open = {key for key, b in breaks.items() if b["status"] == "open" and b["subject_type"] in KINDS}
        assert ("charge_missing", over["subject_id"]) in still_open
        named = {(one["code"], one["subject_id"]) for one in found if one["code"] != "settlement_overdue"}
        assert still_open & named == {("charge_missing", over["subject_id"])}
        assert [e for e in done.rows("break_event") if "does not cover it" in str(e)]
        assert has_open_break(outcome, "high")

        again = await done.run(opening=file)
        assert [digests(result) for result in again.results] == [digests(result) for result in outcome.results]
        assert len(done.rows("audit")) == len(most)

        write(file, line(over))
        outcome = await done.run(opening=file)
        assert [
            b["status"] for b in done.breaks() if b["id"] == breaks["charge_missing", over["subject_id"]]["id"]
        ] == ["acknowledged"]


@pytest.mark.parametrize("again", [False, pytest.param(True, marks=pytest.mark.proof)])
async def test_only_what_is_known_is_open_and_fail_on_is_quiet(tmp_path: Path, again: bool) -> None:
    async with job(tmp_path, accounts=("th",), orders=60) as done:
        config = done.config
        text = config.read_text(encoding="utf-8").replace(
            "region =", f"go_live = {LAST + timedelta(days=1)}\nregion ="
        )
        found = [one for one in await found_without() if one["code"] == "charge_missing"]
        config.write_text(text.replace(BANK.format(name="th"), ""), encoding="utf-8")
        file = write(tmp_path / "opening.csv", *map(line, found))
        outcome = await done.run(opening=file)
        by_status = {(b["code"], b["status"]) for b in done.breaks() if b["subject_type"] in ("order", "charge")}
        assert ("charge_missing", "acknowledged") in by_status
        assert {status for code, status in by_status if code == "charge_missing"} == {"acknowledged"}
        since = {"refund_count_limit"}  # the thirteenth refund of a charge was made since
        assert not any(
            code.startswith(("amount_", "refund_", "duplicate")) for code, _ in by_status if code not in since
        )
        assert outcome.complete
        assert not has_open_break(outcome, "high")

        if not again:
            return
        # The shop says that the first was cancelled after all: the facts agree, and its break closes by itself.
        orders = done.orders("th")
        lines = orders.read_text(encoding="utf-8").splitlines(keepends=True)
        place = lines[0].strip().split(",").index("status")
        changed = []
        for one in lines:
            cells = one.split(",")
            if found[0]["subject_id"] in cells:
                cells[place] = "cancelled"
            changed.append(",".join(cells))
        orders.write_text("".join(changed), encoding="utf-8")
        await done.run(as_of=done.world.as_of + timedelta(hours=1))
        closed = [b for b in done.rows("break") if found[0]["subject_id"] in b and "charge_missing" in b]
        assert "auto_closed" in closed[0]


async def test_a_faulty_file_ends_the_run_before_anything_is_stored(tmp_path: Path) -> None:
    async with job(tmp_path, accounts=("th",), orders=60) as done:
        file = write(tmp_path / "opening.csv", "th,order,A-1,1.005,THB,\n", "kr,order,A-2,1,THB,\n")
        with pytest.raises(JobError) as refused:
            await done.run(opening=file)
        assert [message.split(":")[0] for message in refused.value.messages] == [
            "--opening opening.csv row 2, column amount",
            "--opening opening.csv row 3, column account",
        ]
        assert done.rows("order") == done.rows("opening_item") == done.rows("run") == []
