"""`recon journal` from end to end: named codes, once only, a late refund, byte for byte again."""

import asyncio
import csv
import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from beancount import loader
from beancount.core.data import Balance, Transaction
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.config import config as configuration
from jobs.desk.journal import ExportRequest, hand_over
from jobs.run.outcome import JobError, Outcome
from recon import columns as c
from recon.calendars import days_window
from recon.journal.words import LedgerAccount
from recon.store.engine import to_micros
from tests.kit.job import FIRST, LAST, Job, clock, finished_job, judged_as

CODES = "\n[journal.accounts]\n" + "\n".join(f'{account} = "{account}"' for account in LedgerAccount) + "\n"
BY_MONTH = ("[journal.accounts]", '[journal]\ndetail = "month"\n[journal.accounts]')
DAYS = ("--from", str(FIRST), "--to", str(LAST))


async def recon(merchant: Job, *words: str | Path) -> tuple[int, bytes, str]:
    result = await asyncio.to_thread(
        CliRunner().invoke, app, ["--config", str(merchant.config), "journal", *map(str, words)]
    )
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout_bytes, result.stderr


def mapped(merchant: Job) -> None:
    merchant.config.write_text(merchant.config.read_text(encoding="utf-8") + CODES, encoding="utf-8")


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode(), newline="")))


def another_refund(merchant: Job) -> None:
    """A second transaction of a refund of the days, which the store learns only now."""
    days = days_window(FIRST, LAST, ZoneInfo("Asia/Bangkok"))
    connection = sqlite3.connect(merchant.folder / "recon.db")
    connection.row_factory = sqlite3.Row
    with connection:
        statement = """select "transaction".* from "transaction" join refund on origin = refund_id
            where not voided and "transaction".created_at between ? and ? limit 1"""
        [row] = connection.execute(statement, (to_micros(days.start), to_micros(days.end) - 1)).fetchall()
        copy = dict(row) | {"transaction_id": "trxn_test_late"}
        names = ", ".join(f'"{name}"' for name in copy)
        marks = ", ".join("?" * len(copy))
        connection.execute(f'insert into "transaction" ({names}) values ({marks})', tuple(copy.values()))
    connection.close()


async def test_a_merchant_s_days_go_to_the_books_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, first):
        judged_as(first, monkeypatch)
        code, out, words = await recon(merchant, *DAYS)
        assert (code, out) == (2, b"")
        assert "[journal.accounts] or [journal.th.accounts] has no code for clearing (Omise clearing)" in words
        assert merchant.rows("journal_entry") == []
        mapped(merchant)
        code, out, words = await recon(merchant, *DAYS)
        entries = {row["journal_id"] for row in rows(out)}
        assert code == 0
        assert f"export 1: {len(entries)} entries" in words
        assert _sum(rows(out), "debit") == _sum(rows(out), "credit") > 0
        code, out_again, words = await recon(merchant, *DAYS)
        assert (code, out_again) == (0, b"")
        assert f"nothing new to export: {len(entries)} stand exported as they are" in words
        target = tmp_path / "again" / "january.csv"
        code, printed, _ = await recon(merchant, "--again", "1", "--out", target)
        assert (code, printed, target.read_bytes()) == (0, b"", out)
        assert (await recon(merchant, "--again", "7"))[2] == "there is no export 7; recon journal list names them\n"


async def test_an_export_whose_file_cannot_be_written_is_kept_and_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, first):
        judged_as(first, monkeypatch)
        mapped(merchant)
        target = merchant.config / "january.csv"  # in a file, as if that were a folder
        code, out, words = await recon(merchant, *DAYS, "--json", "--out", target)
        assert code == 3
        assert f"export 1 is kept, but {target} cannot be written (" in words
        assert json.loads(out)["error"].endswith("recon journal --again 1 --out FILE writes it")
        assert rows((await recon(merchant, "--again", "1"))[1])


async def test_a_late_refund_is_one_reversal_and_one_new_entry_and_said(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, _):
        mapped(merchant)
        first = rows((await recon(merchant, *DAYS))[1])
        another_refund(merchant)
        code, out, words = await recon(merchant, *DAYS, "--json", "--out", tmp_path / "late.csv")
        document = json.loads(out)
        reversal, fresh = document["entries"]
        assert code == 0
        assert (reversal["number"], fresh["number"]) == (f"{reversal['reverses']}R", f"{reversal['reverses'][:-2]}02")
        assert "REF" in fresh["number"]
        assert fresh["reverses"] is None
        assert reversal["reverses"] in {row["journal_id"] for row in first}
        assert f"{reversal['number']} takes back {reversal['reverses']}" in words
        assert "1 entry, 1 reversal of what changed" in words
        assert len(rows((tmp_path / "late.csv").read_bytes())) == 4
        handed = document["export"]
        assert (handed["from"], handed["to"], handed["as_of"][-1]) == (str(FIRST), str(LAST), "Z")
        assert (handed["files"], handed["paths"]) == (1, [str(tmp_path / "late.csv")])
        exports = json.loads((await recon(merchant, "list", "--json"))[1])["exports"]
        assert [(export["id"], export["entries"], export["reversals"]) for export in exports] == [
            (2, 1, 1),
            (1, len({row["journal_id"] for row in first}), 0),
        ]
        assert " csv 1, 1 back th" in (await recon(merchant, "list"))[1].decode()


async def test_a_day_that_is_yesterday_in_one_zone_alone_is_not_taken_back(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th", "jp")) as (merchant, both):
        mapped(merchant)
        hand_over_as(merchant, both, "csv")
        jp = next(result for result in both.results if result.account.name == "jp")
        last_day = jp.journal[(jp.journal[c.DAY] == str(LAST)).to_numpy(dtype=bool)]
        later = replace(jp, first_day=LAST, journal=last_day)
        results = tuple(later if result is jp else result for result in both.results)
        exported = merchant.rows("journal_entry")
        hand_over_as(merchant, replace(both, results=results), "csv")
        assert merchant.rows("journal_entry") == exported


async def test_what_the_books_do_not_take_is_said_before_anything_is_written(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th", "jp")) as (merchant, both):
        for words, sentence in (
            (("--format", "sage"), '--format: "sage" is not known'),
            (("--json",), "--json: say with --out where the journal's file goes"),
        ):
            code, out, told = await recon(merchant, *DAYS, *words)
            assert (code, out) == (2, b"")
            assert sentence in told
        mapped(merchant)
        th = replace(both, results=tuple(result for result in both.results if result.account.name == "th"))
        longer = replace(th, results=(replace(th.results[0], last_day=LAST + timedelta(days=16)),))
        said: Sequence[tuple[str, Outcome, str]] = [
            ("xero", both, "Xero, manual journals has one currency, and these are JPY, THB"),
            ("yayoi", th, "弥生会計 keeps JPY, not THB"),
            ("xero", th, r"\[journal\.tax_codes\] or \[journal\.th\.tax_codes\] has no code for"),
            ("beancount", both, r'\[journal\.accounts\] "bank" is no account of Beancount'),
            ("csv", longer, 'account "th": not every transaction of'),
        ]
        for name, outcome, sentence in said:
            with pytest.raises(JobError, match=sentence):
                hand_over_as(merchant, outcome, name)
        text = merchant.config.read_text(encoding="utf-8")
        merchant.config.write_text(text.replace(*BY_MONTH), encoding="utf-8")
        with pytest.raises(JobError, match="the range must be whole months"):
            hand_over_as(merchant, both, "csv")
        assert merchant.rows("journal_export") == []


def hand_over_as(merchant: Job, outcome: Outcome, name: str) -> None:
    """What the command does after its look at the store: which here is the run's."""
    hand_over(configuration.load(merchant.config, {}), outcome, ExportRequest(name, None, "ann", clock()))


def _sum(found: Sequence[dict[str, str]], column: str) -> float:
    return round(sum(float(row[column] or 0) for row in found), 2)


@pytest.mark.proof  # the suite has a month of test_month_end.py
async def test_beancount_accepts_a_merchant_s_days_and_the_day_after(tmp_path: Path) -> None:
    async with finished_job(tmp_path, ("th",)) as (merchant, _):
        accounts = {word: f"Assets:Omise:{word.title().replace('_', '')}" for word in LedgerAccount}
        codes = "\n".join(f'{word} = "{account}"' for word, account in accounts.items())
        text = merchant.config.read_text(encoding="utf-8")
        merchant.config.write_text(
            f"{text}\n[journal]\nformat = 'beancount'\n[journal.accounts]\n{codes}\n", encoding="utf-8"
        )
        middle = FIRST + timedelta(days=1)
        exports = [
            (await recon(merchant, "--from", str(FIRST), "--to", str(middle)))[1].decode(),
            (await recon(merchant, "--from", str(FIRST), "--to", str(LAST)))[1].decode(),
        ]
        opening = re.findall(rf"^{FIRST} balance \S+  (\S+) THB$", exports[0], re.MULTILINE)
        opened = [f"2000-01-01 open {account}" for account in (*accounts.values(), "Equity:Opening")]
        before = [
            '2000-01-02 * "opening"',
            f"  {accounts[LedgerAccount.CLEARING]}  {opening[0]} THB",
            "  Equity:Opening",
            "",
        ]
        directives, errors, _ = loader.load_string("\n".join([*opened, *before, *exports]))
        assert errors == []
        assert len([entry for entry in directives if isinstance(entry, Balance)]) == 4
        assert len([entry for entry in directives if isinstance(entry, Transaction)]) > 20
