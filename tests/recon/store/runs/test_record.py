"""Recording: a run in one transaction, breaks by id, links by difference, and what is read back."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import event, select

from recon import columns as c
from recon.model import Break, BreakEvent, BreakStatus, KnownBreak, Severity
from recon.store import tables
from recon.store.engine import Store, reading
from recon.store.runs.record import (
    LastRun,
    RunAccount,
    RunRecord,
    StoredRun,
    last_run,
    list_breaks,
    list_runs,
)
from recon.store.versions.load import load_matches
from tests.kit.recorded_runs import put_run
from tests.kit.store_samples import DATABASES, HOUR, NOON, count, opened

RUN = RunRecord(
    started_at=NOON,
    recorded_at=NOON + HOUR,
    as_of=NOON,
    who="mali",
    command="run",
    options={"from": "2026-02-28"},
    software="0.1.0",
    config_digest="c0",
    status="complete",
    timings={"pull": 1.5},
)
TH = RunAccount("th", date(2026, 2, 28), date(2026, 3, 1), {"orders": 3, "charges": 2}, "r0")
SG = replace(TH, account="sg")
NONE = c.LINKS.empty()
TABLES = ("run", "run_account", "break", "break_event", "match")


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def known(subject: str, account: str | None = "th", code: str = "charge_missing", **life: Any) -> KnownBreak:
    found = Break(code, Severity.HIGH, account, "order", subject, "no charge", "ask", order_id=subject)
    return KnownBreak(found, **{"status": BreakStatus.OPEN, "first_seen": NOON, "last_seen": NOON, **life})


def links(*rows: str) -> pd.DataFrame:
    """Links written as "order account/order id charge account/charge id pass"."""
    return c.LINKS.from_rows([row.replace("/", " ").split() for row in rows])


def rows(frame: pd.DataFrame) -> list[str]:
    return ["{}/{} {}/{} {}".format(*row) for row in frame.itertuples(index=False)]


def record(
    store: Store,
    accounts: Sequence[RunAccount] = (TH,),
    breaks: Sequence[KnownBreak] = (),
    events: Sequence[BreakEvent] = (),
    matches: pd.DataFrame = NONE,
) -> int:
    return put_run(store, RUN, accounts, breaks, events, matches)


def test_a_run_comes_back_as_it_was_recorded(store: Store) -> None:
    first, second = record(store), record(store, [TH, SG])
    assert first < second
    assert list_runs(store, 10) == [StoredRun(second, RUN, (SG, TH)), StoredRun(first, RUN, (TH,))]
    assert list_runs(store, 1) == [StoredRun(second, RUN, (SG, TH))]


def test_the_last_run_is_the_latest_of_the_account(store: Store) -> None:
    assert last_run(store, "th") is None
    record(store, [SG])
    run_id = record(store, [TH])
    record(store, [SG])
    assert last_run(store, "th") == LastRun(run_id, RUN.recorded_at, RUN.as_of)


def test_a_break_comes_back_with_every_field(store: Store) -> None:
    full = Break(
        "amount_mismatch",
        Severity.CRITICAL,
        "th",
        "order",
        "1",
        "differs",
        "refund",
        currency="THB",
        expected=2**53 + 1,
        actual=-(2**53 + 1),
        amount_at_risk=5,
        due_by=NOON + HOUR / 7,
        order_id="1",
        charge_id="chrg_1",
        refund_id="rfnd_1",
        transfer_id="trsf_1",
        transaction_id="trxn_1",
        dispute_id="dspt_1",
        occurred_on=date(2026, 2, 28),
    )
    nameless = known("digest", account=None, code="order_invalid")
    given = KnownBreak(full, BreakStatus.ACKNOWLEDGED, NOON - HOUR, NOON, owner="mali")
    record(store, breaks=[nameless, given])
    assert list_breaks(store) == [given, nameless]


def test_a_break_is_known_by_its_id_and_replaced(store: Store) -> None:
    record(store, breaks=[known("1"), known("2")])
    later = known("1", status=BreakStatus.AUTO_CLOSED, last_seen=NOON + HOUR)
    record(store, breaks=[later])
    assert {each.latest.subject_id: each for each in list_breaks(store)} == {"1": later, "2": known("2")}
    assert list_breaks(store, statuses=[BreakStatus.OPEN]) == [known("2")]


def test_breaks_are_listed_by_what_is_asked(store: Store) -> None:
    low = replace(known("3").latest, code="fee_mismatch", severity=Severity.LOW)
    one, two = known("1"), known("2", account="sg", status=BreakStatus.RESOLVED)
    three = KnownBreak(low, BreakStatus.OPEN, NOON + HOUR, NOON + HOUR, owner="mali")
    record(store, breaks=[one, two, three])
    assert list_breaks(store, accounts=["th"]) == [one, three]
    assert list_breaks(store, codes=["fee_mismatch"]) == [three]
    assert list_breaks(store, severities=[Severity.LOW, Severity.CRITICAL]) == [three]
    assert list_breaks(store, statuses=[BreakStatus.RESOLVED]) == [two]
    assert list_breaks(store, owner="mali") == [three]
    assert list_breaks(store, accounts=["th"], codes=["charge_missing"], owner="mali") == []
    assert len(list_breaks(store)) == 3


def test_events_are_kept_in_order_with_their_run(store: Store) -> None:
    opening = [BreakEvent(known(n).latest.id, "opened", NOON, "run", "") for n in ("1", "2")]
    run_id = record(store, breaks=[known("1"), known("2")], events=opening)
    table = tables.BREAK_EVENT.c
    with reading(store) as connection:
        columns_read = (table.break_id, table.run_id, table.at, table.recorded_at)
        found = connection.execute(select(*columns_read).order_by(table.seq)).all()
    assert [tuple(row) for row in found] == [(each.break_id, run_id, NOON, RUN.recorded_at) for each in opening]


@pytest.mark.parametrize("failing", ["an unknown break", "a link without a pass"])
def test_a_run_is_recorded_whole_or_not_at_all(store: Store, failing: str) -> None:
    record(store, breaks=[known("1")], matches=links("th/1 th/chrg_1 metadata"))
    before = [count(store, table) for table in TABLES], list_breaks(store), rows(load_matches(store, ["th"]))
    opened_event = BreakEvent(known("2").latest.id, "opened", NOON, "run", "")
    events, matches = [opened_event], links("th/2 th/chrg_2 metadata")
    if failing == "an unknown break":
        events = [opened_event, BreakEvent("brk_nowhere", "opened", NOON, "run", "")]
    else:
        matches.loc[0, c.MATCHED_BY] = None
    with pytest.raises(Exception, match=r"(?i)foreign key|null"):
        record(store, breaks=[known("1", status=BreakStatus.RESOLVED), known("2")], events=events, matches=matches)
    after = [count(store, table) for table in TABLES], list_breaks(store), rows(load_matches(store, ["th"]))
    assert after == before


def test_links_become_what_the_run_found(store: Store) -> None:
    record(store, matches=links("th/1 th/chrg_1 metadata", "th/2 th/chrg_2 metadata", "th/3 th/chrg_3 metadata"))
    found = ["th/1 th/chrg_1 metadata", "th/9 th/chrg_2 description", "th/4 th/chrg_4 amount"]
    record(store, matches=links(*found))
    assert rows(load_matches(store, ["th"])) == found


def test_links_of_other_accounts_stay(store: Store) -> None:
    record(store, [SG], matches=links("sg/1 sg/chrg_9 metadata", "sg/2 my/chrg_8 metadata"))
    record(store, [TH], matches=links("th/1 th/chrg_1 metadata"))
    record(store, [TH], matches=links("th/1 sg/chrg_1 metadata"))
    assert rows(load_matches(store, ["sg"])) == [
        "sg/2 my/chrg_8 metadata",
        "th/1 sg/chrg_1 metadata",
        "sg/1 sg/chrg_9 metadata",
    ]
    assert rows(load_matches(store, ["my"])) == ["sg/2 my/chrg_8 metadata"]
    assert rows(load_matches(store, [])) == []


def test_a_charge_of_another_account_can_change_its_order(store: Store) -> None:
    record(store, [SG], matches=links("sg/1 my/chrg_1 amount"))
    record(store, [TH], matches=links("th/1 my/chrg_1 metadata"))
    assert rows(load_matches(store, ["my"])) == ["th/1 my/chrg_1 metadata"]


def test_equal_links_are_not_written_again(store: Store) -> None:
    found = links("th/1 th/chrg_1 metadata", "th/2 th/chrg_2 metadata")
    record(store, matches=found)
    written: list[str] = []
    event.listen(store, "before_cursor_execute", lambda *given: written.append(given[2]))
    record(store, matches=found.iloc[::-1].reset_index(drop=True))
    assert not [statement for statement in written if "match" in statement and not statement.startswith("SELECT")]


def test_moments_are_aware_and_exact(store: Store) -> None:
    odd = datetime.fromisoformat("2026-03-01T19:00:00.000001+07:00")
    record(store, breaks=[known("1", first_seen=odd, last_seen=odd)])
    (found,) = list_breaks(store)
    assert found.first_seen == odd
    assert found.first_seen.utcoffset() == 0 * HOUR
    with pytest.raises(Exception, match="offset-naive"):
        record(store, breaks=[known("2", first_seen=odd.replace(tzinfo=None))])
