"""Statements in the shapes that banks write them are read by their preset alone, to the day and the minor unit."""

import csv
import io
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jobs.config.config import load
from recon import columns as c
from recon.bank.load import read
from recon.bank.source import LoadedBank
from recon.money import Currencies
from recon.tabular.recognition.presets import CERTAINTIES, fitting, presets
from recon.tabular.table import SourceMissing
from tests.kit import presets_page
from tests.kit.bank_exports import (
    ACCOUNTS,
    BankExport,
    account_of,
    configuration,
    japan,
    malaysia,
    singapore,
    thailand,
)
from tests.kit.small_config import configured

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


def loaded(
    folder: Path, preset: str, currency: str, content: bytes, name: str = "statement.csv", more: str = ""
) -> LoadedBank:
    """What a configuration of five lines reads."""
    (folder / "bank").mkdir(exist_ok=True)
    (folder / "bank" / name).write_bytes(content)
    text = configuration(account_of(currency), folder / "bank", f'preset = "{preset}"\n{more}')
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
    assert fitting("recon.bank", _table(statement))[0].preset.name == statement.preset


def test_columns_that_anybody_may_have_are_no_export_of_a_bank_or_are_said_to_be_usual() -> None:
    assert fitting("recon.bank", [["date", "amount", "currency", "description", "reference"]]) == []
    plain = {statement.preset for statement in STATEMENTS if fitting("recon.bank", _table(statement))[0].is_plain}
    assert plain == {"kasikorn", "ocbc"}


def test_a_workbook_of_uob_is_read(tmp_path: Path) -> None:
    bank = loaded(tmp_path, "uob", "SGD", singapore.UOB.content, "statement.xls")
    assert bank.rejected[c.REASON].tolist() == []
    assert tuple(of(bank)) == singapore.UOB.lines


def test_days_of_another_era_than_the_presets_are_refused_with_what_to_set(tmp_path: Path) -> None:
    statement = next(statement for statement in STATEMENTS if statement.preset == "mufg-bizstation")
    content = statement.text.replace(",0809", ",2609").encode(statement.encoding)
    asked = 'year of "260901" cannot be Reiwa: name its era, or set era = "common" in [bank.x]'
    refused = loaded(tmp_path, statement.preset, statement.currency, content)
    assert refused.rejected[c.REASON].tolist()[0] == asked
    bank = loaded(tmp_path, statement.preset, statement.currency, content, more='era = "common"\n')
    as_it_should(statement, bank)


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


def as_it_should(statement: Statement, bank: LoadedBank) -> None:
    """Every line, and nothing beside it."""
    assert bank.unreadable == ()
    assert bank.rejected[c.REASON].tolist() == []
    assert sorted(of(bank)) == sorted(statement.lines)


@pytest.mark.parametrize("statement", STATEMENTS, ids=IDS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_that_was_saved_again_in_unicode_reads_alike(
    statement: Statement, encoding: str, tmp_path: Path
) -> None:
    as_it_should(statement, loaded(tmp_path, statement.preset, statement.currency, statement.text.encode(encoding)))


@pytest.mark.parametrize("statement", STATEMENTS, ids=IDS)
def test_blank_lines_and_line_ends_change_nothing(statement: Statement, tmp_path: Path) -> None:
    head, _, last = statement.text.rstrip("\n").rpartition("\n")
    text = f"{head}\n\n{last}\n\n   \n".replace("\n", "\r\n")
    bank = loaded(tmp_path, statement.preset, statement.currency, text.encode(statement.encoding))
    as_it_should(statement, bank)


@pytest.mark.parametrize("statement", STATEMENTS, ids=IDS)
def test_a_damaged_amount_is_refused_in_words_and_the_others_are_read(statement: Statement, tmp_path: Path) -> None:
    rows = statement.text.split("\n")
    amount = _written(statement)
    at = next(place for place, row in enumerate(rows) if amount in row)
    rows[at] = rows[at].replace(amount, "1x2".rjust(len(amount), "0"))
    bank = loaded(tmp_path, statement.preset, statement.currency, "\n".join(rows).encode(statement.encoding))
    assert len(bank.rejected) == 1
    assert "1x2" in bank.rejected[c.REASON][0]
    assert len(bank.lines) == len(statement.lines) - 1


@pytest.mark.parametrize("statement", STATEMENTS, ids=IDS)
def test_a_header_in_another_language_ends_in_words(statement: Statement, tmp_path: Path) -> None:
    date = presets("recon.bank")[statement.preset].columns["date"]
    text = statement.text
    for name in {name for way in date.ways for name in way}:
        text = text.replace(name, "Fecha")
    with pytest.raises(SourceMissing, match="has no column"):
        loaded(tmp_path, statement.preset, statement.currency, text.encode(statement.encoding))


def _written(statement: Statement) -> str:
    """How the payout's amount stands in the file: the longest run of digits and marks that means it."""
    units = next(amount for _, amount in statement.lines if amount > 0)
    major = units if statement.currency == "JPY" else units / 100
    forms = [f"{major:,}", f"{major:,.2f}", f"{major}", f"{major:.2f}", f"{units:015d}", f"{units:012d}"]
    return next(form for form in sorted(forms, key=len, reverse=True) if form in statement.text)


def _table(statement: Statement) -> list[list[str]]:
    delimiter = "|" if statement.preset == "maybank2e" else ","
    return list(csv.reader(io.StringIO(statement.text, newline=""), delimiter=delimiter))


def _rows(export: BankExport) -> list[list[str]]:
    text = export.content.decode("utf-8-sig" if export.encoding == "utf-8" else export.encoding)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter="|" if "|" in text else ","))


# Which preset reads what `tests/kit/bank_exports` has of a bank.
_OF_EXPORTS = [
    (export, fits[0].preset.name)
    for export in (*thailand.EXPORTS, *singapore.EXPORTS, *japan.EXPORTS, *malaysia.EXPORTS)
    if export.encoding and (fits := fitting("recon.bank", _rows(export)))
]


@pytest.mark.parametrize(("export", "preset"), _OF_EXPORTS, ids=[export.name for export, _ in _OF_EXPORTS])
def test_a_preset_reads_as_options_written_by_hand_do(export: BankExport, preset: str, tmp_path: Path) -> None:
    currency = ACCOUNTS[export.account][1]
    bank = loaded(tmp_path, preset, currency, export.content)
    own = [line for line, code in zip(of(bank), bank.lines[c.CURRENCY], strict=True) if code == currency]
    assert bank.rejected[c.REASON].tolist() == []
    assert tuple(own) == export.lines
