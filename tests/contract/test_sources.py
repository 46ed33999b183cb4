"""Order and bank files that are read in part: what a run says of missing columns and of rows that are not read."""

import json
from pathlib import Path

import pytest

from tests.contract.command import Outcome, recon, run_arguments
from tests.contract.files import environment, write_csv, write_world
from tests.contract.objects import Json
from tests.contract.server import FakeOmise
from tests.contract.world import NOW, ORDER_COLUMNS, Account, World

STATUSES = '\n[orders.shop.status]\npaid = ["paid", "Processing", "COMPLETED"]'


def shop_world(settings: str = "", sales: int = 12) -> tuple[World, Account]:
    world = World("sources")
    account = world.account("th")
    account.pays_out = False
    world.sources["shop"].settings = settings
    for _ in range(sales):
        account.sale()
    return world, account


def told(world: World, folder: Path, *arguments: str) -> Outcome:
    return recon(folder, environment(world), *(arguments or run_arguments()))


def only_account(outcome: Outcome) -> Json:
    accounts: list[Json] = outcome.json()["accounts"]
    assert len(accounts) == 1
    return accounts[0]


@pytest.mark.parametrize("runs", [1, pytest.param(2, marks=pytest.mark.proof)])
def test_three_quarters_of_the_rows_unread_are_no_hundred_percent(tmp_path: Path, runs: int) -> None:
    """It was "100.00 % matched", exit 0."""
    world, account = shop_world()
    for number in range(36):
        account.order(account.next_amount(), status="processing" if number < 12 else "completed")
    with FakeOmise(list(world.accounts.values()), NOW) as omise:
        write_world(world, tmp_path, omise.url)
        outcomes = [told(world, tmp_path) for _ in range(runs)]
        page = told(world, tmp_path, "breaks", "list", "--code", "source_incomplete", "--json")
        report = told(world, tmp_path, "report", "--json", "--from", "2026-09-08", "--to", "2026-09-14")
        check = told(world, tmp_path, "check")
        write_settings(world, tmp_path, omise.url, STATUSES)
        mended = told(world, tmp_path)
    for outcome in outcomes:
        assert (outcome.code, outcome.json()["status"]) == (3, "incomplete")
        assert only_account(outcome)["match_rate"] is None
        assert "orders.shop: 36 of 48 rows (75 %) cannot be read, more than max_rejected (5%) allows" in outcome.words
        words = "status: processing 12, completed 24: map them in [orders.shop.status]"
        assert words in outcome.words
        assert "not known" in outcome.err
    [raised] = page.json()["breaks"]
    assert (raised["account"], raised["subject_type"], raised["subject_id"]) == ("th", "source", "orders.shop")
    assert (report.code, only_account(report)["match_rate"]) == (3, None)
    assert only_account(report)["breaks_by_code"]["source_incomplete"] == 1
    assert check.code != 0
    assert words in " ".join(check.words.split())
    assert mended.code == 0, mended.words
    assert only_account(mended)["breaks_by_code"].get("source_incomplete") is None
    assert only_account(mended)["match_rate"] == 0.25


def write_settings(world: World, folder: Path, url: str, settings: str) -> None:
    world.sources["shop"].settings = settings
    write_world(world, folder, url)


@pytest.mark.parametrize(("rejected", "more", "code"), [(9, "", 0), (10, "", 3), (10, 'max_rejected = "60%"', 0)])
def test_fewer_than_ten_rows_or_what_is_allowed_are_breaks_alone(
    rejected: int, more: str, code: int, tmp_path: Path
) -> None:
    world, account = shop_world(more)
    for _ in range(rejected):
        account.order(account.next_amount(), status="done")
    with FakeOmise(list(world.accounts.values()), NOW) as omise:
        write_world(world, tmp_path, omise.url)
        outcome = told(world, tmp_path)
    assert outcome.code == code, outcome.words
    assert only_account(outcome)["breaks_by_code"]["order_invalid"] == rejected
    assert (only_account(outcome)["match_rate"] is None) == (code == 3)


def test_a_configured_column_that_no_file_has_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    """`refunded_amount = "Refund Amount"` lost every refund break in silence."""
    world, account = shop_world('[orders.shop.columns]\nrefunded_amount = "Refund Amount"')
    _, charge = account.sale()
    account.refund(charge, charge["amount"])
    with FakeOmise(list(world.accounts.values()), NOW) as omise:
        write_world(world, tmp_path, omise.url)
        outcome = told(world, tmp_path)
    assert outcome.code == 2
    assert '[orders.shop.columns] refunded_amount = "Refund Amount": shop.csv has no column "Refund Amount" ' in (
        outcome.words
    )
    assert '(did you mean "refunded_amount"?); the columns of shop.csv are: order_id, account,' in outcome.words


def test_a_file_that_lacks_what_the_others_have_is_kept_aside(tmp_path: Path) -> None:
    world, _ = shop_world()
    with FakeOmise(list(world.accounts.values()), NOW) as omise:
        write_world(world, tmp_path, omise.url)
        source = world.sources["shop"]
        older, source.rows = source.rows[:3], source.rows[3:]
        names = [name for name in ORDER_COLUMNS if name != "refunded_amount"]
        write_csv(tmp_path / "orders" / "shop" / "shop.csv", ORDER_COLUMNS, source.rows)
        write_csv(tmp_path / "orders" / "shop" / "older.csv", names, older)
        outcome = told(world, tmp_path)
    assert outcome.code == 3
    assert 'older.csv has no column "refunded_amount" (our refunded_amount), which other files' in outcome.words
    assert only_account(outcome)["rejected_rows"] == 3


def test_a_bank_currency_that_is_written_down_and_missing_is_refused(tmp_path: Path) -> None:
    """SGD 5,000 became THB 5,000."""
    world, account = shop_world()
    account.bank_settings = 'columns = { currency = "Currencies" }'
    account.bank_line(NOW.date(), 500_000)
    with FakeOmise(list(world.accounts.values()), NOW) as omise:
        write_world(world, tmp_path, omise.url)
        outcome = told(world, tmp_path)
        path = tmp_path / "bank" / "th" / "statement.csv"
        path.write_text(path.read_text(encoding="utf-8").replace("currency", "Currencies"), encoding="utf-8")
        mended = told(world, tmp_path)
        path.with_name("other.csv").write_text("date,amount,description,reference\n2026-09-14,5000.00,OMISE X,1\n")
        lacking = told(world, tmp_path)
    assert outcome.code == 2
    assert (
        'currency = "Currencies": statement.csv has no column "Currencies" (did you mean "currency"?)'
        in outcome.words
    )
    assert mended.code == 0, mended.words
    assert lacking.code == 3
    assert 'bank.th: other.csv has no column "Currencies", which other files of the source have' in lacking.words


def test_status_words_are_the_same_in_whatever_case(tmp_path: Path) -> None:
    world, _ = shop_world()
    for row in world.sources["shop"].rows:
        row["status"] = row["status"].upper()
    with FakeOmise(list(world.accounts.values()), NOW) as omise:
        write_world(world, tmp_path, omise.url)
        outcome = told(world, tmp_path)
    assert (outcome.code, only_account(outcome)["match_rate"]) == (0, 1.0), json.dumps(only_account(outcome))


def test_of_an_unreadable_order_file_only_what_it_may_hold_waits(tmp_path: Path) -> None:
    """It left every account unjudged."""
    world, th = shop_world(sales=3)
    sg = world.account("sg", "SG")
    sg.pays_out = False
    sg.order(sg.next_amount())
    th.order(th.next_amount())
    web = world.source("web", 'account = "th"')
    shop_rows = world.sources["shop"].rows
    for _ in range(2):
        th.sale()
    late, _ = th.sale()
    late["amount"] = "77.00"
    web.rows = [{**row} for row in shop_rows[-3:]]
    del shop_rows[-3:]
    stray = th.charge()
    path = tmp_path / "orders" / "web" / "web.csv"
    missing = {("th", "charge_missing"), ("sg", "charge_missing")}
    truth = {*missing, ("th", "order_missing"), ("th", "amount_mismatch")}

    def open_breaks() -> set[tuple[str, str]]:
        rows = told(world, tmp_path, "breaks", "list", "--json").json()["breaks"]
        return {(row["account"], row["code"]) for row in rows}

    with FakeOmise(list(world.accounts.values()), NOW) as omise:
        write_world(world, tmp_path, omise.url)
        whole = path.read_bytes()
        path.write_bytes(b"PK\x03\x04\x00\xff\xfe")
        first = told(world, tmp_path)
        first_breaks = open_breaks()
        path.write_bytes(whole)
        mended = told(world, tmp_path)
        mended_breaks = open_breaks()
        path.write_bytes(b"PK\x03\x04\x00\xff\xfe")
        again = told(world, tmp_path)
        again_breaks = open_breaks()
    assert stray["id"]
    assert first_breaks == missing, first.words
    assert mended.code == 0, mended.words
    assert mended_breaks == again_breaks == truth
    for outcome, orders, charges in ((first, 0, 4), (again, 3, 1)):
        assert (outcome.code, "orders.web: web.csv" in outcome.words) == (3, True), outcome.words
        of_th, of_sg = outcome.json()["accounts"]
        assert (of_th["match_rate"], of_sg["match_rate"], of_sg["not_judged"]) == (None, 0.0, {})
        assert list(of_th["not_judged"].values()) == [charges, *([orders] if orders else [])], of_th["not_judged"]
        assert [proof["difference"] - proof["explained"] for proof in of_th["proof"]] == [0] * len(of_th["proof"])


def test_an_account_without_a_country_is_a_note_of_a_run(tmp_path: Path) -> None:
    """`recon check` alone said so."""
    world, account = shop_world(sales=1)
    account.tamper = lambda path, _, body: (
        {key: value for key, value in body.items() if key != "country"} if path == "/account" else body
    )
    with FakeOmise(list(world.accounts.values()), NOW) as omise:
        write_world(world, tmp_path, omise.url)
        outcome = told(world, tmp_path)
    words = "account whose country Omise does not name: only its currency was compared"
    assert (outcome.code, only_account(outcome)["not_judged"]) == (0, {words: 1})
    assert f"th: to know: 1 {words}" in outcome.err
