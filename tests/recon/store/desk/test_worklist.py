"""Breaks by the page: filters, sorts, sums and ages are what the breaks say, on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from recon.model import AGES, Break, BreakEvent, BreakStatus, KnownBreak, Severity
from recon.store.desk import overview, worklist
from recon.store.desk.worklist import Filter, SignedCodes, Today
from recon.store.engine import Store, open_store, writing
from recon.store.runs.break_rows import break_row, insert_events
from recon.store.runs.record import RunAccount, RunRecord
from recon.store.tables import BREAK
from tests.kit.plans import asked, plans
from tests.kit.recorded_runs import put_run
from tests.kit.store_samples import DATABASES, fresh_url, opened

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
TH, JP = frozenset({"th"}), frozenset({"jp"})
ZONES = {"th": ZoneInfo("Asia/Bangkok"), "jp": ZoneInfo("Asia/Tokyo")}


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
    a_break(6, account=None, subject_type="row", currency=None, amount_at_risk=None, code="wrong_account"),
]


@pytest.fixture(scope="module", params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Of all tests that only look."""
    store = open_store(fresh_url(request.param, tmp_path_factory.mktemp("store")))
    put_breaks(store)
    yield store
    store.dispose()


@pytest.fixture(params=DATABASES)
def own_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Of a test that writes."""
    for store in opened(request.param, tmp_path):
        put_breaks(store)
        yield store


def put_breaks(store: Store) -> None:
    """BREAKS by the first of three runs."""
    for number, status in enumerate(("complete", "incomplete", "complete")):
        run = RunRecord(NOW, NOW, NOW, "test", "run", {}, "0", "", status, {})
        day = date(2026, 3, 1 + number // 2)
        part = RunAccount("th", day, day, {"breaks_open": number}, str(number))
        put_run(store, run, [part], BREAKS if number == 0 else [])


def found(store: Store, wanted: Filter = Filter(), sort: str = "id", down: bool = False) -> list[str]:  # noqa: B008
    page = worklist.find(store, wanted, sort, down, 0, 100)
    assert page.total == len(page.breaks)
    return [known.latest.subject_id[-1] for known in page.breaks]


def matched(store: Store, wanted: Filter) -> list[str]:
    return sorted(found(store, wanted))


def test_filters(store: Store) -> None:
    assert sorted(found(store)) == ["1", "2", "3", "5", "6"], "all that are not closed"
    assert found(store, Filter(statuses=(BreakStatus.RESOLVED,))) == ["4"]
    assert found(store, Filter(accounts=("jp",))) == ["3"]
    assert found(store, Filter(severities=(Severity.CRITICAL,))) == ["1"]
    assert found(store, Filter(owner="anna")) == ["1"]
    assert found(store, Filter(texts=("chrg_3",))) == ["3"]
    assert found(store, Filter(texts=("ORD-2",))) == found(store, Filter(texts=("rd-2",))) == ["2"], "any part of it"
    assert found(store, Filter(texts=("wrong",), text_codes=("wrong_account",))) == ["6"]
    assert found(store, Filter(texts=("1.00",))) == ["1"], "THB 1.00"
    assert matched(store, Filter(texts=("300", "none such"))) == ["3"], "JPY 300"
    assert matched(store, Filter(texts=("0.0",))) == ["2"], "THB 0.01 and 0.02"
    assert found(store, Filter(texts=("ORD%",))) == [], "no wild cards"
    assert found(store, Filter(due_before=NOW + timedelta(days=2))) == []
    assert found(store, Filter(currency="JPY")) == ["3"]
    assert matched(store, Filter(owner="")) == ["2", "3", "5", "6"], "nobody's"
    assert matched(store, Filter(about=("order_id", "ORD-2"))) == ["2"]
    assert matched(store, Filter(about=("order_id", "ORD-2"), without=BREAKS[1].latest.id)) == []
    assert matched(store, Filter(not_ruled_by="anna")) == ["1", "2", "3", "5", "6"]


def test_filters_by_day_amount_and_sign(store: Store) -> None:
    assert matched(store, Filter(last_day=date(2026, 2, 20))) == ["2", "3"], (
        "its own day, else when it was first seen"
    )
    assert matched(store, Filter(first_day=date(2026, 2, 20), last_day=date(2026, 3, 23))) == ["2", "5"]
    assert matched(store, Filter(least=200)) == ["2", "3"], "THB 2.00 and JPY 300"
    assert matched(store, Filter(most=200)) == ["1", "2"], "what has no amount is not within"
    assert matched(store, Filter(least=101, most=30_000)) == ["2", "3"]
    assert matched(store, Filter(signed=())) == []
    assert matched(store, Filter(signed=(SignedCodes(-1, ("amount_mismatch",)),))) == ["2"]
    assert matched(store, Filter(signed=(SignedCodes(0, ("amount_mismatch",), without=True),))) == ["6"]


def todays(now: datetime) -> tuple[Today, ...]:
    here = (Today(zone, now.astimezone(zone).date(), frozenset({name})) for name, zone in ZONES.items())
    return (*here, Today(UTC, now.date()))


@pytest.mark.parametrize("hour", [14, 16, 18, pytest.param(23, marks=pytest.mark.proof)])
def test_an_age_is_in_days_where_the_account_is_as_a_break_shows_it(store: Store, hour: int) -> None:
    """At 14:00 UTC all have one day, at 16:00 it is tomorrow in Tokyo and at 18:00 in Bangkok, too."""
    for later in (0, 4, 5, 7, 8, 9, 27, 30, 31, 51, 52, 90, 91):
        now = NOW.replace(hour=hour) + timedelta(days=later)
        ages = {
            known.latest.subject_id[-1]: known.age_days(now, ZONES.get(known.latest.account or "", UTC))
            for known in BREAKS
            if known.status != BreakStatus.RESOLVED
        }
        expected = [
            sorted(name for name, age in ages.items() if least <= age and (most is None or age <= most))
            for least, most in AGES
        ]
        assert [matched(store, Filter(age=age, todays=todays(now))) for age in AGES] == expected, now
        assert overview.ages(store, None, todays(now)) == [len(names) for names in expected], now


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


def test_the_longest_row_fits_the_index_and_is_found_by_its_id(own_store: Store) -> None:
    ids = {name: f"{number}".ljust(255, "𝄞") for number, name in enumerate(("order_id", "charge_id", "refund_id"))}
    known = a_break(7, **ids, currency="𝄞" * 255, owner="𝄞" * 100, code="c" * 60, account="a" * 60)
    with writing(own_store) as connection:
        connection.execute(insert(BREAK), [break_row(known)])
    assert matched(own_store, Filter(texts=("0𝄞𝄞",))) == ["7"]


def test_sorts_have_the_unknown_last(store: Store) -> None:
    assert found(store, sort="risk", down=True)[:3] == ["3", "2", "1"], "JPY 300 is more than THB 2.00"
    assert found(store, sort="risk")[:3] == ["1", "2", "3"]
    assert found(store, sort="severity", down=True) == ["1", "3", "2", *found(store, sort="severity", down=True)[3:]]
    assert found(store, sort="age") == ["2", "3", "5", *sorted(found(store, sort="age")[3:])]
    assert found(store, sort="due")[0] == "2"
    assert found(store, sort="severity", down=True)[0] == "1"
    with pytest.raises(KeyError):
        found(store, sort="secret")


def test_pages_neither_repeat_nor_lose(store: Store) -> None:
    pages = [worklist.find(store, Filter(), "account", False, at, 2) for at in (0, 2, 4, 6)]
    assert [page.total for page in pages] == [5] * 4
    ids = [known.latest.id for page in pages for known in page.breaks]
    assert len(ids) == len(set(ids)) == 5


@pytest.mark.parametrize("sort", worklist.SORTS)
@pytest.mark.parametrize("down", [False, True])
def test_neighbours_follow_the_list_either_way(store: Store, sort: str, down: bool) -> None:
    wanted = Filter(severities=(Severity.HIGH,))
    ids = [known.latest.id for known in worklist.find(store, wanted, sort, down, 0, 9).breaks]
    expected = list(zip([None, *ids], [*ids[1:], None], strict=False))
    assert [worklist.neighbours(store, wanted, sort, down, break_id) for break_id in ids] == expected
    closed = BREAKS[3].latest.id  # what a person has just closed still has its place
    assert set(worklist.neighbours(store, wanted, sort, down, closed)) & {*ids}


def test_what_matches_says_what_changed_since(own_store: Store) -> None:
    _, last_event = worklist.state(own_store)
    with writing(own_store) as connection:
        insert_events(connection, [BreakEvent(BREAKS[2].latest.id, "assigned", NOW, "anna", "")], None, NOW)
    rows = worklist.matching(own_store, Filter(accounts=("th", "jp")), last_event, 9)
    assert {row.id: row.changed for row in rows} == {BREAKS[n].latest.id: n == 2 for n in (0, 1, 2, 4)}
    assert len(worklist.matching(own_store, Filter(), last_event, 2)) == 2


def test_sums_ages_and_days(store: Store) -> None:
    sums = {
        (one.account, one.currency, one.sign): (one.count, one.amount)
        for one in overview.open_sums(store, None)
        if one.severity == Severity.HIGH
    }
    assert sums == {
        ("th", "THB", -1): (1, 200),
        ("jp", "JPY", 0): (1, 300),
        ("th", None, 0): (1, 0),
        (None, None, 0): (1, 0),
    }
    in_words = overview.by_severity(overview.open_sums(store, None))
    assert list(in_words.items()) == [("critical", 1), ("high", 4)]
    assert overview.ages(store, None, todays(NOW)) == [2, 1, 1, 0, 1]
    assert overview.ages(store, JP, todays(NOW)) == [0, 0, 0, 0, 1]
    runs = {
        run.day: (run.complete, run.breaks_open) for run in overview.days(store, TH, date(2026, 3, 1), NOW.date())
    }
    assert runs == {date(2026, 3, 1): (False, 1), date(2026, 3, 2): (True, 2)}, "the last run of each day"
    assert overview.days(store, JP, date(2026, 3, 1), NOW.date()) == []


def test_postgresql_reads_a_page_in_the_order_of_its_index(tmp_path: Path) -> None:
    """It sorted every open break for each page."""
    store = open_store(fresh_url("postgresql", tmp_path))
    with writing(store) as connection:
        connection.execute(insert(BREAK), [break_row(a_break(number)) for number in range(1, 2_001)])
        connection.exec_driver_sql("ANALYZE break")
    for sort, down, index in (("severity", True, "open"), ("due", False, "open_due")):
        plan = plans(store, partial(worklist.find, wanted=Filter(), sort=sort, descending=down, offset=0, limit=50))
        assert f"using ix_break_{index} " in plan
    store.dispose()


def test_an_empty_first_page_counts_nothing_twice(store: Store) -> None:
    with asked(store) as queries:
        assert worklist.find(store, Filter(texts=("nowhere",)), "id", False, 0, 9).total == 0
    assert sum("count(*)" in text for text, _ in queries) == 1
    assert worklist.find(store, Filter(texts=("ord",)), "id", False, 50, 9).total == 5
