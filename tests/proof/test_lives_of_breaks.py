"""Breaks live through random nights, rulings and looks back as the contract has it, and through kills of a run."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from jobs.config import config as configuration
from jobs.desk.actions import prove_audit
from tests.kit.break_histories import DAY, FIRST, MINUTE, Merchant
from tests.kit.history_steps import Act, Decide, Pattern, Rule, Run, Say, Wait, random_acts
from tests.kit.killed_run import POINTS, kill, run
from tests.kit.naive_cases import Charge, Order

pytestmark = pytest.mark.proof
SEEDS = 14


@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_sequence_comes_to_what_a_naive_keeper_says(tmp_path: Path, seed: int) -> None:
    Merchant(tmp_path).play(random_acts(seed))


ALL, ANOTHER_DAY = Run(), Run(first=5, last=5)
OK, END = Decide("approve", "bob", 0), Decide("undo", "bob", 0)
MISSING: list[Act] = [Say(0, Order("paid", 10_000)), ALL]
DEAR: list[Act] = [Say(0, Order("paid", 20_000)), ALL]  # a second person is needed to write it off
UNNAMED: list[Act] = [Say(2, Order("paid", 10_200)), Say(2, Charge("successful", 10_200, named=False)), Wait(2), ALL]
CHARGED = Say(0, Charge("successful", 10_000))
RESOLVE, UNDO, REOPEN, LINK, OFF = (
    Rule(kind, "anna", 7) for kind in ["resolve", "undo", "reopen", "link", "write_off"]
)
REJECT, APPROVE = (Rule(kind, "bob", 7) for kind in ("reject", "approve"))


def until(days: int) -> Rule:
    return Rule("acknowledge", "anna", 7, days)


def expected(days: int) -> Pattern:
    return Pattern("charge_missing", None, "", days)


BY_HAND: dict[str, list[Act]] = {
    "its pattern ends under a resolution": [*MISSING, expected(1), OK, RESOLVE, END, UNDO, ALL],
    "its pattern's day passes under a resolution": [*MISSING, expected(1), OK, RESOLVE, Wait(3), ALL, UNDO, ALL],
    "a pattern comes over a resolution": [*MISSING, RESOLVE, expected(4), OK, UNDO, ALL],
    "its day passes under a resolution": [*MISSING, until(1), RESOLVE, Wait(3), ALL, UNDO, ALL],
    "its day passes while a write-off waits": [*DEAR, until(1), OFF, Wait(3), ALL, REJECT, ALL],
    "a pattern comes while a write-off waits": [*DEAR, OFF, expected(4), OK, REJECT, ALL],
    "its day passes beside a pattern": [*MISSING, until(0), expected(4), OK, Wait(1), ALL, ALL],
    "the first of two patterns ends": [*MISSING, expected(1), OK, expected(4), Decide("approve", "bob", 1), END, ALL],
    "the first of two patterns is over": [
        *MISSING,
        expected(1),
        OK,
        expected(4),
        Decide("approve", "bob", 1),
        Wait(3),
        ALL,
        ALL,
    ],
    "it closes and comes back": [*MISSING, RESOLVE, CHARGED, ALL, Say(0, Charge("failed", 10_000)), ALL],
    "it closes and is reopened by hand": [*MISSING, RESOLVE, CHARGED, ALL, REOPEN, ALL],
    "a link is undone once its break closed": [*UNNAMED, LINK, ALL, UNDO, ALL, REOPEN, ALL],
    "a charge changes while its link waits": [
        Say(3, Order("paid", 10_300)),
        Say(3, Charge("successful", 10_300, named=False)),
        ALL,
        LINK,
        Say(3, Charge("failed", 10_300, named=False)),
        APPROVE,
        ALL,
        ALL,
    ],
    "what is signed is what its own run ended": [
        *MISSING,
        RESOLVE,
        Say(0, Order("paid", 12_000)),
        Run(("th",), first=0, last=0, signs="th"),
        ANOTHER_DAY,
        Run(("th",), first=0, last=0),
    ],
    "it grows while its write-off waits": [*DEAR, OFF, Say(0, Order("paid", 30_000)), APPROVE, ALL, ALL],
}


@pytest.mark.parametrize("case", BY_HAND)
def test_what_stands_on_what(tmp_path: Path, case: str) -> None:
    Merchant(tmp_path).play(BY_HAND[case])


def end_of(folder: Path, acts: list[Act]) -> dict[Any, Any]:
    """What every break comes to: its status, its amount, and what it rests on."""
    folder.mkdir()
    merchant = Merchant(folder)
    merchant.play(acts)
    return {
        known.latest.id: (known.status, known.latest.amount_at_risk, known.standing and known.standing.kind)
        for known in merchant.breaks()
    }


@pytest.mark.parametrize("seed", range(100, 103))
def test_the_order_of_nights_and_what_is_run_together_do_not_matter(tmp_path: Path, seed: int) -> None:
    said: list[Act] = [*(act for act in random_acts(seed) if isinstance(act, Say)), Wait(4)]
    early, late = Run(first=0, last=1), Run(first=2, last=4)
    whole = end_of(tmp_path / "whole", [*said, ALL])
    assert end_of(tmp_path / "in order", [*said, early, late]) == whole
    assert end_of(tmp_path / "not in order", [*said, late, early]) == whole
    assert end_of(tmp_path / "one by one", [*said, Run(("th",)), Run(("tb",))]) == whole
    ruled = Rule(Random(seed).choice(["resolve", "acknowledge", "write_off", "link"]), "anna", 7, 3)
    assert end_of(tmp_path / "undone", [*said, ALL, ruled, ALL, Rule("undo", "anna", 7), ANOTHER_DAY]) == whole


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
