"""Links of the Breaks sheet: each leads to a row that holds the id it stands on; ids stay text; never too many."""

import re
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

import pandas as pd
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from recon import columns as c
from reports.report import Group, Report
from reports.shop_links import ShopLinks
from reports.verify.compare import edits
from reports.workbook import links, shop_links
from reports.workbook.write import write_report
from tests.kit.loaded_book import loaded
from tests.kit.report_example import bare_result_of, breaks, known_break, matched
from tests.reports.summary.test_group import TWO
from tests.reports.workbook.test_write import report_of


def book_of(report: Report | Group) -> dict[str, Worksheet]:
    file = BytesIO()
    write_report(report, file)
    return {sheet.title: sheet for sheet in loaded(file).worksheets}


def followed(sheets: dict[str, Worksheet]) -> list[tuple[str, str, list[Any]]]:
    """Of every link the title of its column, its text, and the row where it leads."""
    found: list[tuple[str, str, list[Any]]] = []
    for row in sheets["Breaks"].iter_rows(min_row=2):
        for cell in row:
            if cell.hyperlink:
                tab, at = re.fullmatch(r"'(.+)'!A(\d+)", str(cell.hyperlink.location)).groups()  # type: ignore[union-attr]
                there = [other.value for other in sheets[tab][int(at)]]
                found.append((str(sheets["Breaks"].cell(1, cell.column or 1).value), str(cell.value), there))
    return found


def linked_report() -> Report:
    rows = matched(3)
    known = [known_break("amount_mismatch", n, expected=1, actual=2, risk=1) for n in range(3)]
    frame = breaks(known)
    frame[c.ORDER_ID] = rows[c.ORDER_ID].iloc[[2, 0, 1]].to_numpy()
    frame[c.CHARGE_ID] = pd.Series([rows[c.CHARGE_ID].iloc[2], "chrg_of_nowhere", None], dtype=c.TEXT)
    return report_of(bare_result_of(rows, frame))


def test_each_link_leads_to_the_row_of_its_id() -> None:
    report = linked_report()
    found = followed(book_of(report))
    ids = [(title, text) for title, text, _ in found if title in ("Order", "Charge")]
    assert sorted(ids) == sorted(
        [("Order", one) for one in report.result.matched[c.ORDER_ID]]
        + [("Charge", report.result.matched[c.CHARGE_ID].iloc[2])]
    )
    assert all(text in there for title, text, there in found if title in ("Order", "Charge"))
    assert sum(title == "Its row" and text.startswith("Matched, row ") for title, text, _ in found) == 3


def test_in_the_group_s_file_a_link_stays_in_its_account() -> None:
    sheets = book_of(TWO)
    accounts = [cell.value for cell in sheets["Breaks"][1]].index("Account")
    for row in sheets["Breaks"].iter_rows(min_row=2):
        for cell in row:
            if cell.hyperlink:
                tab, at = re.fullmatch(r"'(.+)'!A(\d+)", str(cell.hyperlink.location)).groups()  # type: ignore[union-attr]
                assert sheets[tab].cell(int(at), 1).value == row[accounts].value


def test_there_are_never_more_than_excel_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MOST", 4)
    assert len(followed(book_of(linked_report()))) == 4


OF_SHOP = {"shop": "https://shop.example/orders/{order_id}"}


def at_the_shop(report: Report, sources: dict[str, str], templates: Mapping[str, str] = OF_SHOP) -> Report:
    """The report where `sources` has the source of each order, and orders of those in `templates` have a link."""
    links = ShopLinks(
        templates,
        lambda orders: {
            (account, id_): sources[id_] for account, id_ in orders if account == "th" and id_ in sources
        },
    )
    return replace(report, basis=replace(report.basis, shop_links=links))


def targets(sheet: Worksheet) -> dict[str, str]:
    """By text of a cell, and by its place, where it leads out of the file."""
    return {
        f"{cell.coordinate} {cell.value}": str(cell.hyperlink.target)
        for row in sheet.iter_rows()
        for cell in row
        if cell.hyperlink and cell.hyperlink.target
    }


def test_order_ids_lead_to_the_shop_of_their_source_and_stay_text() -> None:
    report = at_the_shop(linked_report(), {"0000001": "shop", "0000002": "till", "0000003": "shop"})
    sheets = book_of(report)
    assert targets(sheets["Matched"]) == {
        "A2 0000001": "https://shop.example/orders/0000001",
        "A4 0000003": "https://shop.example/orders/0000003",
    }
    linked, plain = sheets["Matched"]["A2"], sheets["Matched"]["A3"]
    assert (linked.data_type, linked.style, plain.data_type, plain.style) == ("s", "link", "s", "text")
    assert {key.split()[1] for key in targets(sheets["Breaks"])} == {"0000001", "0000003"}
    inside = [(title, text) for title, text, _ in followed_inside(sheets)]
    assert sum(title == "Its row" for title, _ in inside) == 3, "the way to its row stays in the file"
    assert [text for title, text in inside if title == "Order"] == ["0000002"]


def followed_inside(sheets: dict[str, Worksheet]) -> list[tuple[str, str, list[Any]]]:
    for row in sheets["Breaks"].iter_rows(min_row=2):
        for cell in row:
            if cell.hyperlink and cell.hyperlink.target:
                cell.hyperlink = None
    return followed(sheets)


def test_the_shop_changes_no_cell_and_no_digest_and_the_bytes_are_the_same() -> None:
    plain = linked_report()
    report = at_the_shop(plain, {"0000001": "shop"})
    contents = []
    for written in (plain, report, report):
        file = BytesIO()
        write_report(written, file)
        contents.append(file.getvalue())
    assert report.digest == plain.digest
    assert contents[0] != contents[1] == contents[2]
    assert list(edits(contents[0], contents[1])) == []


def test_a_url_is_written_as_it_is_and_is_text_where_it_is_longer_than_excel_takes() -> None:
    templates = {
        "odd": 'https://shop.example/<&"{order_id}',
        "place": "https://shop.example/#/o/{order_id}?a&b",
        "long": f"https://shop.example/{'x' * 2_060}{{order_id}}",
    }
    sources = {"0000001": "odd", "0000002": "place", "0000003": "long"}
    sheet = book_of(at_the_shop(linked_report(), sources, templates))["Matched"]
    links = [(one.target, one.location) for one in (sheet["A2"].hyperlink, sheet["A3"].hyperlink)]
    assert links == [
        ('https://shop.example/<&"0000001', None),
        ("https://shop.example/", "/o/0000002?a&b"),
    ]
    assert (sheet["A4"].value, sheet["A4"].hyperlink) == ("0000003", None)


def test_the_group_s_file_leads_to_the_shop_by_account() -> None:
    ids = {id_ for part in TWO.parts for id_ in part.result.breaks[c.ORDER_ID].dropna()}
    group = replace(TWO, parts=tuple(at_the_shop(part, dict.fromkeys(ids, "shop")) for part in TWO.parts))
    sheet = book_of(group)["Breaks"]
    accounts, orders = ([cell.value for cell in sheet[1]].index(title) for title in ("Account", "Order"))
    rows = [(row[accounts].value, row[orders]) for row in sheet.iter_rows(min_row=2) if row[orders].value]
    to_shop = {(account, bool(order.hyperlink and order.hyperlink.target)) for account, order in rows}
    assert to_shop == {("th", True), ("jp", False)}


@pytest.mark.parametrize("bound", ["MOST", "MOST_TO_SHOP"])
def test_what_is_beyond_the_bound_of_links_is_text_and_the_sheet_says_so(
    bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop_links, bound, 2)
    sheet = book_of(at_the_shop(linked_report(), dict.fromkeys(("0000001", "0000002", "0000003"), "shop")))["Matched"]
    assert [key.split()[0] for key in targets(sheet)] == ["A2", "A3"]
    below = [sheet.cell(row, 1).value for row in range(5, sheet.max_row + 1)]
    assert below == [
        None,
        "Total",
        None,
        "Links to the shop",
        "Order",
        "A sheet with very many links opens slowly or loses them, so order ids are text: Matched from row 4 on.",
    ]
