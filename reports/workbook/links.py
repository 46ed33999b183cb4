"""Leads from a break to its rows on the other sheets of the same file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any

from recon import columns as c
from recon.columnar import pd
from reports.codes import ID_COLUMNS
from reports.sheet import HEADER_ROWS, PlacedSheet, column_letter
from reports.sheets.bank import SHEET as BANK
from reports.sheets.breaks import ITS_ROW
from reports.sheets.breaks import SHEET as BREAKS
from reports.sheets.disputes import SHEET as DISPUTES
from reports.sheets.matched import SHEET as MATCHED
from reports.sheets.pending import SHEET as PENDING
from reports.sheets.refunds import SHEET as REFUNDS
from reports.sheets.rejected import SHEET as REJECTED
from reports.sheets.settlement import SHEET as SETTLEMENT

MOST = 65_000  # on one sheet: Excel drops all links of a sheet that has more than 65,530
Place = tuple[str, int]  # a tab and a row in it
Link = tuple[str, str]  # a cell of the Breaks sheet, and where it leads: 'Pending'!A17
_Key = tuple[str, str]  # account ("" in an account's own file) and id

# Where an id of a break may stand: sheet and column, the best place first.
_NAMED = {
    c.REFUND_ID: ((REFUNDS.name, c.REFUND_ID),),
    c.DISPUTE_ID: ((DISPUTES.name, c.DISPUTE_ID),),
    c.TRANSFER_ID: ((SETTLEMENT.name, c.TRANSFER_ID), (BANK.name, c.TRANSFER_ID)),
    c.CHARGE_ID: tuple((sheet.name, c.CHARGE_ID) for sheet in (PENDING, REFUNDS, DISPUTES, MATCHED, SETTLEMENT)),
    c.ORDER_ID: tuple((sheet.name, c.ORDER_ID) for sheet in (PENDING, REFUNDS, DISPUTES, MATCHED)),
}
# Where a break's subject stands, by its type; the other types are named by an id of their own.
_SUBJECTS = {"bank_line": (BANK.name, c.LINE_ID), "row": (REJECTED.name, c.DIGEST)}


def with_links(placed: Mapping[str, PlacedSheet]) -> tuple[dict[str, PlacedSheet], dict[str, list[Link]]]:
    """The sheets, each break with the place of its subject in words; and the links of the Breaks sheet, by tab.

    A tab has at most MOST links, in the order of its cells.
    """
    breaks = placed[BREAKS.name]
    if breaks.frame.empty:
        return dict(placed), {}
    places = {name: _places(placed, sources, name) for name, sources in _NAMED.items()}
    subject_places = _subject_places(placed, places)
    words = [f"{place[0]}, row {place[1]}" if place else None for place in subject_places]
    frame = breaks.frame.assign(**{ITS_ROW: pd.Series(words, index=breaks.frame.index, dtype=c.TEXT)})
    breaks = replace(breaks, frame=frame)
    return {**placed, BREAKS.name: breaks}, _links(breaks, {**places, ITS_ROW: subject_places})


def _links(breaks: PlacedSheet, places: Mapping[str, Sequence[Place | None]]) -> dict[str, list[Link]]:
    shown = [
        (column_letter(at), places[column.name])
        for at, column in enumerate(breaks.sheet.columns)
        if column.name in places
    ]
    links: dict[str, list[Link]] = {}
    for tab in breaks.tabs:
        links_of_tab = links.setdefault(tab.title, [])
        for row, index in enumerate(range(tab.start, tab.stop), start=HEADER_ROWS + 1):
            for column, column_places in shown:
                place = column_places[index]
                if place and len(links_of_tab) < MOST:
                    links_of_tab.append((f"{column}{row}", f"'{place[0]}'!A{place[1]}"))
    return links


def _subject_places(
    placed: Mapping[str, PlacedSheet], places: Mapping[str, Sequence[Place | None]]
) -> list[Place | None]:
    """Where each break's subject stands, else one of the things that it names."""
    by_type = {kind: _places(placed, (source,), c.SUBJECT_ID) for kind, source in _SUBJECTS.items()}
    by_type |= {kind: places[id_column] for kind, id_column in ID_COLUMNS.items()}
    return [
        next(
            (column[index] for column in (by_type.get(kind, ()), *places.values()) if column and column[index]), None
        )
        for index, kind in enumerate(placed[BREAKS.name].frame[c.SUBJECT_TYPE])
    ]


def _places(
    placed: Mapping[str, PlacedSheet], sources: Iterable[tuple[str, str]], name: str
) -> Sequence[Place | None]:
    """Of each break the first place, by sheet and column, of what its column `name` holds."""
    breaks = placed[BREAKS.name]
    wanted = breaks.frame[name].dropna().unique()
    by_account = breaks.sheet.columns[0].name == c.ACCOUNT  # of all accounts: shops may number alike
    places: dict[_Key, Place] = {}
    for sheet, column in sources:
        if sheet in placed:
            for key, place in _rows(placed[sheet], column, wanted, by_account):
                places.setdefault(key, place)
    return [places.get(key) for key in _keys(breaks.frame, name, by_account)]


def _rows(placed: PlacedSheet, column: str, wanted: Any, by_account: bool) -> Iterator[tuple[_Key, Place]]:
    frame = placed.frame
    if frame.empty or not len(wanted):
        return
    rows = c.is_in(frame[column], wanted).nonzero()[0]
    for index, key in zip(rows.tolist(), _keys(frame, column, by_account, rows), strict=True):
        yield key, placed.where(index)


def _keys(frame: pd.DataFrame, name: str, by_account: bool, rows: Any = slice(None)) -> Iterator[_Key]:
    accounts = _words(frame[c.ACCOUNT].array[rows]) if by_account else repeat("")
    return zip(accounts, _words(frame[name].array[rows]), strict=False)


def _words(cells: Any) -> list[str]:
    """Texts; null is empty."""
    return [word or "" for word in c.plain(cells)]
