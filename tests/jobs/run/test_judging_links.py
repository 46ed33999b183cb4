"""Two nights over one store: what was linked without a name the first night stays linked the second."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from jobs.run.judging import Findings, find
from jobs.run.judging_request import AccountRequest, JudgingRequest
from recon import columns as c
from recon.calendars import business_calendar, days_window
from recon.rules import CATALOGUE
from recon.settings import Context, MatchSettings, RuleSettings
from recon.store.engine import Store
from recon.store.runs.record import RunAccount, RunFindings, RunRecord, record_run
from recon.store.versions.load import load_matches
from recon.store.versions.save import PulledWindow, save_objects, save_orders, save_windows
from tests.kit.books import TH
from tests.kit.store_samples import NOON, charge, opened, orders, rejected

DAY = timedelta(days=1)
# An open break of another group would have its charge judged again by itself.
OFF = {rule.code: RuleSettings(enabled=False) for rule in CATALOGUE if rule.group != "Order and charge"}
FIRST, LAST = date(2026, 2, 28), date(2026, 3, 3)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    yield from opened("sqlite", tmp_path)


def night(store: Store, as_of: datetime, first: date = FIRST, last: date = LAST) -> tuple[Findings, list[str]]:
    """One run: judged, recorded; with the breaks it found, in words."""
    window = days_window(first, last, TH.zone)
    calendars = {"th": business_calendar("TH", TH.zone, as_of.date())}
    context = Context(as_of, regions={"th": "TH"}, calendars=calendars, settings=OFF)
    account_request = AccountRequest(TH, first, last, window, pulled=True)
    request = JudgingRequest((account_request,), {"th": TH}, as_of, context, MatchSettings(), (), True)
    findings = find(store, request)
    assert findings.carried is not None
    assert findings.raised is not None
    run = RunRecord(as_of, as_of, as_of, "test", "run", {}, "0", "0", "complete", {})
    counts = [RunAccount("th", first, last, {}, "0")]
    raised = findings.raised
    record_run(store, run, RunFindings(counts, raised.carry, raised.ids, findings.links))
    told = ("match_ambiguous", "order_missing", "charge_missing")
    ours = [one.latest for one in findings.carried.reported if one.latest.code in told]
    return findings, [f"{one.code} {one.subject_id}" for one in ours]


def arrive(store: Store, key: str, at: datetime, names: str | None = None) -> None:
    """A successful charge of THB 1.00 that names nobody, or an order, is pulled."""
    made = charge(
        key,
        amount=100,
        currency="THB",
        funding_amount=100,
        funding_currency="THB",
        created_at=at,
        paid_at=at,
        transaction_id="trxn_1",
        description=names,
    )
    save_objects(store, "th", "charge", [made], at)


def recorded(store: Store) -> list[str]:
    found = load_matches(store, ["th"])
    return [" ".join(row) for row in found[[c.ORDER_ID, c.CHARGE_ID, c.MATCHED_BY]].itertuples(index=False)]


def test_an_equal_charge_of_the_second_night_takes_nothing_away(store: Store) -> None:
    save_orders(store, orders({"order_id": "A-1"}), rejected(), NOON)
    save_windows(store, "th", [PulledWindow("charge", days_window(FIRST, LAST, TH.zone), 1, 1, NOON)])
    arrive(store, "chrg_2", NOON)
    _, first = night(store, NOON + DAY)
    assert first == []
    assert recorded(store) == ["A-1 chrg_2 amount and time"]

    arrive(store, "chrg_1", NOON + DAY)
    _, second = night(store, NOON + 2 * DAY)
    assert second == ["order_missing chrg_1"]
    assert recorded(store) == ["A-1 chrg_2 amount and time"]


def test_had_both_come_at_once_nobody_would_know(store: Store) -> None:
    save_orders(store, orders({"order_id": "A-1"}), rejected(), NOON)
    save_windows(store, "th", [PulledWindow("charge", days_window(FIRST, LAST, TH.zone), 2, 2, NOON)])
    arrive(store, "chrg_1", NOON)
    arrive(store, "chrg_2", NOON)
    _, found = night(store, NOON + DAY)
    assert found == ["match_ambiguous A-1"]
    assert recorded(store) == []


def test_a_charge_that_loses_its_order_to_one_that_names_it_is_judged_again_whenever_made(store: Store) -> None:
    save_orders(store, orders({"order_id": "A-1"}), rejected(), NOON)
    save_windows(store, "th", [PulledWindow("charge", days_window(FIRST, LAST + 7 * DAY, TH.zone), 2, 2, NOON)])
    arrive(store, "chrg_1", NOON)
    assert night(store, NOON + DAY)[1] == []
    assert recorded(store) == ["A-1 chrg_1 amount and time"]
    arrive(store, "chrg_2", NOON + 5 * DAY, names="Order A-1")
    later = LAST + DAY
    assert night(store, NOON + 6 * DAY, later, later + 5 * DAY)[1] == ["order_missing chrg_1"]
    assert recorded(store) == ["A-1 chrg_2 description"]
    assert night(store, NOON + 7 * DAY, later, later + 5 * DAY)[1] == ["order_missing chrg_1"]


def test_an_order_that_loses_its_charge_to_one_that_names_it_is_judged_again_whenever_made(store: Store) -> None:
    save_orders(store, orders({"order_id": "A-1"}), rejected(), NOON)
    save_windows(store, "th", [PulledWindow("charge", days_window(FIRST, LAST + 7 * DAY, TH.zone), 1, 1, NOON)])
    arrive(store, "chrg_1", NOON)
    assert night(store, NOON + DAY)[1] == []
    later = LAST + DAY
    made = NOON + 4 * DAY
    row = orders({"order_id": "A-2", "charge_id": "chrg_1", "created_at": made})
    save_orders(store, row, rejected(), made)
    assert night(store, NOON + 6 * DAY, later, later + 5 * DAY)[1] == ["charge_missing A-1"]
    assert recorded(store) == ["A-2 chrg_1 charge id"]


def test_a_look_at_the_past_neither_uses_nor_rewrites_the_links(store: Store) -> None:
    save_orders(store, orders({"order_id": "A-1"}), rejected(), NOON)
    save_windows(store, "th", [PulledWindow("charge", days_window(FIRST, LAST, TH.zone), 1, 1, NOON)])
    arrive(store, "chrg_1", NOON)
    night(store, NOON + 2 * DAY)
    findings, _ = night(store, NOON + DAY)
    assert not findings.current
