"""Statements in the shapes that banks write them are read by their preset alone, to the day and the minor unit."""

import csv
import io
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from jobs.config.config import load
from recon import columns as c
from recon.bank.load import read
from recon.bank.source import LoadedBank
from recon.money import Currencies
from recon.tabular.presets import CERTAINTIES, fitting, presets
from tests.kit import presets_page
from tests.kit.small_config import configured

ZONES = {
    "THB": ("TH", "Asia/Bangkok"),
    "SGD": ("SG", "Asia/Singapore"),
    "JPY": ("JP", "Asia/Tokyo"),
    "MYR": ("MY", "Asia/Kuala_Lumpur"),
}
Lines = list[tuple[str, int]]


@dataclass(frozen=True)
class Statement:
    """A file as a bank writes it: days and minor units of its lines, words of its payout, rows that are no lines."""

    preset: str
    currency: str
    text: str
    lines: Lines
    payout: str
    encoding: str
    line_end: str
    ignored: int

    @property
    def content(self) -> bytes:
        """The file's bytes."""
        return self.text.replace("\n", self.line_end).encode(self.encoding)


STATEMENTS = [
    Statement(**{**raw, "lines": [tuple(line) for line in raw["lines"]]})
    for raw in tomllib.loads((Path(__file__).parents[2] / "kit" / "statements.toml").read_text("utf-8"))["statement"]
]
IDS = [f"{statement.preset}-{statement.currency}-{statement.encoding}" for statement in STATEMENTS]


def loaded(folder: Path, preset: str, currency: str, content: bytes, name: str = "statement.csv") -> LoadedBank:
    """What a configuration of five lines reads."""
    (folder / "bank").mkdir(exist_ok=True)
    (folder / "bank" / name).write_bytes(content)
    region, zone = ZONES[currency]
    text = f"""
[store]
url = "sqlite:///recon.db"
[accounts.shop]
region = "{region}"
currency = "{currency}"
timezone = "{zone}"
secret_key = {{ env = "KEY" }}
[orders.shop]
kind = "csv"
path = "orders/*.csv"
[bank.shop]
account = "shop"
preset = "{preset}"
path = "bank/*"
payout_pattern = "OMISE|ｵﾐｾ|オミセ"
"""
    [source] = load(configured(folder, text=text), {"KEY": "skey_test_canary0canary0canary"}).bank_sources()
    return read(source, currencies=Currencies())


def of(bank: LoadedBank) -> list[tuple[Any, ...]]:
    """Day and amount of each line."""
    return list(bank.lines[[c.BOOKED_ON, c.AMOUNT]].itertuples(index=False, name=None))


@pytest.mark.parametrize("statement", STATEMENTS, ids=IDS)
def test_a_statement_is_read_by_its_preset(statement: Statement, tmp_path: Path) -> None:
    bank = loaded(tmp_path, statement.preset, statement.currency, statement.content)
    assert bank.unreadable == ()
    assert bank.rejected[c.REASON].tolist() == []
    assert sorted(of(bank)) == sorted(statement.lines)
    payouts = bank.lines[bank.lines[c.PAYOUT]]
    assert payouts[c.DESCRIPTION].tolist() == [statement.payout]
    assert set(bank.lines[c.CURRENCY]) == {statement.currency}
    assert bank.ignored == statement.ignored


@pytest.mark.parametrize("statement", STATEMENTS, ids=IDS)
def test_a_statement_is_known_by_its_header(statement: Statement) -> None:
    delimiter = "|" if statement.preset == "maybank2e" else ","
    rows = list(csv.reader(io.StringIO(statement.text, newline=""), delimiter=delimiter))
    assert fitting("recon.bank", rows)[0].preset.name == statement.preset


def test_a_workbook_of_uob_is_read(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["United Overseas Bank"], *([[""]] * 6)]
    rows += [["Transaction Date", "Transaction Description", "Withdrawal", "Deposit", "Available Balance"]]
    rows += [["30 Jun 2026", "Inward Credit-FAST\nOMISE PTE LTD", 0.0, 1250.5, 2250.5]]
    rows += [["29 Jun 2026", "NETS\nSHOP", 12.0, 0.0, 1000.0]]
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    book.save(tmp_path / "statement.xlsx")
    content = (tmp_path / "statement.xlsx").read_bytes()
    bank = loaded(tmp_path, "uob", "SGD", content, "statement.xlsx")
    assert bank.rejected[c.REASON].tolist() == []
    assert of(bank) == [("2026-06-30", 125050), ("2026-06-29", -1200)]


def test_every_preset_of_a_bank_is_tried_here() -> None:
    assert {statement.preset for statement in STATEMENTS} | {"uob"} == set(presets("recon.bank"))


@pytest.mark.parametrize("package", ["recon.orders", "recon.bank"])
def test_a_preset_says_what_it_is_and_how_surely(package: str) -> None:
    for preset in presets(package).values():
        assert preset.certainty in CERTAINTIES
        assert preset.title
        assert preset.file
        assert preset.source
        assert preset.know
        assert preset.settings["kind"] in ("csv", "excel", "sql")


def test_the_page_of_the_presets_is_written_from_them() -> None:
    assert presets_page.PAGE.read_text("utf-8") == presets_page.page(), "python -m tests.kit.presets_page"


def test_presets_are_package_data() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["recon", "jobs", "reports"]
