"""A night with one poisoned order source, object and statement: the others are judged, and nothing of it stays."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from jobs import demo
from jobs.config import config as configuration
from jobs.run import stages
from jobs.run.judging import find
from jobs.run.judging_request import JudgingRequest
from jobs.run.outcome import Outcome, RunOptions
from jobs.run.run import run
from recon.sandbox.worlds.world import World, make_world
from recon.store.engine import open_store
from recon.store.runs.record import list_breaks
from recon.store.versions import save
from recon.store.versions.load import load_matches
from reports.documents import break_document
from tests.jobs.run.test_same_on_both import DAY, standing
from tests.kit.job import FIRST, LAST, Silent
from tests.kit.sandbox import serve
from tests.kit.store_samples import DATABASES, fresh_url

ACCOUNTS = ("th", "jp")
EXTRA = """
[orders.extra]
kind = "csv"
path = "extra/*.csv"
account = "jp"
"""
HEADER = "order_id,account,amount,currency,status,created_at\n"


def prepared(world: World, folder: Path, omise: str, url: str) -> Path:
    path = demo.prepare(world, folder, omise)
    path.write_text(path.read_text(encoding="utf-8").replace("sqlite:///recon.db", url) + EXTRA, encoding="utf-8")
    (folder / "extra").mkdir()
    (folder / "extra" / "orders.csv").write_text(HEADER, encoding="utf-8")
    return path


async def night(world: World, path: Path, days: int, report: bool = True) -> Outcome:
    at = world.as_of + days * DAY
    options = RunOptions(FIRST, LAST, as_of=at, by="test", report=report)
    return await run(configuration.load(path, {}), options, partial(standing, at), Silent())


def told(url: str) -> tuple[list[Any], list[Any]]:
    """Breaks that are open, and what is matched, whenever each was first seen."""
    store = open_store(url)
    try:
        documents = [break_document(known, {}) for known in list_breaks(store)]
        listed = [
            {key: value for key, value in document.items() if key != "first_seen"}
            for document in documents
            if document["status"] == "open"
        ]
        matches = load_matches(store, ACCOUNTS).to_dict("records")
    finally:
        store.dispose()
    return sorted(listed, key=repr), sorted(matches, key=repr)


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.proof
async def test_after_a_poisoned_night_a_clean_one_gives_what_a_clean_store_has(tmp_path: Path, database: str) -> None:
    world = make_world(1, FIRST, LAST, 20, ACCOUNTS)
    charge = [charge for charge in world.books["th"].charges if charge.paid_at is not None][-1]
    amount = charge.amount
    async with serve(world) as running:
        running.set_date("none")
        url = fresh_url(database, tmp_path)
        path = prepared(world, tmp_path / "poisoned", running.url, url)
        bank = tmp_path / "poisoned" / "bank" / "bank_jp.csv"
        statement = bank.read_bytes()
        bank.write_bytes(b"\x00\xff\xfe" * 1_000)
        extra = tmp_path / "poisoned" / "extra" / "orders.csv"
        extra.write_bytes(b"\xff\x00" * 10_000)
        charge.amount = 2**63
        first = await night(world, path, 0)
    charge.amount = amount
    bank.write_bytes(statement)
    extra.write_text(HEADER, encoding="utf-8")
    async with serve(world) as sound:
        sound.set_date("none")
        path.write_text(path.read_text(encoding="utf-8").replace(running.url, sound.url), encoding="utf-8")
        second = await night(world, path, 1)
        clean_url = fresh_url(database, tmp_path)
        clean_path = prepared(world, tmp_path / "clean", sound.url, clean_url)
        await night(world, clean_path, 0)
        clean = await night(world, clean_path, 1)
    messages = " ".join(first.messages)
    assert not first.complete
    assert {result.account.name for result in first.results} == set(ACCOUNTS)
    assert all(place in messages for place in ("orders.extra: ", "bank.jp: ", 'account "th": ')), messages
    assert charge.id in "".join(result.breaks.to_string() for result in first.results)
    assert (second.complete, second.messages) == (clean.complete, clean.messages)
    assert told(url) == told(clean_url)
    names = [[file.name for file in outcome.reports] for outcome in (second, clean)]
    assert names[0] == names[1]


@pytest.mark.parametrize("again", [False, pytest.param(True, marks=pytest.mark.proof)])
async def test_what_nobody_foresaw_fails_its_source_or_account_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """A statement that cannot be stored, orders that cannot be stored, an account that cannot be judged; once more
    when all that is over, nothing of it stays."""
    world = make_world(1, FIRST, LAST, 20, ACCOUNTS)
    save_orders = save.save_orders
    save_bank_lines = save.save_bank_lines

    def lines_of_th(store: Any, place: str, *rest: Any) -> None:
        if place == "bank.jp":
            raise OverflowError("secret words")
        save_bank_lines(store, place, *rest)

    def orders_of_shop(store: Any, orders: Any, *rest: Any) -> None:
        if not len(orders):
            raise ValueError("secret words")
        save_orders(store, orders, *rest)

    def find_without(store: Any, request: JudgingRequest) -> Any:
        if any(part.account.name == "th" for part in request.accounts):
            raise KeyError("secret words")
        return find(store, request)

    async with serve(world) as running:
        running.set_date("none")
        path = prepared(world, tmp_path / "job", running.url, fresh_url("sqlite", tmp_path))
        monkeypatch.setattr(save, "save_bank_lines", lines_of_th)
        monkeypatch.setattr(save, "save_orders", orders_of_shop)
        monkeypatch.setattr(stages, "find", find_without)
        outcome = await night(world, path, 0, report=False)
        monkeypatch.undo()
        if again:
            healed = await night(world, path, 0, report=False)
            assert {result.account.name for result in healed.results} == set(ACCOUNTS)
            assert not any("cannot be" in message or "could not" in message for message in healed.messages)
    said = " ".join(outcome.messages)
    assert not outcome.complete
    assert [result.account.name for result in outcome.results] == ["jp"]
    for words in (
        "bank.jp: [bank.jp] cannot be read or kept (OverflowError at ",
        "[orders.extra] cannot be",
        'account "th"',
    ):
        assert words in said
    assert "secret words" not in said
