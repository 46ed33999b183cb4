"""What `recon check` says of a configuration, against the sandbox on loopback and real files."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from jobs.check import as_document, check_all, failed
from jobs.config.config import load
from jobs.run.opening.store import open_ready_store
from jobs.setup.reading import FAILED, OK, WARNING, Item
from recon.journal.words import LedgerAccount
from recon.sandbox.worlds.world import World, make_world
from recon.store.versions.save import save_objects
from tests.kit.night_process import free_port
from tests.kit.receivers import nobody, post_office, webhook
from tests.kit.retries import retry_at_once
from tests.kit.sandbox import Sandbox, serve
from tests.kit.sign_on import FakeProvider
from tests.kit.store_samples import charge

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
KEY = "skey_test_sandbox_th"
CONFIG = """
[store]
url = "sqlite:///var/recon.db"
[omise]
base_url = "{url}"
requests_per_second = 1000
[accounts.th]
region = "TH"
currency = "THB"
timezone = "Asia/Bangkok"
secret_key = {{ env = "TH_KEY" }}
[orders.shop]
kind = "csv"
path = "orders/*.csv"
[reports]
folder = "out"
"""


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(5, date(2026, 11, 16), date(2026, 11, 17), 100, accounts=("th",), plant=False)


@pytest.fixture
async def server(world: World) -> AsyncIterator[Sandbox]:
    async with serve(world, moment=NOW) as running:
        running.set_date("moment")
        yield running


def prepare(world: World, folder: Path, url: str, more: str = "") -> Path:
    world.write_orders(folder / "orders")
    path = folder / "config.toml"
    path.write_text(CONFIG.format(url=url) + more, encoding="utf-8")
    return path


async def look(
    path: Path, environ: Mapping[str, str] | None = None, now: datetime = NOW, to_serve: bool = False
) -> list[Item]:
    given = {"TH_KEY": KEY} if environ is None else environ
    return await check_all(lambda: load(path, given, needs=()), lambda: now, serve=to_serve)


def of(items: list[Item], what: str) -> Item:
    [found] = [item for item in items if item.what == what]
    return found


async def test_a_right_configuration_is_ok_in_every_item(world: World, server: Sandbox, tmp_path: Path) -> None:
    items = await look(prepare(world, tmp_path, server.url))
    assert [(item.what, item.result) for item in items] == [
        ("config", OK),
        ("key of th", OK),
        ("store", OK),
        ("clock", OK),
        ("orders.shop", OK),
        ("reports.folder", OK),
    ]
    assert not failed(items)
    assert of(items, "key of th").details == "TH, THB, test mode"
    assert of(items, "orders.shop").rows[0][0].startswith("TH-")
    assert list((tmp_path / "out").iterdir()) == []


async def test_it_says_which_accounts_of_the_journal_have_no_code(
    world: World, server: Sandbox, tmp_path: Path
) -> None:
    some = "[journal.accounts]\nclearing = 1150\n[journal.th.accounts]\nfees = 6210\n"
    item = of(await look(prepare(world, tmp_path, server.url, some)), "journal")
    assert item.result == WARNING
    assert item.details.startswith(
        "[journal.accounts]: no code for orders_clearing, cash_in_transit, bank, fee_vat_p"
    )
    every = "[journal.accounts]\n" + "\n".join(f'{account} = "1"' for account in LedgerAccount)
    item = of(await look(prepare(world, tmp_path, server.url, every)), "journal")
    assert (item.result, item.details) == (OK, "every account has a code; format csv")


SIGN_ON = """[page]
port = {port}
public_url = "https://recon.example"
[page.oidc]
issuer = "{issuer}"
client_id = "recon"
roles = {{ finance = "analyst" }}
"""


async def test_a_method_that_nobody_knows_is_told_with_the_nearest_name(
    world: World, server: Sandbox, tmp_path: Path
) -> None:
    more = """
[methods.promtpay]
expires_after = "10m"
[methods.moon_wallet]
refund = "none"
[fees.th]
Card = [{ rate = "3.65", from = 2026-01-01 }]
promptpay = [{ rate = "1.65", from = 2026-01-01 }]
"""
    path = prepare(world, tmp_path, server.url, more)
    words = "no method of the rule book, and no charge in the store was paid by it"
    items = {item.what: item for item in await look(path) if item.what.startswith(("methods.", "fees."))}
    assert set(items) == {"methods.promtpay", "methods.moon_wallet", "fees.th.Card"}
    assert {item.result for item in items.values()} == {WARNING}
    assert items["methods.promtpay"].details.startswith(f'{words} (did you mean "promptpay"?)')
    assert items["fees.th.Card"].details.startswith(f'{words} (did you mean "card"?)')
    assert items["methods.moon_wallet"].details.startswith(f"{words}: until one is")
    store = open_ready_store(load(path, {"TH_KEY": KEY}))
    save_objects(store, "th", "charge", [charge("chrg_1", method="moon_wallet")], NOW)
    store.dispose()
    assert "methods.moon_wallet" not in {item.what for item in await look(path)}


async def test_a_day_to_go_live_that_is_still_to_come_is_told_by_the_account_s_own_day(
    world: World, server: Sandbox, tmp_path: Path
) -> None:
    path = prepare(world, tmp_path, server.url)
    begins = datetime(2026, 5, 1, 17, tzinfo=UTC)  # midnight in Bangkok
    text = path.read_text(encoding="utf-8").replace("[accounts.th]", "[accounts.th]\ngo_live = 2026-05-02")
    path.write_text(text, encoding="utf-8")
    told = of(await look(path, now=begins - timedelta(seconds=1)), "accounts.th.go_live")
    assert (told.result, told.details) == (WARNING, "2026-05-02 is still to come: nothing of before it is judged")
    assert not [item for item in await look(path, now=begins) if item.what == "accounts.th.go_live"]


async def test_a_brand_that_no_card_has_is_told_where_cards_were_charged(
    world: World, server: Sandbox, tmp_path: Path
) -> None:
    more = """
[fees.th]
card = [
  { brand = "Mastercrad", rate = "3.65", from = 2026-01-01 },
  { brand = "visa", rate = "3.4", from = 2026-01-01 },
]
"""
    path = prepare(world, tmp_path, server.url, more)
    assert not [item for item in await look(path) if item.what.startswith("fees.")]
    store = open_ready_store(load(path, {"TH_KEY": KEY}))
    brands = ("Visa", "MasterCard")
    save_objects(store, "th", "charge", [charge(f"chrg_{brand}", card_brand=brand) for brand in brands], NOW)
    store.dispose()
    told = of(await look(path), "fees.th.card")
    assert told.result == WARNING
    assert told.details.startswith(
        "no charge in the store was paid by a card of the brand 'Mastercrad' (did you mean "
    )
    assert '"MasterCard"' in told.details


async def test_the_provider_of_single_sign_on_answers_and_its_clock_is_ours(
    world: World, server: Sandbox, tmp_path: Path
) -> None:
    async with FakeProvider().served() as fake:
        sign_on = SIGN_ON.format(port=free_port(), issuer=fake.url)
        path = prepare(world, tmp_path, server.url, sign_on)
        now = datetime.now(UTC)
        item = of(await look(path, now=now, to_serve=True), "page.oidc")
        assert (item.result, item.details) == (OK, f"{fake.url} answers")
        item = of(await look(path, now=now + timedelta(minutes=5), to_serve=True), "page.oidc")
        assert item.result == FAILED
        assert "this machine's clock is 5 minutes ahead of the provider's" in item.details
        fake.discovery = {"issuer": "https://evil.example"}
        item = of(await look(path, now=now, to_serve=True), "page.oidc")
        assert (item.result, "issuer must be exactly that" in item.details) == (FAILED, True)


async def test_it_says_which_key_is_missing_and_which_is_refused(
    world: World, server: Sandbox, tmp_path: Path
) -> None:
    path = prepare(world, tmp_path, server.url)
    missing = of(await look(path, {}), "key of th")
    assert (missing.result, missing.details) == (
        FAILED,
        "environment variable TH_KEY is not set: put the account's secret key there",
    )
    refused = of(await look(path, {"TH_KEY": "skey_test_wrong0canary"}), "key of th")
    assert (refused.result, refused.details) == (
        FAILED,
        "Omise refused the key in environment variable TH_KEY: give the account's own",
    )


async def test_a_test_message_that_nobody_gets_is_a_warning(world: World, server: Sandbox, tmp_path: Path) -> None:
    path = prepare(world, tmp_path, server.url)
    items = await check_all(lambda: load(path, {"TH_KEY": KEY}, needs=()), lambda: NOW, send_test=True)
    assert of(items, "alerts").result == WARNING
    assert "alerts" not in {item.what for item in await look(path)}


async def test_another_accounts_key_is_told_by_country_and_currency(
    world: World, server: Sandbox, tmp_path: Path
) -> None:
    path = prepare(world, tmp_path, server.url)
    path.write_text(path.read_text().replace('"TH"', '"SG"').replace('"THB"', '"SGD"'), encoding="utf-8")
    item = of(await look(path), "key of th")
    assert item.result == FAILED
    assert "accounts.th.region: the configuration says SG, Omise's account says TH" in item.details
    assert "accounts.th.currency: the configuration says SGD, Omise's account says THB" in item.details


async def test_a_live_account_with_a_test_key_fails(world: World, server: Sandbox, tmp_path: Path) -> None:
    path = prepare(world, tmp_path, server.url)
    path.write_text(path.read_text().replace("secret_key", "livemode = true\nsecret_key"), encoding="utf-8")
    item = of(await look(path), "key of th")
    assert (item.result, item.details) == (
        FAILED,
        "accounts.th.livemode: the configuration says true, and the key is a test key",
    )


async def test_omise_out_of_reach_fails_and_the_rest_is_still_looked_at(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retry_at_once(monkeypatch)
    items = await look(prepare(world, tmp_path, "http://127.0.0.1:9"))
    assert of(items, "key of th").result == FAILED
    assert "could not be asked at http://127.0.0.1:9" in of(items, "key of th").details
    assert of(items, "store").result == OK


async def test_orders_that_are_not_there_or_lack_a_column_fail(world: World, server: Sandbox, tmp_path: Path) -> None:
    path = prepare(world, tmp_path, server.url, "[orders.web]\nkind = 'csv'\npath = 'web/*.csv'\n")
    assert of(await look(path), "orders.web").result == FAILED
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "a.csv").write_text("order_id,amount\n1,2\n", encoding="utf-8")
    item = of(await look(path), "orders.web")
    assert item.result == FAILED
    assert '"currency"' in item.details


async def test_how_a_source_is_read_is_shown_for_a_person_to_confirm(
    world: World, server: Sandbox, tmp_path: Path
) -> None:
    path = prepare(world, tmp_path, server.url, "account = 'th'\n").rename(tmp_path / "other.toml")
    path.write_text(
        path.read_text().replace("account = 'th'\n", "").replace("[reports]", "account = 'th'\n[reports]")
    )
    (tmp_path / "orders" / "orders_th.csv").write_text(
        "My shop\norder_id;amount;currency;status;created_at;charge_id;Phone;Note\n"
        'A-1;"1,250.00";THB;paid;3 Jan 2026 10:00;;+66812345678;mia@shop.test\n'
        "A-2;1.5.0;THB;paid;3 Jan 2026 10:00;;;\n",
        encoding="utf-8",
    )
    items = [item for item in await look(path) if item.what == "orders.shop"]
    assert items[0].details == (
        "1 orders in 1 input(s); 50 % of 2 rows read; times without an offset: Asia/Bangkok"
        '; orders_th.csv: delimiter ";", header in row 2; encoding: utf-8'
    )
    assert items[0].header == ("order_id", "status", "amount", "currency", "created_at")
    assert items[0].rows == (("A-1", "paid", "1,250.00", "THB", "2026-01-03 10:00:00"),)
    assert items[0].unused == ("Phone", "Note")
    assert [item.result for item in items] == [OK, WARNING]


async def test_a_header_without_rows_is_fine(world: World, server: Sandbox, tmp_path: Path) -> None:
    path = prepare(world, tmp_path, server.url)
    orders = tmp_path / "orders" / "orders_th.csv"
    orders.write_text(orders.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    item = of(await look(path), "orders.shop")
    assert item.result == OK
    assert item.details.startswith("0 orders")


async def test_ids_that_a_spreadsheet_wrote_as_numbers_are_a_warning(
    world: World, server: Sandbox, tmp_path: Path
) -> None:
    path = prepare(world, tmp_path, server.url)
    orders = tmp_path / "orders" / "orders_th.csv"
    text = orders.read_text(encoding="utf-8")
    orders.write_text(re.sub("^TH-0*([0-9]+),", r"\1.0,", text, flags=re.MULTILINE), encoding="utf-8")
    [fine, warned] = [item for item in await look(path) if item.what == "orders.shop"]
    assert (fine.result, warned.result) == (OK, WARNING)
    assert warned.details.endswith(r"order_id_pattern = '(.+)\.0' takes it off")
    line = r"order_id_pattern = '(.+)\.0'"
    path.write_text(path.read_text().replace("[orders.shop]", f"[orders.shop]\n{line}", 1), encoding="utf-8")
    item = of(await look(path), "orders.shop")
    assert (item.result, item.rows[0][0]) == (OK, "1")


async def test_rows_that_cannot_be_read_are_a_warning(world: World, server: Sandbox, tmp_path: Path) -> None:
    path = prepare(world, tmp_path, server.url)
    orders = tmp_path / "orders" / "orders_th.csv"
    lines = orders.read_text(encoding="utf-8").splitlines()
    amount = lines[0].split(",").index("amount")
    broken = lines[1].split(",")
    broken[amount] = "12.3.4"
    alike = [",".join(broken)] * 2  # one row for the store, and two in the file
    orders.write_text("\n".join([lines[0], *alike, *lines[2:]]) + "\n", encoding="utf-8")
    items = await look(path)
    [fine, warned] = [item for item in items if item.what == "orders.shop"]
    assert (fine.result, warned.result) == (OK, WARNING)
    assert warned.details.startswith("2 row(s) cannot be read and are kept aside; orders_th.csv, row 2 first")
    assert not failed(items)


async def test_an_encoding_that_was_found_and_rows_that_a_filter_leaves_out_are_told(
    world: World, server: Sandbox, tmp_path: Path
) -> None:
    path = prepare(world, tmp_path, server.url, "[orders.shop.filter]\norder_id = ['!*1', '!ยกเลิก*']\n")
    orders = tmp_path / "orders" / "orders_th.csv"
    header, first, *others = orders.read_text(encoding="utf-8").splitlines()
    thai = ",".join(["ยกเลิก", *first.split(",")[1:]])
    orders.write_bytes("\n".join([header, thai, first, *others]).encode("cp874"))
    details = of(await look(path), "orders.shop").details
    filtered = [line.split(",")[0].endswith("1") for line in [first, *others]]
    by_method = ["cod" in line.split(",") for line in [first, *others]]
    ignored = 1 + sum(map(any, zip(filtered, by_method, strict=True)))
    assert f"; encoding: cp874; {ignored:,} row(s) ignored" in details


async def test_a_database_whose_url_nobody_set_fails(world: World, server: Sandbox, tmp_path: Path) -> None:
    more = "[orders.web]\nkind = 'sql'\nurl = { env = 'SHOP' }\nquery = 'select :from, :to'\n"
    item = of(await look(prepare(world, tmp_path, server.url, more)), "orders.web")
    assert (item.result, item.details) == (
        FAILED,
        "environment variable SHOP is not set: put the database's URL there",
    )


async def test_a_folder_or_store_that_cannot_be_written_fails(world: World, server: Sandbox, tmp_path: Path) -> None:
    path = prepare(world, tmp_path, server.url)
    (tmp_path / "out").write_text("a file, not a folder", encoding="utf-8")
    (tmp_path / "var").write_text("a file, not a folder", encoding="utf-8")
    items = await look(path)
    assert of(items, "reports.folder").result == FAILED
    assert of(items, "store").result == FAILED


async def test_a_store_that_is_none_is_told_as_every_command_does(
    world: World, server: Sandbox, tmp_path: Path
) -> None:
    path = prepare(world, tmp_path, server.url)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "recon.db").write_text("no database" * 100, encoding="utf-8")
    item = of(await look(path), "store")
    assert (item.result, item.details.partition(":")[0]) == (FAILED, "the store is damaged")


async def test_a_key_that_is_named_and_not_set_fails(world: World, server: Sandbox, tmp_path: Path) -> None:
    more = "[privacy]\nhash_key = { env = 'HASH' }\n[orders.shop.columns]\ncustomer = 'customer_email'\n"
    items = await look(prepare(world, tmp_path, server.url, more))
    warned = [item.details for item in items if item.what == "privacy.hash_key"]
    assert warned == [
        "environment variable HASH is not set: no command can write",
        "absent: the customers of shop are dropped",
    ]


async def test_every_mistake_of_the_configuration_is_an_item(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[store]\nurl = "x"\n[acounts]\n', encoding="utf-8")
    items = await look(path)
    assert [item.what for item in items] == ["config"] * len(items)
    assert len(items) == 4
    assert failed(items)


async def test_a_clock_days_behind_omises_fails(world: World, server: Sandbox, tmp_path: Path) -> None:
    path = prepare(world, tmp_path, server.url)
    assert of(await look(path), "clock").result == OK
    assert of(await look(path, now=datetime(2026, 11, 20, tzinfo=UTC)), "clock").result == FAILED


async def test_no_secret_stands_in_any_item(world: World, server: Sandbox, tmp_path: Path) -> None:
    path = prepare(world, tmp_path, server.url)
    text = path.read_text(encoding="utf-8").replace(
        "sqlite:///var/recon.db", "postgresql://u:hunter2canary@127.0.0.1:9/x"
    )
    path.write_text(text, encoding="utf-8")
    items = await look(path, {"TH_KEY": "skey_test_0canary0canary"})
    said = json.dumps(as_document(items)) + repr(items)
    assert of(items, "store.url").result == WARNING
    assert of(items, "store").result == FAILED
    assert "canary" not in said


async def test_a_bad_channel_is_found_and_a_test_message_says_what_was_accepted(
    world: World, server: Sandbox, tmp_path: Path
) -> None:
    alerts = '[alerts]\nurls = { env = "URLS" }\n'
    async with webhook() as hook:
        path = prepare(world, tmp_path, server.url, alerts)
        environ = {
            "TH_KEY": KEY,
            "URLS": f"{hook.url}/a nonsense://0canary0token json://127.0.0.1:{nobody()}/0canary0b",
        }
        looked = await look(path, environ)
        assert [item.result for item in looked if item.what.startswith("alerts.urls")] == [OK, FAILED, OK]
        assert hook.calls == []
        tried = await check_all(lambda: load(path, environ, needs=()), lambda: NOW, send_test=True)
        found = [item for item in tried if item.what.startswith("alerts.urls")]
        assert [item.result for item in found] == [OK, FAILED, FAILED]
        assert found[0].details == "accepted the test message"
        assert [body["title"] for body in hook.at("/a")] == ["recon: test message"]
        assert "canary" not in json.dumps(as_document(tried)) + repr(tried)


async def test_reports_by_mail_are_proved(world: World, server: Sandbox, tmp_path: Path) -> None:
    more = '[alerts]\nsmtp_url = { env = "SMTP" }\nmail_from = "recon@shop.test"\n'
    path = prepare(world, tmp_path, server.url, 'mail = ["finance@shop.test"]\n' + more)
    missing = of(await look(path), "reports.mail")
    assert (missing.result, missing.details) == (FAILED, "alerts.smtp_url is not set")
    async with post_office() as post:
        environ = {"TH_KEY": KEY, "SMTP": f"smtp://127.0.0.1:{post.port}"}
        assert of(await look(path, environ), "reports.mail").result == OK
        assert post.mails == []
        tried = await check_all(lambda: load(path, environ, needs=()), lambda: NOW, send_test=True)
        assert of(tried, "reports.mail").details == "the server took the test mail"
    assert [mail["To"] for mail in post.messages] == ["finance@shop.test"]
