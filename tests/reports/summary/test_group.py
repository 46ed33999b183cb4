"""The workbook over all accounts: currencies are never added, every row says its account, files are linked."""

from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recon import columns as c
from recon.methods import MethodBook
from recon.model import Account, Exposure, Result
from recon.money import Money
from reports.report import Group, Report
from reports.sheet import place
from reports.sheets.breaks import SHEET as BREAKS_SHEET
from reports.sheets.legend import SHEET as LEGEND
from reports.summary.open_breaks import by_owner, over_open_breaks
from reports.workbook.write import write_report, write_workbook
from tests.kit.report_example import (
    BREAKS,
    JP,
    TH,
    bare_result_of,
    breaks,
    empty_result,
    known_break,
    matched,
    result_of,
)
from tests.reports.workbook.test_write import basis, first_table, open_of, row_of, sheet_of, shown, values

SHEETS = [
    "Summary",
    "Breaks",
    "Settlement",
    "Balance proof",
    "Journal",
    "Pending",
    "Refunds",
    "Fees and VAT",
    "Disputes",
    "Bank",
    "Rulings",
    "Rejected rows",
    "Changes",
    "Legend",
]
NAMELESS = replace(known_break("order_invalid", 77, currency=None), latest=replace(BREAKS[-2].latest, account=None))


def of(account: Account, *known: Any) -> Result:
    """A result of an account with these breaks, their account and region put right."""
    frame = breaks(known, account.region)
    frame[c.ACCOUNT] = frame[c.ACCOUNT].where(frame[c.ACCOUNT].isna(), account.name)
    frame[c.REGION] = frame[c.REGION].where(frame[c.ACCOUNT].notna())
    result = result_of(matched(7, currency=account.currency, funding=account.currency), frame, account=account)
    details = replace(result.details, changes=result.details.changes.assign(**{c.ACCOUNT: account.name}))
    return replace(result, account=account, details=details)


def group_of(*results: Result) -> Group:
    parts = tuple(Report(one, basis()) for one in results)
    return Group(parts, tuple(f"settlement_{one.account.name}.xlsx" for one in results))


JPY = [known_break("amount_mismatch", n, currency="JPY", risk=1_000, expected=5, actual=6) for n in (1, 2)]
TWO = group_of(of(TH, *BREAKS, NAMELESS), of(JP, *JPY, known_break("order_missing", 3, currency="THB", risk=50)))


def test_an_owner_is_one_however_the_name_is_written_as_a_spreadsheet_counts() -> None:
    known = [known_break("amount_mismatch", n, currency="THB", risk=700, expected=5, actual=6) for n in (1, 2)]
    named = [replace(one, owner=owner) for one, owner in zip(known, ("Anna", "anna"), strict=True)]
    report = Report(of(TH, *named), basis())
    rows = over_open_breaks((by_owner,), report, {BREAKS_SHEET.name: place(BREAKS_SHEET, report)}, 1)[2:]
    assert [(line.cells[2].value, line.cells[4].value) for line in rows] == [(2, Money(1_400, "THB"))]


TIMES = {"Due by", "First seen", "Created", "Due", "Refundable until", "Opened", "Closed"}


def written(group: Group | Report) -> BytesIO:
    file = BytesIO()
    write_report(group, file)
    file.seek(0)
    return file


@cache
def example() -> BytesIO:
    """The workbook of both accounts, made once."""
    return written(TWO)


def test_the_sheets_are_those_that_make_sense_over_all_accounts() -> None:
    assert shown(example()).sheetnames == SHEETS


def test_currencies_stand_apart_in_each_region_and_what_is_open_is_a_formula_by_kind() -> None:
    summary, formulas = values(example(), "Summary"), sheet_of(shown(example(), values=False), "Summary")
    assert row_of(summary, "JP", "JPY")[2:6] == [10, 9, 7, pytest.approx(values_of(JP, "JPY"))]
    kinds = [open_of(summary, kind.words, "THB")[1] for kind in Exposure]
    assert sum(kinds) == pytest.approx((values_open("THB") + 50) / 100), "of both accounts, by kind"
    assert str(open_of(formulas, "lost", "THB")[1]).startswith("=ROUND(SUMIFS('Breaks'!")


def values_of(account: Account, currency: str) -> int:
    part = next(one for one in TWO.parts if one.result.account == account)
    return next(total.amount_matched for total in part.result.currencies if total.currency == currency)


def values_open(currency: str) -> int:
    return sum(k.latest.amount_at_risk or 0 for k in BREAKS if k.latest.currency == currency)


def test_every_account_has_a_row_that_opens_its_file() -> None:
    summary = sheet_of(shown(example()), "Summary")
    links = {cell.value: cell.hyperlink.target for row in summary for cell in row if cell.hyperlink}
    assert links["th  2026-11-01 to 2026-11-30"] == "settlement_th.xlsx"
    assert row_of(summary, "th  2026-11-01 to 2026-11-30")[1:7] == ["TH", 19, 18, 7, 0.3888, len(BREAKS) + 1]
    nameless = "of these in the file of th, for rows that name no known account (they have no region)"
    assert row_of(summary, nameless)[6] == 1
    assert row_of(summary, "All breaks")[2] == len(BREAKS) + 1 + 3


def test_breaks_of_all_accounts_are_sorted_together_worst_first() -> None:
    [header, *found] = first_table(values(example(), "Breaks"))
    assert header[:4] == ["Account", "Severity", "Break", "Order"]
    assert [row[1] for row in found] == sorted(
        (row[1] for row in found), key=["critical", "high", "medium", "low"].index
    )
    assert {row[0] for row in found} == {"th", "jp", None}


@pytest.mark.parametrize("name", ["Pending", "Refunds", "Disputes", "Changes"])
def test_rows_say_whose_they_are(name: str) -> None:
    [header, *found] = first_table(values(example(), name))
    assert header[0] == "Account"
    accounts = [row[0] for row in found]
    assert accounts == sorted(accounts, key=["th", "jp"].index)
    assert set(accounts) == {"th", "jp"}


@cache
def own_file(number: int) -> BytesIO:
    return written(TWO.parts[number])


@pytest.mark.parametrize("name", ["Breaks", "Pending", "Refunds", "Disputes"])
def test_times_are_those_of_the_account_s_own_file_and_their_zone_stands_beside_them(name: str) -> None:
    times = {}
    for number, part in enumerate(TWO.parts):
        [header, *rows] = first_table(values(own_file(number), name))
        at = [place for place, title in enumerate(header) if title in TIMES]
        times[part.zone.key] = sorted(str([row[place] for place in at]) for row in rows)
    [header, *rows] = first_table(values(example(), name))
    at, zone = [place for place, title in enumerate(header) if title in TIMES], header.index("Time zone")
    assert zone < at[0]
    found: dict[str, list[str]] = {key: [] for key in times}
    for row in rows:
        found[row[zone]].append(str([row[place] for place in at]))
    assert {key: sorted(rows) for key, rows in found.items()} == times


def test_where_all_accounts_share_a_zone_the_summary_names_it() -> None:
    group = group_of(bare_result_of(), replace(bare_result_of(), account=replace(TH, name="th2")))
    file = written(group)
    [header, *_] = values(file, "Breaks")
    assert "Time zone" not in header
    assert row_of(values(file, "Summary"), "Times are in")[1] == TH.zone.key
    assert row_of(values(example(), "Summary"), "Times are in")[1] == "each account's zone"


def test_the_days_off_of_every_account_are_in_the_legend() -> None:
    found = [row[:2] for row in values(example(), "Legend") if str(row[1]) in ("2025", "2026", "2027")]
    assert found == [[name, year] for name in ("th", "jp") for year in ("2025", "2026", "2027")]


def test_a_method_figure_of_one_account_is_in_its_own_legend_and_the_groups() -> None:
    overrides = {("kakaopay", name): {"maximum": {"THB": 500}} for name in ("th", "jp")}
    parts = tuple(replace(part, basis=replace(basis(), book=MethodBook(overrides=overrides))) for part in TWO.parts)
    reports: list[Group | Report] = [*parts, replace(TWO, parts=parts)]
    found = []
    for report in reports:
        book = place(LEGEND, report).below[0]
        rows = c.plain_rows(book.frame, [column.name for column in book.columns])
        found.append([row[2] for row in rows if str(row[4]).startswith("config.toml")])
    assert found == [["account th"], ["account jp"], ["account th", "account jp"]]


def test_the_same_results_give_the_same_bytes_and_a_wrong_total_no_file(tmp_path: Path) -> None:
    first = write_workbook(TWO, tmp_path)
    assert first.name == "settlement_group_2026-11-01_2026-11-30.xlsx"
    assert first.read_bytes() == example().getvalue()
    wrong = TWO.parts[0].result
    more = tuple(replace(total, amount_open=total.amount_open + 1) for total in wrong.currencies)
    with pytest.raises(AssertionError, match=r"amount open in [A-Z]{3}"):
        write_workbook(group_of(replace(wrong, currencies=more), TWO.parts[1].result), tmp_path)
    assert first.read_bytes() == example().getvalue()


def test_a_group_of_nothing_says_so() -> None:
    file = written(group_of(empty_result(), replace(empty_result(), account=JP, breaks=pd.DataFrame())))
    assert values(file, "Breaks")[1][0] == "No breaks."
    assert values(file, "Changes")[1][0] == "The first result of this range: there is nothing to compare with."
