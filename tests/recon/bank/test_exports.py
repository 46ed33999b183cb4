"""Statements as banks export them: read right with options of the configuration, or refused in words."""

import csv
import io
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from jobs.config.config import load as load_config
from recon import columns as c
from recon.bank.load import read
from recon.bank.source import LoadedBank
from recon.tabular.table import SourceMissing
from tests.kit.bank_exports import BankExport, configuration, japan, malaysia, singapore, thailand

EXPORTS = (*thailand.EXPORTS, *singapore.EXPORTS, *japan.EXPORTS, *malaysia.EXPORTS)


def load(export: BankExport, folder: Path, content: bytes | None = None, more: str = "") -> LoadedBank:
    files = folder / "statements"
    files.mkdir(exist_ok=True)
    (files / export.file).write_bytes(export.content if content is None else content)
    path = folder / "config.toml"
    path.write_text(configuration(export.account, files, export.settings + more), encoding="utf-8")
    config = load_config(path, {"KEY": "skey_test_1"})
    [source] = config.bank_sources()
    return read(source, currencies=config.currencies())


def lines(loaded: LoadedBank) -> tuple[tuple[str, int], ...]:
    return tuple(zip(loaded.lines[c.BOOKED_ON], loaded.lines[c.AMOUNT].tolist(), strict=True))


def payouts(loaded: LoadedBank) -> tuple[int, ...]:
    return tuple(loaded.lines[c.AMOUNT][loaded.lines[c.PAYOUT]].tolist())


def assert_as_it_should(export: BankExport, loaded: LoadedBank) -> None:
    assert loaded.unreadable == ()
    assert loaded.rejected[c.REASON].tolist() == []
    assert lines(loaded) == export.lines
    assert payouts(loaded) == export.payouts
    assert loaded.ignored == export.ignored


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_an_export_is_read_as_it_is(export: BankExport, tmp_path: Path) -> None:
    loaded = load(export, tmp_path)
    assert_as_it_should(export, loaded)
    assert loaded.encodings == ((export.encoding,) if export.encoding else ())


# What happens to such files on their way: each is read right all the same, or refused in words.
TEXTS = [export for export in EXPORTS if export.encoding]
WITH_HEADER = [export for export in TEXTS if "header_row = 0" not in export.settings]


def decoded(export: BankExport) -> str:
    return export.content.decode("utf-8-sig" if export.encoding == "utf-8" else export.encoding)


def tidy(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def columns(export: BankExport, folder: Path) -> dict[str, list[str]]:
    """Our fields with all the names that the configuration gives their columns."""
    path = folder / "config.toml"
    path.write_text(configuration(export.account, folder, export.settings), encoding="utf-8")
    config = load_config(path, {"KEY": "skey_test_1"})
    written = dict(config.bank["x"].columns)
    direction = getattr(config.bank["x"], "direction", None)
    if direction:
        written["direction"] = direction.column
    return {ours: [name for way in column.ways for name in way] for ours, column in written.items() if column}


@pytest.mark.parametrize("export", TEXTS, ids=lambda export: export.name)
def test_blank_lines_and_another_encoding_change_nothing(export: BankExport, tmp_path: Path) -> None:
    content = (decoded(export) + "\r\n  \r\n\r\n").encode("utf-16")
    loaded = load(export, tmp_path, content)
    assert_as_it_should(export, loaded)
    assert loaded.encodings == ("utf-16",)


@pytest.mark.parametrize(
    "export", [export for export in TEXTS if not decoded(export).isascii()], ids=lambda export: export.name
)
def test_an_encoding_that_is_written_wrong_is_never_read_through(export: BankExport, tmp_path: Path) -> None:
    wrong = f'encoding = "{"ascii" if export.encoding == "utf-8" else "utf-8"}"\n'
    loaded = load(export, tmp_path, export.content.removeprefix(b"\xef\xbb\xbf"), wrong)
    assert lines(loaded) == ()
    assert "set [bank.x] encoding to what the file is" in loaded.unreadable[0]


@pytest.mark.parametrize("export", WITH_HEADER, ids=lambda export: export.name)
def test_a_header_in_another_language_is_refused_with_its_names(export: BankExport, tmp_path: Path) -> None:
    names = columns(export, tmp_path)["date"]
    text = decoded(export)
    for name in names:
        text = text.replace(name, "Datum")
    with pytest.raises(
        SourceMissing, match=r"\[bank\.x\.columns\] date = .* has no column .*; the columns of .* are: "
    ):
        load(export, tmp_path, text.encode(export.encoding))


@pytest.mark.parametrize("export", WITH_HEADER, ids=lambda export: export.name)
def test_a_total_of_the_file_is_counted_and_no_line(export: BankExport, tmp_path: Path) -> None:
    mark = "|" if "|" in decoded(export) else ","
    rows = list(csv.reader(io.StringIO(decoded(export), newline=""), delimiter=mark))
    names = columns(export, tmp_path)
    header = next(row for row in rows if any(tidy(name) in map(tidy, row) for name in names["date"]))
    total = [""] * len(header)
    words = {"description": "TOTAL", "amount": "999", "credit": "999", "debit": "888", "direction": "CR"}
    for ours, word in words.items():
        for at, name in enumerate(map(tidy, header)):
            if name in map(tidy, names.get(ours, ())):
                total[at] = word
    file = io.StringIO()
    csv.writer(file, delimiter=mark).writerows([*rows, total])
    loaded = load(export, tmp_path, file.getvalue().encode(export.encoding))
    assert lines(loaded) == export.lines
    assert len(loaded.rejected) + loaded.ignored == export.ignored + 1


def refusal(export: BankExport, folder: Path, old: str, new: str, settings: str = "") -> tuple[Any, ...]:
    """The lines that are left and the reasons of the others after one text of a file was replaced."""
    loaded = load(export, folder, export.changed(old, new), settings)
    return lines(loaded), loaded.rejected[c.REASON].tolist()


@pytest.mark.parametrize(
    ("export", "old", "new", "reason"),
    [
        (thailand.KBANK_RECENT, '"-1,883.20",""', '"-1,883.20","5.00"', "has a debit and a credit"),
        (thailand.SCB, ",10.00,,9019.61", ",,,9019.61", "debit and credit are empty"),
        (malaysia.MAYBANK2U, "RM 1.00", "S$1.00", 'amount "S$1.00" has the mark of another currency than MYR'),
        (malaysia.MAYBANK2U, "RM 1.00", "RM 1.00-", None),
        (japan.MUFG_BIZ, "080902,2", "080902,3", '"3" is no word of [bank.x.direction]'),
        (japan.MUFG_BIZ, "000000000220", "-220", "amount has a sign besides its direction"),
        (japan.SMBC_OLD, "H30.01.16", "H32.01.16", 'date "H32.01.16" does not exist'),
        (
            thailand.KRUNGTHAI,
            "3 ส.ค. 2569 - 09:00",
            "30 ก.พ. 2569 - 09:00",
            'date "30 ก.พ. 2569 - 09:00" does not exist',
        ),
        (singapore.WISE, "-12.00", "-12.005", 'amount "-12.005" has more decimals than SGD (2)'),
    ],
    ids=lambda value: value.name if isinstance(value, BankExport) else None,
)
def test_a_row_that_says_two_things_stands_aside(
    export: BankExport, old: str, new: str, reason: str | None, tmp_path: Path
) -> None:
    left, reasons = refusal(export, tmp_path, old, new)
    if reason is None:
        assert (left, reasons) == (export.lines, [])
        return
    assert left == tuple(line for line in export.lines if line[1] > 0)
    assert [text.startswith(reason) for text in reasons] == [True]


def test_days_that_two_people_read_differently_need_a_format(tmp_path: Path) -> None:
    """The day over 12 of the second line settles the column; without it nobody knows."""
    export = malaysia.RHB
    settled = export.changed("13-09-2026", "03-09-2026")
    assert lines(load(export, tmp_path, settled)) == (("2026-09-03", 125_050), ("2026-09-14", -100))
    unsettled = settled.replace(b"14-09-2026", b"04-09-2026")
    loaded = load(export, tmp_path, unsettled)
    words = 'date "03-09-2026" can be read as day/month or month/day: set date_format of [bank.x]'
    assert (lines(loaded), loaded.rejected[c.REASON][0]) == ((), words)
    told = load(export, tmp_path, unsettled, 'date_format = "%d-%m-%Y"\n')
    assert lines(told) == (("2026-09-03", 125_050), ("2026-09-04", -100))


def test_a_sheet_that_is_not_there_is_named(tmp_path: Path) -> None:
    export = singapore.UOB
    path = export.settings.replace("Sheet0", "Sheet9")
    loaded = load(BankExport(**{**vars(export), "settings": path}), tmp_path)
    assert loaded.unreadable == (
        'bank.x: ACC_TXN_History_1.xls has no sheet "Sheet9", which [bank.x] names; it has "Sheet0"',
    )


@pytest.mark.parametrize("bound", ["MOST_ROWS", "MOST_COLUMNS", "MOST_CELLS"])
def test_a_table_larger_than_any_statement_is_not_read(
    bound: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"recon.tabular.table.{bound}", 1)
    for export in (EXPORTS[0], *(export for export in EXPORTS if not export.encoding)):
        loaded = load(export, tmp_path)
        assert lines(loaded) == ()
        assert re.search(r"has [\d,]+ rows of \d+ columns: split it by date", loaded.unreadable[0])
