"""Breaks by the page: filters, sorts, sums and ages are what the breaks say, on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from recon.model import Break, BreakStatus, KnownBreak, Severity
from recon.store.desk import worklist
from recon.store.desk.worklist import Filter
from recon.store.engine import Store, open_store
from recon.store.runs.record import RunAccount, RunRecord
from tests.kit.recorded_runs import put_run
from tests.kit.store_samples import DATABASES, fresh_url

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
TH, JP = frozenset({"th"}), frozenset({"jp"})


def a_break(number: int, **other: object) -> KnownBreak:
    found = Break(
        code="amount_mismatch",
        severity=Severity.HIGH,
        account="th",
        subject_type="order",
        subject_id=f"ORD-{number}",
        explanation="",
        suggestion="",
        currency="THB",
        amount_at_risk=100 * number,
        order_id=f"ORD-{number}",
    )
    life = {name: other.pop(name) for name in ("status", "owner", "first_seen") if name in other}
    known = KnownBreak(replace(found, **other), BreakStatus.OPEN, NOW, NOW)  # type: ignore[arg-type]
    return replace(known, **life)  # type: ignore[arg-type]


BREAKS = [
    a_break(1, severity=Severity.CRITICAL, owner="anna"),
    a_break(
        2,
        due_by=NOW + timedelta(days=2),
        first_seen=NOW - timedelta(days=3),
        occurred_on=date(2026, 2, 20),
        actual=1,
        expected=2,
    ),
    a_break(3, account="jp", currency="JPY", charge_id="chrg_3", first_seen=NOW - timedelta(days=100)),
    a_break(4, status=BreakStatus.RESOLVED, due_by=NOW),
    a_break(
        5, status=BreakStatus.ACKNOWLEDGED, amount_at_risk=None, currency=None, first_seen=NOW - timedelta(days=8)
    ),
    a_break(6, account=None, subject_type="row", currency=None, amount_at_risk=None),
]


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = open_store(fresh_url(request.param, tmp_path))
    for number, status in enumerate(("complete", "incomplete", "complete")):
        run = RunRecord(NOW, NOW, NOW, "test", "run", {}, "0", "", status, {})
        day = date(2026, 3, 1 + number // 2)
        part = RunAccount("th", day, day, {"breaks_open": number}, str(number))
        put_run(store, run, [part], BREAKS if number == 0 else [])
    yield store
    store.dispose()


def found(store: Store, wanted: Filter = Filter(), sort: str = "id", down: bool = False) -> list[str]:  # noqa: B008
    page = worklist.find(store, wanted, sort, down, 0, 100)
    assert page.total == len(page.breaks)
    return [known.latest.subject_id[-1] for known in page.breaks]


def test_filters(store: Store) -> None:
    assert sorted(found(store)) == ["1", "2", "3", "5", "6"], "all that are not closed"
    assert found(store, Filter(statuses=(BreakStatus.RESOLVED,))) == ["4"]
    assert found(store, Filter(accounts=("jp",))) == ["3"]
    assert found(store, Filter(severities=(Severity.CRITICAL,))) == ["1"]
    assert found(store, Filter(owner="anna")) == ["1"]
    assert found(store, Filter(text="chrg_3")) == ["3"]
    assert found(store, Filter(text="ORD-2")) == ["2"]
    assert found(store, Filter(text="ORD%")) == [], "no wild cards"
    assert found(store, Filter(has_due=True)) == ["2"]
    assert found(store, Filter(currency="JPY")) == ["3"]


def test_nobody_sees_other_accounts_nor_what_has_none(store: Store) -> None:
    assert found(store, Filter(visible=JP)) == ["3"]
    assert found(store, Filter(visible=TH, accounts=("jp",))) == []
    assert found(store, Filter(visible=frozenset())) == []
    other = BREAKS[2].latest.id
    assert worklist.find_break(store, other, TH) is None
    assert worklist.find_break(store, other, JP) == BREAKS[2]
    assert worklist.owners(store, JP) == []
    ids = [known.latest.id for known in BREAKS]
    assert worklist.seen(store, [*ids, "brk_none", "\0"], JP) == {other}
    assert worklist.seen(store, ids, None) == set(ids)
    assert worklist.seen(store, ids, frozenset()) == set()


def test_sorts_have_the_unknown_last(store: Store) -> None:
    assert found(store, sort="risk", down=True)[:3] == ["3", "2", "1"]
    assert found(store, sort="risk")[:3] == ["1", "2", "3"]
    assert found(store, sort="due")[0] == "2"
    assert found(store, sort="severity", down=True)[0] == "1"
    with pytest.raises(KeyError):
        found(store, sort="secret")


def test_pages_neither_repeat_nor_lose(store: Store) -> None:
    pages = [worklist.find(store, Filter(), "account", False, at, 2) for at in (0, 2, 4, 6)]
    assert [page.total for page in pages] == [5] * 4
    ids = [known.latest.id for page in pages for known in page.breaks]
    assert len(ids) == len(set(ids)) == 5


def test_sums_ages_and_days(store: Store) -> None:
    sums = {
        (one.account, one.currency, one.sign): (one.count, one.amount)
        for one in worklist.open_sums(store, None)
        if one.severity == Severity.HIGH
    }
    assert sums == {
        ("th", "THB", -1): (1, 200),
        ("jp", "JPY", 0): (1, 300),
        ("th", None, 0): (1, 0),
        (None, None, 0): (1, 0),
    }
    by_age = dict(worklist.ages(store, None, NOW))
    assert by_age == {"THB": (1, 0, 1, 0, 0), "JPY": (0, 0, 0, 0, 1), None: (1, 1, 0, 0, 0)}
    runs = {
        run.day: (run.complete, run.breaks_open) for run in worklist.days(store, TH, date(2026, 3, 1), NOW.date())
    }
    assert runs == {date(2026, 3, 1): (False, 1), date(2026, 3, 2): (True, 2)}, "the last run of each day"
    assert worklist.days(store, JP, date(2026, 3, 1), NOW.date()) == []
