"""Bank statements on the road: stored once, unread rows as breaks, what is missing or unreadable said."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from aiohttp import web

from jobs.check import check_all
from jobs.config.config import load
from jobs.run.opening.store import open_ready_store
from jobs.run.sources import SourcesRead, read_statements
from jobs.setup.reading import FAILED, OK, WARNING, Item
from recon.money import Currencies
from recon.result.trust import doubt_lines
from recon.store.engine import Store
from recon.store.runs.record import list_breaks
from tests.kit.bank_files import Entry, mt940_text
from tests.kit.job import clock, finished_job
from tests.kit.small_merchant import DAY, MIDNIGHT, merchant, night
from tests.kit.store_samples import count, opened
from tests.recon.omise.test_client import serve

CONFIG = """
[store]
url = "sqlite:///recon.db"
[omise]
base_url = "http://127.0.0.1:9"
[accounts.th]
region = "TH"
currency = "THB"
timezone = "Asia/Bangkok"
secret_key = { env = "KEY" }
[orders.shop]
kind = "csv"
path = "orders/*.csv"
[bank.scb]
account = "th"
kind = "csv"
path = "bank/*.csv"
fee_bound = "1.50"
"""
HEADER = "date,amount,currency,description,reference\n"
PAYOUT = "2026-11-20,500.00,THB,OMISE PAYOUT,TH1\n"
CUSTOMER = "2026-11-20,20.00,THB,TRANSFER FROM SOMCHAI JAIDEE 123-4-56789-0,S1\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    yield from opened("sqlite", tmp_path)


def prepared(folder: Path, text: str | bytes | None) -> Path:
    """A configuration with one bank source; its folder with one file, with none, or not there at all."""
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    if text is not None:
        (folder / "bank").mkdir(exist_ok=True)
    if text:
        (folder / "bank" / "a.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder / "config.toml"


def banked(path: Path, store: Store) -> SourcesRead:
    return read_statements(load(path, {"KEY": "skey_test_x"}), store, clock)


def test_lines_are_stored_once_and_no_text_of_a_customers(tmp_path: Path, store: Store) -> None:
    for _ in range(2):
        found = banked(prepared(tmp_path, HEADER + PAYOUT + CUSTOMER), store)
    assert (found.bank_read, found.notes["th"], [file.name for file in found.files("th")]) == (True, {}, ["a.csv"])
    assert found.files("sg") == ()
    assert count(store, "bank_line") == 2
    written = b"".join(path.read_bytes() for path in tmp_path.glob("*.db*"))
    assert b"OMISE PAYOUT" in written
    assert b"SOMCHAI" not in written
    assert b"56789" not in written


def test_no_files_yet_is_said_with_a_folder_and_without(tmp_path: Path, store: Store) -> None:
    for text in (None, ""):
        found = banked(prepared(tmp_path, text), store)
        assert found.messages_of(["th"]) == [
            "bank.scb: no file matches bank/*.csv yet: put it there, or correct the path; its lines are not known, "
            "and what it may hold of th waits: run again"
        ]
        assert (found.bank_read, found.bank_unread) == (True, ["th"])


def test_the_fee_bound_is_exact(tmp_path: Path) -> None:
    path = prepared(tmp_path, "")
    assert load(path, {"KEY": "k"}).bank_sources()[0].fee_bound == 150
    path.write_text(CONFIG.replace("1.50", "1.505"), encoding="utf-8")
    with pytest.raises(Exception, match=r'bank.scb.fee_bound: amount "1.505" has more decimals than THB'):
        load(path, {"KEY": "k"})


async def refused(_: web.Request) -> web.Response:
    return web.Response(status=401)


async def look(path: Path) -> list[Item]:
    async with serve(refused) as url:  # at once: its own tests ask again and again
        path.write_text(path.read_text(encoding="utf-8").replace("http://127.0.0.1:9", url), encoding="utf-8")
        found = await check_all(lambda: load(path, {"KEY": "skey_test_x"}), clock)
    return [item for item in found if item.what == "bank.scb"]


async def test_a_foreign_file_takes_no_column_from_the_others(tmp_path: Path) -> None:
    path = prepared(tmp_path, (HEADER + PAYOUT).replace(",currency", "").replace(",THB", ""))
    (tmp_path / "bank" / "orders.csv").write_text("id,currency\n1,THB\n", encoding="utf-8")
    [item, failure] = await look(path)
    assert item.rows == (("2026-11-20", "500.00", "THB", "OMISE PAYOUT", "TH1"),)
    assert failure.details.startswith('orders.csv has no column "date" (our date)')


async def test_check_shows_the_first_payouts_and_what_is_wrong(tmp_path: Path) -> None:
    [item, bad] = await look(prepared(tmp_path, HEADER + CUSTOMER + PAYOUT + PAYOUT.replace("2026-11-20", "1/2/26")))
    assert (item.result, item.details) == (
        OK,
        "2 lines in 1 file(s), 1 of them payouts by their text; 66 % of 3 rows read"
        '; a.csv: delimiter ",", header in row 1; encoding: utf-8',
    )
    assert item.rows == (("2026-11-20", "500.00", "THB", "OMISE PAYOUT", "TH1"),)
    assert (bad.result, bad.details.partition(";")[0]) == (WARNING, "1 row(s) cannot be read and are kept aside")
    [item, warning] = await look(prepared(tmp_path, HEADER + CUSTOMER))
    assert item.rows == (("2026-11-20", "20.00", "THB", "", ""),)
    assert warning.details == "no line matches payout_pattern: set it to what the bank writes for Omise"
    [_, warning] = await look(prepared(tmp_path, HEADER + PAYOUT.replace("THB", "SGD")))
    words = "its lines are in SGD, and account th settles in THB: no payout can be found in them"
    assert (warning.result, warning.details) == (WARNING, words)
    [_, failure] = await look(prepared(tmp_path, b"a\n\x81\x00\xff\n"))
    assert failure.result == FAILED
    assert failure.details.startswith("a.csv is not utf-8 text")


async def test_of_several_bank_accounts_the_configuration_names_the_one(tmp_path: Path) -> None:
    path = prepared(tmp_path, None)
    text = CONFIG.replace('csv"\npath = "bank/*.csv', 'mt940"\npath = "bank/*.sta')
    path.write_text(text, encoding="utf-8")
    (tmp_path / "bank").mkdir()
    one = mt940_text([Entry(date(2026, 11, 20), 50_000)])
    other = one.replace(":25:1234567890", ":25:9876543210")
    (tmp_path / "bank" / "a.sta").write_text(one)
    (tmp_path / "bank" / "b.sta").write_text(other)
    read, warned = await look(path)
    assert (read.result, warned.result) == (OK, WARNING)
    assert warned.details == "its files are of 2 bank accounts, which are read as one: statement_of names the one"
    (tmp_path / "bank" / "a.sta").write_text(one + other)
    assert FAILED in [item.result for item in await look(path)]
    path.write_text(text.replace('account = "th"\n', 'account = "th"\nstatement_of = "98 7654 3210"\n'), "utf-8")
    [item] = await look(path)
    assert (item.result, item.details.startswith("1 lines in 2 file(s), 1 of them payouts")) == (OK, True)
    assert item.details.endswith("; 1 row(s) ignored")


async def test_an_unread_row_is_a_break_until_the_bank_sends_it_right(tmp_path: Path) -> None:
    config = merchant(tmp_path, "", more='[bank.scb]\naccount = "th"\nkind = "csv"\npath = "bank/*.csv"\n')
    text = HEADER + "2026-03-03,500.00,THB,OMISE PAYOUT,TH1\n"
    (tmp_path / "bank").mkdir()
    for content, status in ((text + "x,1,THB,y,z\n", "open"), ("", "open"), (text, "auto_closed")):
        (tmp_path / "bank" / "a.csv").write_text(content, encoding="utf-8")
        outcome = await night(config, MIDNIGHT + 2 * DAY, date(2026, 3, 3))
        store = open_ready_store(config)
        [found] = [known for known in list_breaks(store) if known.latest.code == "bank_line_invalid"]
        store.dispose()
        assert (found.latest.account, found.latest.subject_type, found.status) == ("th", "row", status)
        assert outcome.complete == bool(content)
    assert 'date "x" is not like 2026-11-24' in found.latest.explanation


async def test_the_balance_of_trust_says_what_of_the_bank_was_not_read(tmp_path: Path) -> None:
    async with finished_job(tmp_path) as (made, _):
        (tmp_path / "bank" / "bank_th.csv").write_bytes(b"\xff\xfe\x00")
        outcome = await made.run(pull=False, as_of=None)
        assert not outcome.complete
        by_name = {result.account.name: result for result in outcome.results}
        lines = list(doubt_lines([by_name["th"]], Currencies()))
        assert sum("bank_th.csv" in line for line in lines) == 1, lines
        assert not by_name["th"].complete, "its Summary says so, too"
        assert by_name["jp"].complete
        assert "bank_th.csv" not in "".join(doubt_lines([by_name["jp"]], Currencies()))
