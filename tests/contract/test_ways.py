"""The night, a queue's worker and the page tell of each case what the command line tells."""

import asyncio
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.contract import objects
from tests.contract.cases_bank import MONDAY, payout
from tests.contract.command import recon, run_arguments
from tests.contract.files import environment, write_world
from tests.contract.mutations_omise import everywhere
from tests.contract.objects import Json
from tests.contract.server import FakeOmise
from tests.contract.ways import Shown, Told, by_command, by_nights, by_worker, here, shown
from tests.contract.world import NOW, World
from tests.kit.receivers import webhook

pytestmark = pytest.mark.proof  # a world of three accounts, four times

NOON = datetime(2026, 9, 14, 5, tzinfo=UTC)
ACCOUNTS = {"th": "TH", "sg": "SG", "my": "MY"}
WAYS = ("command", "night", "queue")
OTHER_WAYS = WAYS[1:]


@dataclass(frozen=True)
class Case:
    """What must be told of an account: a break by its code, words of a note or a sentence, and of an alert."""

    account: str
    code: str = ""
    words: str = ""
    alert: str = ""


CASES = {
    "a line that names its transfer with another amount": Case(
        "th", "bank_amount_mismatch", alert="should have brought THB 19,188.90, but the bank credited THB 19,178.90"
    ),
    "an amount that could mean two things": Case("sg", "order_invalid", 'amount "1.250" has more decimals than'),
    "a charge whose order is in that row": Case(
        "sg", words="1 charges whose order stands, or may stand, in a row that"
    ),
    "status words that nobody mapped": Case(
        "my", "source_incomplete", "orders.web: 12 of 12 rows (100 %) cannot be read", "status: processing 12: map"
    ),
    "one malformed charge": Case(
        "th", "source_incomplete", "1 orders not judged: a charge that could not be read may be theirs", "stored 3"
    ),
    "an origin of an unknown kind": Case("th", "transaction_unexplained"),
    "an unreadable statement": Case(
        "my", "bank_line_invalid", "1 transfers not judged: their credit may stand in what could not be read"
    ),
    "tax receipts that differ": Case("sg", "receipt_mismatch"),
    "a transfer that failed, over what it would have brought": Case(
        "th", "transfer_failed", alert="over THB 4,970.00 net failed"
    ),
    "an account whose country nobody names": Case("sg", words="1 account whose country Omise does not name"),
    "a credit that nothing explains": Case("th", "bank_credit_unexplained"),
}


def early_world() -> World:
    """What the first run sees: of three orders without a charge two get a ruling."""
    world = World("ways")
    for name, region in ACCOUNTS.items():
        account = world.account(name, region, live=name == "sg")
        account.pays_out = False
        for _ in range(2):
            account.sale()
    th, sg, my = (world.account(name) for name in ACCOUNTS)
    sg.tamper = without_country
    for _ in range(3):
        th.order(th.next_amount())
    sg.bank_kind, sg.bank_file = "mt940", "statement.sta"
    my.bank_kind, my.bank_file = "camt053", "statement.xml"
    world.source("web", 'account = "my"')
    world.settings.append(
        '[alerts]\nurls = { env = "ALERT_URLS" }\n[rulings]\nwrite_off_limit = { THB = "10000.00" }'
    )
    return world


def plant(world: World) -> None:
    th, sg, my = (world.account(name) for name in ACCOUNTS)
    named = payout(th)
    th.credit(named, amount=named["net"] - 1_000)
    th.tamper = partial(with_odd_charge, th.sale()[1]["id"])
    th.transaction(50_000, "debit", "loan.created.debit", "loan_test_5fzbq3lkpgpkhkv1dxa", at=NOON)
    failed = th.transfer(500_000, at=NOON)
    failed.update(failure_code="insufficient_balance", failure_message="insufficient balance")
    th.bank_line(MONDAY, 77_700)
    sg.credit(payout(sg))
    two_ways, _ = sg.sale()
    two_ways["amount"] = "1.250"
    payout(my)
    my.bank_line(MONDAY, 65_400)
    for _ in range(12):
        my.order(my.next_amount(), status="processing", source="web")
    fees = sum(sg.sale(at=NOON)[1]["fee"] for _ in range(2))
    made = NOON + timedelta(hours=13)
    sg.keep("receipts", objects.receipt(sg.next_id("rcpt"), NOON.date(), fees + 200, 0, 0, "SGD", created_at=made))


def with_odd_charge(charge_id: str, _path: str, _query: dict[str, str], body: Json) -> Json:
    changed: Json = everywhere(json.loads(json.dumps(body)), charge_id, lambda charge: charge.update(amount="three"))
    return changed


def without_country(path: str, _query: dict[str, str], body: Json) -> Json:
    return {key: value for key, value in body.items() if key != "country"} if path == "/account" else body


def damage_statements(folder: Path) -> None:
    """MT940 amounts with a point, which are read; and a CAMT entry whose amount is none."""
    path = folder / "bank" / "sg" / "statement.sta"
    lines = path.read_text(encoding="utf-8").splitlines()
    points = [line.replace(",", ".") if line.startswith(":61:") else line for line in lines]
    path.write_text("\n".join(points) + "\n", encoding="utf-8")
    path = folder / "bank" / "my" / "statement.xml"
    path.write_text(path.read_text(encoding="utf-8").replace('"MYR">654.00', '"MYR">6x4.00'), encoding="utf-8")


@dataclass(frozen=True)
class Ways:
    """What the command, the nights and the queue told, what the page shows of each, and of a wrong column."""

    told: Mapping[str, Told]
    pages: Mapping[str, Shown]
    listed: list[Json]
    refused: Mapping[str, set[str]]


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    root = tmp_path_factory.mktemp("ways")
    world = early_world()
    base = root / "base"
    known = {**environment(world), "ALERT_URLS": "json://127.0.0.1:1"}
    with FakeOmise(list(world.accounts.values()), NOW) as omise:
        write_world(world, base, omise.url)
        first = recon(base, known, *run_arguments(last="2026-09-17"))
        assert first.code == 0, first.words
        breaks = recon(base, known, "breaks", "list", "--account", "th", "--json").json()["breaks"]
        assert recon(base, known, "breaks", "resolve", breaks[0]["id"], "--reason", "other").code == 0
        assert recon(base, known, "breaks", "write-off", breaks[1]["id"], "--reason", "other").code == 0
        plant(world)
        write_world(world, base, omise.url)
        damage_statements(base)
        folders = {way: shutil.copytree(base, root / way) for way in WAYS}
        wrong = {way: shutil.copytree(base, root / f"{way} with a wrong column") for way in WAYS}
        yield asyncio.run(all_ways(folders, wrong, known))


async def all_ways(folders: Mapping[str, Path], wrong: Mapping[str, Path], known: dict[str, str]) -> Ways:
    async with webhook() as hook:
        known["ALERT_URLS"] = hook.url
        command, night, queue = folders.values()
        told = {
            "command": await by_command(command, known, hook),
            "night": await by_nights(night, known, hook, here),
            "queue": await by_nights(queue, known, hook, by_worker),
        }
        pages = {way: await shown(folder, known) for way, folder in folders.items()}
        listed = await asyncio.to_thread(recon, command, known, "breaks", "list", "--json")
        for folder in wrong.values():
            path = folder / "config.toml"
            columns = '[orders.web]\ncolumns = { refunded_amount = "Refund Amount" }'
            path.write_text(path.read_text(encoding="utf-8").replace("[orders.web]", columns), encoding="utf-8")
        command, night, queue = wrong.values()
        refused = {
            "command": (await by_command(command, known, hook)).alerts,
            "night": (await by_nights(night, known, hook, here)).alerts,
            "queue": (await by_nights(queue, known, hook, by_worker)).alerts,
        }
        return Ways(told, pages, listed.json()["breaks"], refused)


def sentences(told: Told) -> set[str]:
    """Those of what was not read and not judged; not those of progress, tables and the log."""
    starts = ('account "', "orders.", "bank.", *(f"{name}: {kind}" for name in ACCOUNTS for kind in ("not ", "to ")))
    return {line for line in told.sentences if line.startswith(starts)}


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_told_everywhere(name: str, ways: Ways) -> None:
    case = CASES[name]
    pages = ways.pages
    for way, told in ways.told.items():
        if case.code:
            assert told.accounts[case.account]["breaks_by_code"][case.code] >= 1, way
            assert [row for row in pages[way].breaks if (row["account"], row["code"]) == (case.account, case.code)]
        if case.words:
            assert any(case.words in line for line in told.sentences), (way, told.sentences)
            assert is_on_page(case.words, pages[way].reports[case.account]), way
        assert any(case.alert in line for line in told.alerts), (way, told.alerts)


@pytest.mark.parametrize("way", OTHER_WAYS)
def test_every_figure_break_sentence_and_page_is_the_same(way: str, ways: Ways) -> None:
    command, other = ways.told["command"], ways.told[way]
    assert other.accounts == command.accounts
    assert sentences(other) == sentences(command)
    assert judged_alerts(other) == judged_alerts(command)
    page, other_page = ways.pages["command"], ways.pages[way]
    assert by_id(other_page.breaks) == by_id(page.breaks) == by_id(ways.listed)
    assert set(other_page.reports) == set(ACCOUNTS)
    assert all(trust(other_page.reports[name]) == trust(page.reports[name]) for name in ACCOUNTS)
    assert (other_page.home, other_page.listed) == (page.home, page.listed)


def test_the_command_has_what_only_figures_tell(ways: Ways) -> None:
    """The match rate that is not known, MT940 amounts with a point that agree, and proofs that rulings explain."""
    th, sg, my = (ways.told["command"].accounts[name] for name in ACCOUNTS)
    assert (my["match_rate"], sg["match_rate"]) == (None, 1.0)
    assert not [code for code in sg["breaks_by_code"] if code.startswith("bank_")]
    for part in (th, sg, my):
        assert [proof["difference"] - proof["explained"] for proof in part["proof"]] == [0] * len(part["proof"])
    decided = {item["what"] for proof in th["proof"] for item in proof["items"]}
    assert len([what for what in decided if "resolved" in what or "written off" in what]) == 2, decided


@pytest.mark.parametrize("way", OTHER_WAYS)
def test_a_night_is_not_incomplete_because_of_another_accounts_source(way: str, ways: Ways) -> None:
    """Every night was, and people were told so of each."""
    runs = {part["account"]: run["status"] for run in ways.pages[way].runs[:3] for part in run["accounts"]}
    assert runs == {"th": "incomplete", "sg": "complete", "my": "incomplete"}


@pytest.mark.parametrize("way", WAYS)
def test_a_configured_column_that_the_file_has_not_is_refused(way: str, ways: Ways) -> None:
    words = 'refunded_amount = "Refund Amount": web.csv has no column "Refund Amount"'
    assert any(words in line for line in ways.refused[way]), ways.refused[way]


def judged_alerts(told: Told) -> set[str]:
    """Lines of what is wrong: a digest of one account numbers its breaks anew, and names its own run."""
    passing = ("Run ", "Audit head", "Workbook")
    lines = (line.partition(". ")[2] if line[:1].isdigit() else line for line in told.alerts)
    return {line for line in lines if not line.startswith(passing)}


def by_id(breaks: list[Json]) -> dict[str, Json]:
    return {row["id"]: row for row in breaks}


def is_on_page(beginning: str, report: str) -> bool:
    """Whether a report says a sentence; how many stands behind it there, in a column of its own."""
    number, words = re.fullmatch(r"(\d*) ?(.*)", beginning).groups()  # type: ignore[union-attr]
    return re.search(rf"{re.escape(words)}.{{0,200}}? ?{number}\b", report) is not None


def trust(report: str) -> str:
    return report.partition("Balance of trust")[2]
