"""Decisions for a register: those near the days or about a proof's objects, and numbers that count all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from recon.model import Break, BreakStatus, KnownBreak, Severity
from recon.model.rulings import RulingKind, RulingState
from recon.store.desk.decisions import Decisions, decisions_about
from recon.store.engine import Store, writing
from recon.store.runs.break_rows import break_row
from recon.store.tables import BREAK
from recon.store.tables.desk import RULING
from tests.kit.store_samples import DATABASES, opened

FIRST, LAST = date(2026, 11, 10), date(2026, 11, 12)
IN_MAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
ON_A_DAY = datetime(2026, 11, 11, 12, tzinfo=UTC)


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def decide(store: Store, subject: str, account: str | None = "th", **fields: Any) -> None:
    """A resolution of May on a break of May, but for what is given; `occurred` and `seen` are the break's."""
    occurred, seen = fields.pop("occurred", date(2026, 5, 1)), fields.pop("seen", IN_MAY)
    raised = Break("charge_missing", Severity.HIGH, account, "order", subject, "words", "words", "THB")
    raised = replace(raised, order_id=subject, charge_id=f"chrg_{subject}", occurred_on=occurred)
    known = KnownBreak(raised, BreakStatus.OPEN, seen, seen)
    ruling = {"kind": RulingKind.RESOLVE.value, "who": "anna", "at": IN_MAY, "reason": "paid in cash", "before": ""}
    ruling |= {"break_id": raised.id, "standing": RulingState.STANDS.value, **fields}
    with writing(store) as connection:
        connection.execute(insert(BREAK), break_row(known))
        connection.execute(insert(RULING), ruling)


def subjects(decisions: Decisions) -> list[str | None]:
    return [known_break.latest.subject_id if known_break else None for _, known_break in decisions.about]


def about(store: Store, *ids: str) -> Decisions:
    return decisions_about(store, ("th", "sg"), FIRST, LAST, frozenset(ids))


def test_all_count_and_those_near_the_days_or_about_an_object_are_loaded(store: Store) -> None:
    pattern = {"kind": RulingKind.IGNORE.value, "who": "anna", "at": IN_MAY, "reason": "test", "before": ""}
    decide(store, "old")
    decide(store, "of another account", "sg")
    decide(store, "taken on a day", at=ON_A_DAY)
    decide(store, "of no account", None, approved_at=ON_A_DAY)
    decide(store, "ended on a day", ended_at=ON_A_DAY, standing=RulingState.UNDONE.value)
    decide(store, "of a day's break", occurred=LAST)
    decide(store, "seen on a day", occurred=None, seen=ON_A_DAY)
    decide(store, "long ago written off", kind=RulingKind.WRITE_OFF.value)
    decide(store, "a note", kind=RulingKind.NOTE.value, at=ON_A_DAY)
    with writing(store) as connection:
        stands = RulingState.STANDS.value
        connection.execute(insert(RULING), {**pattern, "account": "sg", "standing": stands})
        connection.execute(insert(RULING), {**pattern, "account": None, "standing": stands})
    loaded = about(store)
    near = ["taken on a day", "of no account", "ended on a day", "of a day's break", "seen on a day"]
    assert subjects(loaded) == [*near, "long ago written off", None, None]
    assert subjects(about(store, "chrg_old", "chrg_nobody's")) == ["old", *subjects(loaded)]
    first = min(loaded.numbers["th"])
    numbers = {name: {id - first + 1: n for id, n in of.items()} for name, of in loaded.numbers.items()}
    assert numbers["th"] == {1: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: 6, 8: 7, 11: 8}
    assert numbers["sg"] == {2: 1, 4: 2, 10: 3, 11: 4}


@pytest.mark.parametrize(("hours", "loaded"), [(-11, True), (84, True), (-60, False), (120, False)])
def test_days_are_those_of_any_zone(hours: int, loaded: bool, tmp_path: Path) -> None:
    """A day begins at most fourteen hours before UTC's, and ends twelve after it."""
    for store in opened("sqlite", tmp_path):
        decide(store, "x", at=datetime(2026, 11, 10, tzinfo=UTC) + timedelta(hours=hours))
        assert bool(about(store).about) == loaded
