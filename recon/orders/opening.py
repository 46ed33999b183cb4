"""What was known to be open at go-live, read from a CSV: every item, or every fault of the file."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from recon.columnar import pa
from recon.model.rulings import OpeningItem
from recon.money import Currencies
from recon.privacy import shown_cell
from recon.rulings.opening_items import KINDS, LocatedItem
from recon.tabular.amounts import amounts
from recon.tabular.dialect import UNCLOSED, UTF8_MARK, Dialect, delimiter_of, first_line, lines_of, wrong_width
from recon.tabular.faults import quoted

COLUMNS = ("account", "kind", "id", "amount", "currency", "note")

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")


class OpeningUnreadable(Exception):
    """A file of opening items with faults: `messages` has every one, with file, row and column."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__("; ".join(messages))
        self.messages = tuple(messages)


def read_opening(path: Path, accounts: Collection[str], currencies: Currencies, who: str) -> tuple[LocatedItem, ...]:
    """Every item of a file, in its order; amounts in it are major units. Raises OpeningUnreadable.

    UTF-8 with or without its mark; commas, semicolons or tabs; columns in any order, others beside them are left out.
    """
    lines = _lines(path)
    records = Dialect(delimiter_of(first_line(lines))).records(lines)
    filled = [(row, cells) for row, cells in records if cells is None or any(map(str.strip, cells))]
    if not filled:
        raise OpeningUnreadable([f"{path.name} is empty: it needs at least a header row ({', '.join(COLUMNS)})"])
    (row, header), *rest = filled
    place = _columns(path.name, row, header)
    reading = _Reading(path.name, set(accounts), currencies, who)
    for row, cells in rest:
        if cells is None or len(cells) != len(header or ()):
            reading.fault(row, "", UNCLOSED if cells is None else wrong_width(cells, len(header or ())))
        else:
            reading.add(row, {name: " ".join(cells[at].split()) for name, at in place.items()})
    return reading.items()


def _lines(path: Path) -> list[str]:
    try:
        content = path.read_bytes().removeprefix(UTF8_MARK)
        return list(lines_of(content.decode()))
    except OSError as error:
        raise OpeningUnreadable([f"{path.name} cannot be opened: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise OpeningUnreadable(
            [f"{path.name} row {row} is not UTF-8 text: save the file as CSV in UTF-8"]
        ) from error


def _columns(file: str, row: int, header: list[str] | None) -> dict[str, int]:
    """Where each of our columns stands."""
    if header is None:
        raise OpeningUnreadable([f"{file} row {row}: {UNCLOSED}"])
    names = [name.strip().lower() for name in header]
    wrong = [f'{file} row {row}: column "{name}" is there twice' for name in COLUMNS if names.count(name) > 1]
    wrong += [f'{file} row {row}: column "{name}" is missing' for name in COLUMNS if name not in names]
    if wrong:
        raise OpeningUnreadable(wrong)
    return {name: names.index(name) for name in COLUMNS}


class _Reading:
    """Rows on their way to items, with all that is wrong with them."""

    def __init__(self, file: str, accounts: set[str], currencies: Currencies, who: str) -> None:
        self._file = file
        self._accounts = accounts
        self._currencies = currencies
        self._who = who
        self._faults: list[str] = []
        self._placed: list[LocatedItem] = []
        self._rows: dict[tuple[str, str, str], int] = {}

    def items(self) -> tuple[LocatedItem, ...]:
        """All of them; raises OpeningUnreadable where anything was wrong."""
        if self._faults:
            raise OpeningUnreadable(self._faults)
        return tuple(self._placed)

    def fault(self, row: int, column: str, reason: str) -> None:
        """One thing that is wrong; no column where it is the row."""
        self._faults.append(f"{self._file} row {row}{f', column {column}' if column else ''}: {reason}")

    def add(self, row: int, cells: dict[str, str]) -> None:
        """One row: its cells by our columns, white space made plain."""
        before = len(self._faults)
        account = cells["account"]
        kind = cells["kind"].lower()
        id_ = cells["id"]
        if account not in self._accounts:
            self.fault(
                row, "account", f'account "{shown_cell(account)}" is not one of [accounts]' if account else "is empty"
            )
        if kind not in KINDS:
            self.fault(row, "kind", f'"{shown_cell(kind)}" is none of {", ".join(KINDS)}' if kind else "is empty")
        if not id_:
            self.fault(row, "id", "is empty")
        for name in ("id", "note"):
            if _UNSEEN.search(cells[name]):
                self.fault(row, name, "has a control character or an invisible one in it")
        currency = cells["currency"].upper()
        amount = self._amount(row, cells["amount"], currency)
        key = (account, kind, id_)
        if id_ and key in self._rows:
            self.fault(row, "id", f"{shown_cell(kind)} {shown_cell(id_)} stands in row {self._rows[key]} already")
        self._rows.setdefault(key, row)
        if len(self._faults) == before:
            item = OpeningItem(account, kind, id_, amount, currency, cells["note"], self._who)
            self._placed.append(LocatedItem(item, self._file, row))

    def _amount(self, row: int, text: str, currency: str) -> int:
        """Minor units; 0 where the amount or its currency is no good, which is a fault."""
        if not self._currencies.knows(currency):
            self.fault(row, "currency", f'currency "{shown_cell(currency)}" is not known' if currency else "is empty")
            return 0
        if not text:
            self.fault(row, "amount", "is empty")
            return 0
        values, refused = amounts(pa.array([text]), pa.array([currency]), "major", self._currencies)
        if refused:
            self.fault(row, "amount", quoted(refused[0], text))
        elif values[0] < 0:
            self.fault(row, "amount", f'amount "{text}" is negative: what is open is written without a sign')
        return int(values[0])
