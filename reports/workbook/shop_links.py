"""Leads from order ids on any sheet to their shop, where the source of an order says where that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from recon import columns as c
from recon.columnar import np, pd
from reports.report import Report
from reports.sheet import AT_SHOP, AnyReport, Column, Kind, PlacedSheet, Tab, Table, column_letter
from reports.shop_links import OrderKey, ShopLinks
from reports.workbook.links import MOST, Link

MOST_TO_SHOP = 10_000  # on one sheet: LibreOffice takes four seconds longer to open it, and minutes with 65,000
_LONGEST = 2_079  # characters: Excel repairs a file that has a longer URL
_BATCH = 10_000  # orders whose sources are looked up at once
LinksByTab = dict[str, list[Link]]


def with_shop_links(
    placed: dict[str, PlacedSheet], links: LinksByTab, report: AnyReport
) -> tuple[dict[str, PlacedSheet], LinksByTab, LinksByTab]:
    """The sheets, the links inside of the file, and those to the shop (cell and URL), by tab.

    A link to the shop takes the place of one inside of the file on the same cell. A tab has at most
    MOST_TO_SHOP of them, and MOST links in all; a sheet with more says from which row on its order ids
    are text.
    """
    shop_links = report.basis.shop_links
    if not shop_links.templates:
        return placed, links, {}
    account = report.name if isinstance(report, Report) else ""
    sheets = dict(placed)
    inside = dict(links)
    to_shop: LinksByTab = {}
    for name, sheet in placed.items():
        column = next((at for at, shown in enumerate(sheet.sheet.columns) if shown.name == c.ORDER_ID), None)
        if column is None:
            continue
        letter = column_letter(column)
        leading = np.zeros(len(sheet.frame), dtype=bool)
        cuts: list[str] = []
        for tab in sheet.tabs:
            kept = dict(inside.get(tab.title, ()))
            shop: list[Link] = []
            for index, url in _urls(sheet, tab, account, shop_links):
                cell = f"{letter}{sheet.where(index)[1]}"
                if len(shop) == MOST_TO_SHOP or (cell not in kept and len(kept) + len(shop) >= MOST):
                    cuts.append(f"{tab.title} from row {sheet.where(index)[1]} on")
                    break
                kept.pop(cell, None)
                shop.append((cell, url))
                leading[index] = True
            inside[tab.title] = list(kept.items())
            to_shop[tab.title] = shop
        if leading.any():
            sheets[name] = _leading(sheet, leading, cuts)
    return sheets, inside, to_shop


def _urls(sheet: PlacedSheet, tab: Tab, account: str, shop_links: ShopLinks) -> Iterator[tuple[int, str]]:
    """Rows of the frame on a tab whose order has a place in the shop, with its URL, from the top."""
    for start in range(tab.start, tab.stop, _BATCH):
        rows = sheet.frame.iloc[start : min(tab.stop, start + _BATCH)]
        orders = _orders(rows, account)
        urls = shop_links.of_orders({order for order in orders if all(order)})
        for index, order in enumerate(orders, start=start):
            url = urls.get(order, "")
            if url and len(url) <= _LONGEST:
                yield index, url


def _orders(rows: pd.DataFrame, account: str) -> list[OrderKey]:
    """The account and order of each row; empty where it has none. Frames of one account need not name it."""
    if c.ACCOUNT not in rows.columns:
        return [(account, order_id or "") for (order_id,) in c.plain_rows(rows, (c.ORDER_ID,))]
    return [(own or "", order_id or "") for own, order_id in c.plain_rows(rows, (c.ACCOUNT, c.ORDER_ID))]


def _leading(sheet: PlacedSheet, leading: np.typing.NDArray[np.bool_], cuts: Sequence[str]) -> PlacedSheet:
    """The sheet with its order ids shown as links where they are, and with words where Excel takes no more."""
    columns = tuple(
        replace(column, kind=Kind.SHOP) if column.name == c.ORDER_ID else column for column in sheet.sheet.columns
    )
    shown = replace(
        sheet, sheet=replace(sheet.sheet, columns=columns), frame=sheet.frame.assign(**{AT_SHOP: leading})
    )
    if not cuts:
        return shown
    order = next(column for column in columns if column.name == c.ORDER_ID)
    words = f"A sheet with very many links opens slowly or loses them, so order ids are text: {', '.join(cuts)}."
    no_rows = pd.DataFrame({order.name: pd.Series([], dtype=c.TEXT)})
    table = Table("Links to the shop", (Column(order.title, order.name, Kind.TEXT, order.width),), no_rows, words)
    return replace(shown, below=(*shown.below, table))
