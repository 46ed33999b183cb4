"""Breaks live through random nights, rulings and looks back as the contract has it, and through kills of a run."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from jobs.config import config as configuration
from jobs.desk.actions import prove_audit
from tests.kit.break_histories import DAY, FIRST, MINUTE, Merchant
from tests.kit.history_steps import Act, Pattern, Rule, Run, Say, Wait, random_acts
from tests.kit.killed_run import POINTS, kill, run
from tests.kit.naive_cases import Charge, Order

pytestmark = pytest.mark.proof
SEEDS = 16


@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_sequence_comes_to_what_a_naive_keeper_says(tmp_path: Path, seed: int) -> None:
    Merchant(tmp_path).play(random_acts(seed))


# All that a run which records may change: a signed range of another day, a link, a ruling that falls, an item, a
# pattern, what closes and what opens.
BEFORE: list[Act] = [
    *(Say(slot, Order("paid", 10_000 + 100 * slot)) for slot in range(6)),
    *(Say(slot, Charge("successful", 10_000 + 100 * slot, named=slot % 3 != 2)) for slot in (1, 2, 3, 5)),
    Wait(3),
    Run(items=((3, "order", 30_000, "old"),)),
    Rule("resolve", "anna", 0),
    Rule("link", "anna", 1),
    Pattern("amount_mismatch", None, "", 9),
    Run(("th",), first=0, last=1, signs="th"),
    Say(1, Charge("successful", 10_105)),
    Say(3, Charge("successful", 10_305)),
    Say(4, Order("paid", 10_405)),
    Say(0, Charge("successful", 10_000)),
]
COMPARED = {
    "break": "id, status, ruling_id, first_seen, last_seen, version, expected, actual, amount_at_risk",
    "break_event": "break_id, what, at, who, detail",
    "ruling": "id, standing, ended_at, ended_by, ended_why",
    "sign_off": "account, first_day, last_day, ended_at is null",
    "match": "order_account, order_id, charge_id, matched_by",
    "audit": "what, subject",
}


def rows(folder: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(folder / "recon.db")) as connection:
        return {
            table: sorted(connection.execute(f'select {names} from "{table}"').fetchall(), key=repr)
            for table, names in COMPARED.items()
        }


@pytest.fixture(scope="module")
def merchant(tmp_path_factory: pytest.TempPathFactory) -> Merchant:
    merchant = Merchant(tmp_path_factory.mktemp("merchant"))
    merchant.play(BEFORE)
    merchant.bring()
    return merchant


@pytest.mark.parametrize("point", POINTS)
def test_a_run_that_is_killed_and_run_again_leaves_what_one_whole_run_leaves(
    tmp_path: Path, merchant: Merchant, point: str
) -> None:
    now, days = merchant.keeper.now + MINUTE, (FIRST + 4 * DAY, FIRST + 4 * DAY)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for copy in (whole, killed):
        shutil.copytree(merchant.folder, copy)
    asyncio.run(run(whole, now, days))
    kill(killed, now, days, point)
    asyncio.run(run(killed, now, days))
    left = rows(whole)
    assert rows(killed) == left
    happened = {what for _, what, *_ in set(left["break_event"]) - set(rows(merchant.folder)["break_event"])}
    assert happened >= {"opened", "fell", "auto_closed", "opening"}
    assert left["sign_off"] == [("th", "2026-03-03", "2026-03-04", 0)]
    for folder in (whole, killed):
        assert not prove_audit(configuration.load(folder / "config.toml", {}))
