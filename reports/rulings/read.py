"""Turns the rows of a filled-in desk sheet into asks, or into words why not."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from recon import columns as c
from recon.model.rulings import RulingKind, RulingRequest
from recon.tabular.xlsx_guard import Refused, open_package
from reports.rulings.sheet import (
    ANSWERS,
    CHOICES,
    COLUMNS,
    EXPORT,
    LINK_CHARGE,
    LINK_ORDER,
    MOST_ROWS,
    NAME,
    OWNER,
    REASON,
    RULING,
    TITLES,
    UNTIL,
    VERSION,
    Choice,
)
from reports.rulings.xlsx_cells import CellType, CellValue, Row, read_rows

LONGEST = 2_000  # characters of what people fill in
_NEEDED = (c.BREAK_ID, VERSION, EXPORT, *(column.name for column in ANSWERS))
_BY_WORD = {choice.word: choice for choice in CHOICES}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WHOLE = re.compile(r"\d{1,15}", re.ASCII)
_LAST_SERIAL = 2_958_465  # 9999-12-31 as Excel counts
Decision = tuple[str | None, bool]  # a break, and whether it is about whose it is, or about how it stands
_BUDDHIST = 543  # years; what Thai calendars say of 2026 is 2569


@dataclass(frozen=True, slots=True)
class DeskRow:
    """One row of the sheet: its number, its texts by column, and its ask, or why it is refused, or neither."""

    number: int
    texts: Mapping[str, str]
    ask: RulingRequest | None = None
    wrong: str = ""


class _Wrong(Exception):
    """What is wrong with a row, in words."""


def read_rulings(path: Path, who: str) -> list[DeskRow]:
    """The rows of a file's sheet "Rulings", each checked as far as the file alone can tell.

    Neither an ask nor a wrong: its ruling was left empty. Raises Refused where the file as a whole is not read,
    OSError where there is none.
    """
    with open_package(path) as package:
        rows = list(read_rows(package, NAME, MOST_ROWS))
        start = date(1904, 1, 1) if package.from_1904 else date(1899, 12, 30)
    if not rows:
        raise Refused(f'the sheet "{NAME}" is empty: import a file of `recon rulings export`')
    names = _header(rows[0])
    named_rows = ((number, _named(cells, names)) for number, cells in rows[1:])
    return _refuse_contradictions([_desk_row(number, cells, who, start) for number, cells in named_rows if cells])


def _header(row: Row) -> dict[int, str]:
    """The columns by where they stand; others than ours are left alone."""
    by_title = {_plain(title): name for name, title in TITLES.items()}
    names = {at: by_title[_plain(cell.text)] for at, cell in row[1].items() if _plain(cell.text) in by_title}
    missing = [TITLES[name] for name in _NEEDED if name not in names.values()]
    if missing:
        raise Refused(
            f'the first row of the sheet "{NAME}" lacks {", ".join(missing)}: import a file of `recon rulings export`'
        )
    twice = sorted({TITLES[name] for name in names.values() if list(names.values()).count(name) > 1})
    if twice:
        raise Refused(f'the sheet "{NAME}" has a column twice: {", ".join(twice)}')
    return names


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _named(cells: Mapping[int, CellValue], names: Mapping[int, str]) -> dict[str, CellValue]:
    return {names[at]: cell for at, cell in cells.items() if at in names and cell.text.strip()}


def _desk_row(number: int, cells: Mapping[str, CellValue], who: str, start: date) -> DeskRow:
    texts = {column.name: cells[column.name].text.strip() for column in COLUMNS if column.name in cells}
    filled = [column.name for column in ANSWERS if column.name in cells]
    if not filled:
        return DeskRow(number, texts)
    try:
        until = _day(cells[UNTIL], start) if UNTIL in cells else None
        texts |= {UNTIL: until.isoformat()} if until else {}
        choice = _choice(cells, filled)
        answers = {name: _text(name, cells[name]) for name in filled if name != UNTIL}
        ask = replace(_ask(choice, answers, cells, who), until=until)
    except _Wrong as error:
        return DeskRow(number, texts, wrong=str(error))
    return DeskRow(number, texts, replace(ask, key=_key(texts[EXPORT], ask)))


def _choice(cells: Mapping[str, CellValue], filled: list[str]) -> Choice:
    """The ruling that a row asks for, with all that it needs and nothing that it does not take."""
    if RULING not in cells:
        raise _Wrong(f"no ruling: choose one, or clear {_titles(filled)}")
    word = _plain(cells[RULING].text).replace("_", " ").replace("-", " ")
    choice = _BY_WORD.get(word)
    if choice is None:
        raise _Wrong(f'"{cells[RULING].text.strip()[:60]}" is no ruling: choose one of {", ".join(_BY_WORD)}')
    missing = [name for name in choice.needs if name not in cells]
    if missing:
        raise _Wrong(f"{choice.word} needs {_titles(missing)}")
    extra = [name for name in filled if name not in (RULING, REASON, *choice.needs)]
    if extra:
        raise _Wrong(f"{choice.word} takes no {_titles(extra)}: clear it, or choose another ruling")
    return choice


def _titles(names: Iterable[str]) -> str:
    return " and ".join(TITLES[name] for name in names)


def _ask(choice: Choice, answers: Mapping[str, str], cells: Mapping[str, CellValue], who: str) -> RulingRequest:
    if c.BREAK_ID not in cells:
        raise _Wrong("no break: its id is missing in this row")
    version = cells.get(VERSION)
    if version is None or not _WHOLE.fullmatch(version.text.strip()) or EXPORT not in cells:
        raise _Wrong("the hidden cells of this row (Version, Export) are not those of the export: export again")
    return RulingRequest(
        choice.kind,
        who,
        break_id=cells[c.BREAK_ID].text.strip(),
        reason=answers.get(REASON, ""),
        owner=answers.get(OWNER),
        order_id=answers.get(LINK_ORDER),
        charge_id=answers.get(LINK_CHARGE),
        version=int(version.text),
    )


def _text(name: str, cell: CellValue) -> str:
    """What a cell says; a name or an id in one line."""
    if cell.type is CellType.ERROR:
        raise _Wrong(f"{TITLES[name]} holds an error ({cell.text.strip()[:60]})")
    text = cell.text.strip() if name == REASON else " ".join(cell.text.split())
    if len(text) > LONGEST:
        raise _Wrong(f"{TITLES[name]} has {len(text):,} characters, more than {LONGEST:,}")
    if cell.type is CellType.NUMBER and name in (LINK_ORDER, LINK_CHARGE) and not _WHOLE.fullmatch(text):
        raise _Wrong(f"{TITLES[name]} became the number {text}: format the cell as text and write the id again")
    return text


def _day(cell: CellValue, start: date) -> date:
    """A date cell, or a text such as 2026-12-31."""
    text = cell.text.strip()
    try:
        if cell.type is CellType.NUMBER:
            days = int(Decimal(text))
            day = start + timedelta(days=days) if 0 < days <= _LAST_SERIAL else None
        elif cell.type is CellType.DAY:
            day = date.fromisoformat(text[:10])
        else:
            day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except (ArithmeticError, ValueError):
        day = None
    if day is None:
        raise _Wrong(f'Until is "{text[:60]}", not a date such as 2026-12-31')
    if day.year >= 2400:
        raise _Wrong(f"Until is in the year {day.year}: by the calendar of this file that is {day.year - _BUDDHIST}")
    return day


def _key(export: str, ask: RulingRequest) -> str:
    """The same for the same ruling on the same row of the same export, whoever imports it."""
    subject = (export, ask.break_id, ask.version)
    ruling = (ask.kind.value, ask.until, ask.owner, ask.reason, ask.order_id, ask.charge_id)
    return hashlib.sha256("\x1f".join(map(str, (*subject, *ruling))).encode()).hexdigest()


def _refuse_contradictions(rows: list[DeskRow]) -> list[DeskRow]:
    """Rows that decide differently about one break are all refused: which one is meant? Notes go beside anything."""
    numbers: dict[Decision, dict[str | None, int]] = {}  # by what is decided and the ask's key
    for row in rows:
        if row.ask and row.ask.kind is not RulingKind.NOTE:
            numbers.setdefault(_decision(row.ask), {}).setdefault(row.ask.key, row.number)
    return [_unless_contradicted(row, numbers) for row in rows]


def _decision(ask: RulingRequest) -> Decision:
    return ask.break_id, ask.kind is RulingKind.ASSIGN


def _unless_contradicted(row: DeskRow, numbers: Mapping[Decision, Mapping[str | None, int]]) -> DeskRow:
    if row.ask is None or row.ask.kind is RulingKind.NOTE:
        return row
    ask = row.ask
    others = [str(number) for key, number in numbers[_decision(ask)].items() if key != ask.key]
    if not others:
        return row
    words = f"row {' and '.join(others)} decides about this break too, and differently: keep one"
    return replace(row, ask=None, wrong=words)
