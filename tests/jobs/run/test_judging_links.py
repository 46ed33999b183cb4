"""Two nights over one store: what was linked without a name the first night stays linked the second."""

import asyncio
import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from jobs.config import config as configuration
from jobs.desk.actions import do
from jobs.run.judging import Findings, find
from jobs.run.judging_request import AccountRequest, JudgingRequest
from recon import columns as c
from recon.calendars import business_calendar, days_window
from recon.model import Break, Severity
from recon.model.rulings import RulingKind, RulingRequest
from recon.rules import CATALOGUE
from recon.settings import Context, MatchSettings, RuleSettings
from recon.store.engine import Store
from recon.store.runs.record import RunAccount, RunFindings, RunRecord, record_run
from recon.store.versions.load import load_matches
from recon.store.versions.save import PulledWindow, save_objects, save_orders, save_windows
from tests.kit.books import TH
from tests.kit.small_merchant import HEADER, MIDNIGHT, charged, merchant, open_breaks, shop_says
from tests.kit.small_merchant import night as small_night
from tests.kit.store_samples import HOUR, NOON, charge, opened, orders, rejected

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


ALONE = '[matching]\nwindow = "1m"\n[rules.proof_unexplained]\nenabled = false\n'
NOW = MIDNIGHT + 2 * DAY
OF_CHARGE = Break("order_missing", Severity.HIGH, "th", "charge", "chrg_1", "", "").id
BOTH = {"charge_missing A-1", "order_missing chrg_1"}


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A merchant whose order and charge, both open the first night, are linked by hand before the second."""
    made = MIDNIGHT + DAY / 2
    paid = charged("chrg_1", amount=700, created_at=made + HOUR, paid_at=made + HOUR)
    order = f"A-1,7.00,THB,paid,{made.isoformat()}\n"
    config = merchant(tmp_path_factory.mktemp("linked"), order, paid, more=ALONE)
    asyncio.run(small_night(config, NOW, date(2026, 3, 3)))
    assert open_breaks(config) == BOTH
    link = RulingRequest(RulingKind.LINK, "anna", OF_CHARGE, order_id="A-1", charge_id="chrg_1")
    do(config, link, NOW, lambda _: None)
    asyncio.run(small_night(config, NOW + HOUR, date(2026, 3, 3)))
    assert open_breaks(config) == set()
    return config.reports.folder.parent


@pytest.mark.parametrize("taken_back", [RulingKind.UNDO, RulingKind.REOPEN])
@pytest.mark.parametrize("again", [3, 4])
async def test_a_link_that_is_taken_back_leaves_both_sides_open_in_the_next_night_of_whatever_day(
    tmp_path: Path, linked: Path, taken_back: RulingKind, again: int
) -> None:
    shutil.copytree(linked, tmp_path, dirs_exist_ok=True)
    config = configuration.load(tmp_path / "config.toml", {})
    do(config, RulingRequest(taken_back, "anna", OF_CHARGE), NOW + 2 * HOUR, lambda _: None)
    await small_night(config, NOW + DAY, date(2026, 3, again))
    assert open_breaks(config) == BOTH


@pytest.mark.parametrize("way", ["by hand", "by the shop", "of another amount"])
async def test_what_an_order_could_be_paid_by_is_told_once_it_is_not(tmp_path: Path, way: str) -> None:
    """Two payments without a name: of the one that is not the order's nobody would speak again."""
    made = MIDNIGHT + DAY / 2
    twice = [charged(id, amount=700, created_at=made, paid_at=made) for id in ("chrg_1", "chrg_2")]
    order = f"A-1,7.00,THB,paid,{made.isoformat()}\n"
    config = merchant(tmp_path, order, *twice, more=ALONE)
    await small_night(config, NOW, date(2026, 3, 3))
    assert open_breaks(config) == {"match_ambiguous A-1"}
    nobodys = {"order_missing chrg_2"}
    if way == "by hand":
        of_order = Break("match_ambiguous", Severity.HIGH, "th", "order", "A-1", "", "").id
        link = RulingRequest(RulingKind.LINK, "anna", of_order, order_id="A-1", charge_id="chrg_1")
        do(config, link, NOW, lambda _: None)
    elif way == "by the shop":
        named = HEADER.replace("\n", ",charge_id\n") + order.replace("\n", ",chrg_1\n")
        (tmp_path / "orders.csv").write_text(named, encoding="utf-8")
    else:
        shop_says(config, order.replace("7.00", "8.00"))
        nobodys |= {"order_missing chrg_1", "charge_missing A-1"}
    await small_night(config, NOW + DAY, date(2026, 3, 4))
    assert open_breaks(config) == nobodys
