"""The Journal sheet: lines with the books' codes, what each account comes to, formulas by kind and account."""

from dataclasses import replace
from pathlib import Path

from recon import columns as c
from recon.model import Result
from reports.report import Basis, Group, Report
from reports.sheet import place
from reports.sheets.journal import SHEET
from reports.workbook.plain import write_plain
from tests.kit.report_example import JP, empty_result, result_of

CODES = {"th": {"clearing": "1150"}, "jp": {"fees": "支払手数料"}}


def report_of(result: Result) -> Report:
    return Report(result, Basis("0", book_codes=CODES))


def test_a_line_has_its_code_or_none_where_there_is_none() -> None:
    frame = place(SHEET, report_of(result_of())).frame
    shown = dict(zip(frame[c.ACCOUNT_NAME], frame[c.ACCOUNT_CODE].fillna(""), strict=True))
    assert shown["Omise clearing"] == "1150"
    assert shown["Payment fees"] == ""


def test_the_accounts_come_to_nothing_together() -> None:
    [table] = place(SHEET, report_of(result_of())).below
    whole = table.frame.iloc[-1]
    assert (whole[c.ACCOUNT_NAME], whole[c.DEBIT], whole[c.AMOUNT]) == ("All accounts", 3_559_818, 0)
    assert table.frame[c.AMOUNT].sum() == 0
    assert place(SHEET, report_of(empty_result())).below[0].frame.empty


def test_formulas_add_up_by_kind_account_and_currency() -> None:
    placed = place(SHEET, report_of(result_of()))
    criteria = ((c.ENTRY_KIND, '"sales"'), (c.LEDGER_ACCOUNT, '"clearing"'), (c.CURRENCY, '"THB"'))
    assert placed.area.total(c.DEBIT, 2, *criteria) == (
        "ROUND(SUMIFS('Journal'!$G$2:$G$14,'Journal'!$L$2:$L$14,\"sales\","
        "'Journal'!$K$2:$K$14,\"clearing\",'Journal'!$F$2:$F$14,\"THB\"),2)"
    )


def test_the_accounts_of_a_group_stand_below_each_other_each_with_its_own_codes() -> None:
    group = Group((report_of(result_of()), report_of(replace(result_of(account=JP)))), ())
    frame = place(SHEET, group).frame
    fees = frame[frame[c.LEDGER_ACCOUNT] == "fees"]
    assert fees[[c.ACCOUNT, c.ACCOUNT_CODE]].fillna("").to_numpy().tolist() == [
        ["th", ""],
        ["th", ""],
        ["jp", "支払手数料"],
        ["jp", "支払手数料"],
    ]


def test_plain_files_have_the_journal_too(tmp_path: Path) -> None:
    names = {path.name: path for path in write_plain(report_of(result_of()), tmp_path, "csv")}
    lines = names["Journal.csv"].read_text(encoding="utf-8").splitlines()
    assert lines[1].startswith(
        '"OMISE-TH-20261101-SAL","2026-11-01","Sales","Omise clearing","1150","THB","12345.00",'
    )
    assert "\"'=HYPERLINK" in names["Journal.csv"].read_text(encoding="utf-8")
    assert "Journal 2.csv" in names
