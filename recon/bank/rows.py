"""A table of text to lines of a statement: columns parsed whole, rows that cannot be read aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from recon import columns as c
from recon.arrays import Ints, Mask
from recon.bank.continuations import continued, with_more
from recon.bank.source import BankSource, Line, Parsed, Rejected, Statement, Unread
from recon.bank.texts import shown, tidy
from recon.columnar import np, pa, pc
from recon.model.transfer_names import named_in
from recon.money import Currencies
from recon.tabular.amounts import amounts
from recon.tabular.faults import quoted
from recon.tabular.fields import Fields, repeated
from recon.tabular.layout import folded
from recon.tabular.moments import days
from recon.tabular.recognition.proposals import note_words
from recon.tabular.table import Table, Torn, mapped, mask_of, places_where

DATE = "date"
DEBIT = "debit"
CREDIT = "credit"
_DIRECTION = "direction"
_NOTHING = r"^[-\x{2010}-\x{2015}\x{2212}]*$"  # a side that has no amount


def needed_fields(source: BankSource) -> tuple[str, ...]:
    """The fields of ours without which no table of the source can be read."""
    sides = (DEBIT, CREDIT) if DEBIT in source.layout.columns else (c.AMOUNT,)
    direction = (_DIRECTION,) if source.layout.direction else ()
    needed = (DATE, *sides, *direction, c.DESCRIPTION)
    return tuple(name for name in needed if name not in source.layout.constants)


def parsed(table: Table, source: BankSource, currencies: Currencies) -> Parsed:
    """The lines of a table as one statement without balances; raises SourceUnreadable for missing columns."""
    return _Reading(table, source, currencies).statement()


def texts_of(table: Table, source: BankSource, currencies: Currencies, field: str) -> list[str]:
    """A field's texts in the rows that count, as they stand: for who configures the source, never to be kept."""
    texts: list[str] = _Reading(table, source, currencies).texts(field).to_pylist()
    return texts


class _Fault(NamedTuple):
    """Why a row cannot be read, and the file's column."""

    reason: str
    column: str


class _Reading:
    """One table being read: the rows that count, by position, and the first thing that is wrong with each."""

    def __init__(self, table: Table, source: BankSource, currencies: Currencies) -> None:
        self.table = table
        self.source = source
        self.currencies = currencies
        layout = source.layout
        columns = dict(layout.columns)
        if layout.direction:
            columns[_DIRECTION] = layout.direction.column
        needed = needed_fields(source)
        self.sides = [side for side in needed if side in (c.AMOUNT, DEBIT, CREDIT)]
        self.fields = Fields(table, replace(layout, columns=columns), (*needed, c.CURRENCY, c.REFERENCE), needed)
        filled = self.fields.filled()
        self.more: dict[int, str] = {}
        self.at: Ints = np.flatnonzero(filled & self.fields.kept())
        notes = self._notes()
        torn = tuple(self.fields.torn())
        places = self.fields.places(c.DESCRIPTION)
        self.more, rows = continued(table, places, self.at[~notes], self.at[notes], filled, torn)
        self.at = self.at[~notes]
        self.torn = tuple(row for row in torn if row.row not in rows and (row.is_open or _says_a_number(row)))
        self.ignored = int(filled.sum()) - len(self.at) + len(table.torn) - len(self.torn) - len(rows)
        self.faults: dict[int, _Fault] = {}

    def statement(self) -> Parsed:
        """Every line, and every row that is none."""
        dates = self.texts(DATE)
        booked, refused = days(dates, self.source.zone, self.source.layout.dates)
        self._refuse(DATE, dates, refused)
        codes = self._currencies()
        amount, has_amount = self._amounts(codes)
        texts = {name: self.texts(name) for name in (c.DESCRIPTION, c.REFERENCE)}
        tidied = {name: mapped(cells, tidy, pa.string()).to_pylist() for name, cells in texts.items()}
        rows = self.table.rows[self.at].tolist()
        values = zip(
            rows,
            booked.to_pylist(),
            amount.tolist(),
            codes.to_pylist(),
            tidied[c.DESCRIPTION],
            tidied[c.REFERENCE],
            strict=True,
        )
        faults = self.faults
        lines = tuple(Line(*line) for position, line in enumerate(values) if position not in faults)
        rejected = []
        for position in sorted(faults):
            raw = " ".join(texts[name][position].as_py() for name in texts)
            day = booked[position].as_py()
            unread = Unread(
                day,
                day,
                raw,
                int(amount[position]) if has_amount[position] else None,
                codes[position].as_py(),
                named_in(raw),
            )
            content = tuple(cells[int(self.at[position])].as_py() for cells in self.table.cells)
            fault = faults[position]
            rejected.append(Rejected(rows[position], fault.reason, content, fault.column, unread))
        rejected += [self._torn(torn) for torn in self.torn]
        rejected.sort(key=lambda aside: aside.row)
        read_days = (line.booked_on for line in lines)
        file_days = sorted({*read_days, *(aside.unread.first for aside in rejected if aside.unread.first)})
        statement = Statement(lines, encoding=self.table.encoding, ignored=self.ignored)
        open_rows = {torn.row for torn in self.torn if torn.is_open}
        return (statement,), tuple(_in_its_days(aside, file_days, aside.row in open_rows) for aside in rejected)

    def texts(self, field: str) -> pa.Array:
        """A field's texts at the rows that count."""
        texts = self.fields.texts(field, self.at)
        if field != c.DESCRIPTION or not self.more:
            return texts
        return pa.array(with_more(texts.to_pylist(), self.at, self.more), pa.string())

    def _notes(self) -> Mask:
        """Rows that move no money: titles, notes, page breaks, balances carried over, totals.

        Without a day and without any amount, or called a balance and without an amount, or a total and without a day.
        """
        words = note_words("recon.bank")
        dates = self.texts(DATE)
        is_total = pc.is_in(pc.utf8_lower(dates), pa.array(words["totals"]))
        undated = mask_of(pc.or_(pc.equal(dates, ""), is_total))
        unmoved = np.ones(len(dates), dtype=bool)
        for side in self.sides:
            unmoved &= mask_of(pc.match_substring_regex(self.texts(side), _NOTHING))
        notes = (undated & unmoved) | mask_of(is_total)
        for candidates, name in ((unmoved, "balances"), (undated, "totals")):
            at = np.flatnonzero(candidates)
            texts = pc.utf8_lower(self.fields.texts(c.DESCRIPTION, self.at[at]))
            notes[at] |= mask_of(pc.is_in(texts, pa.array(words[name])))
        return notes

    def _refuse(self, field: str, texts: pa.Array, refused: Mapping[int, str]) -> None:
        """The first reason of a row counts; what it quotes is made fit to show."""
        name = self.fields.name(field)
        for position, reason in refused.items():
            self.faults.setdefault(position, _Fault(quoted(reason, texts[position].as_py(), shown), name))

    def _currencies(self) -> pa.Array:
        """The code of each row; the account's where no column says it, or where it is not known, which is a fault."""
        own = self.source.currency
        if not self.fields.has(c.CURRENCY):
            return repeated(own, len(self.at))
        texts = pc.utf8_upper(self.texts(c.CURRENCY))
        codes = mapped(texts, lambda code: code if self.currencies.knows(code) else None, pa.string())
        unknown = {at: texts[at].as_py() for at in places_where(pc.is_null(codes))}
        reasons = {
            at: f'currency "{code}" is not known' if code else "currency is empty" for at, code in unknown.items()
        }
        self._refuse(c.CURRENCY, texts, reasons)
        return pc.fill_null(codes, own)

    def _amounts(self, codes: pa.Array) -> tuple[Ints, Mask]:
        """Minor units, a debit negative, and which rows have one that can be read."""
        if DEBIT in self.sides:
            return self._two_sides(codes)
        texts = self.texts(c.AMOUNT)
        values, readable = self._side(c.AMOUNT, texts, codes)
        self._refuse(c.AMOUNT, texts, dict.fromkeys(places_where(pc.equal(texts, "")), "amount is empty"))
        return self._directed(values, readable) if self.source.layout.direction else (values, readable)

    def _side(self, field: str, texts: pa.Array, codes: pa.Array) -> tuple[Ints, Mask]:
        layout = self.source.layout
        numbers = self.fields.were_numbers(field, self.at)
        values, refused = amounts(texts, codes, layout.amount_unit, self.currencies, layout.marks, numbers)
        self._refuse(field, texts, refused)
        readable = mask_of(pc.not_equal(texts, "")).copy()
        readable[list(refused)] = False
        return values, readable

    def _two_sides(self, codes: pa.Array) -> tuple[Ints, Mask]:
        """One of the two has the amount: a debit with or without its sign, a credit without."""
        texts = {side: pc.replace_substring_regex(self.texts(side), _NOTHING, "") for side in (DEBIT, CREDIT)}
        debit, has_debit = self._side(DEBIT, texts[DEBIT], codes)
        credit, has_credit = self._side(CREDIT, texts[CREDIT], codes)
        is_line = np.ones(len(debit), dtype=bool)
        is_line[list(self.faults)] = False  # as a total of the file, which may be written otherwise
        odd = {CREDIT: credit < 0, DEBIT: (debit < 0) & (debit[is_line] > 0).any()}
        for side, negative in odd.items():
            words = (
                f"{side} is negative, and others of its column are not" if side == DEBIT else f"{side} is negative"
            )
            self._refuse(side, texts[side], dict.fromkeys(np.flatnonzero(negative).tolist(), words))
        both = (debit != 0) & (credit != 0)
        self._refuse(DEBIT, texts[DEBIT], dict.fromkeys(np.flatnonzero(both).tolist(), "has a debit and a credit"))
        is_empty = {side: pc.equal(cells, "") for side, cells in texts.items()}
        empty = places_where(pc.and_(is_empty[DEBIT], is_empty[CREDIT]))
        self._refuse(DEBIT, texts[DEBIT], dict.fromkeys(empty, "debit and credit are empty"))
        readable = (has_debit | has_credit) & ~both & ~odd[CREDIT] & ~odd[DEBIT]
        broken = ~(has_debit | mask_of(is_empty[DEBIT])) | ~(has_credit | mask_of(is_empty[CREDIT]))
        return credit - np.abs(debit), readable & ~broken

    def _directed(self, values: Ints, readable: Mask) -> tuple[Ints, Mask]:
        """An amount without a sign, out or in by the word of another column."""
        direction = self.source.layout.direction
        assert direction is not None
        words = {folded(word): -1 for word in direction.debit} | {folded(word): 1 for word in direction.credit}
        texts = self.texts(_DIRECTION)
        signs = mapped(texts, lambda word: words.get(folded(word), 0), pa.int64()).to_numpy(zero_copy_only=False)
        unknown = np.flatnonzero(signs == 0).tolist()
        place = f"[{self.source.place}.direction]"
        self._refuse(_DIRECTION, texts, {at: f'"{texts[at].as_py()}" is no word of {place}' for at in unknown})
        signed = np.flatnonzero(values < 0).tolist()
        self._refuse(c.AMOUNT, self.texts(c.AMOUNT), dict.fromkeys(signed, "amount has a sign besides its direction"))
        return values * signs, readable & (signs != 0) & (values >= 0)

    def _torn(self, torn: Torn) -> Rejected:
        if torn.is_open:
            return Rejected(torn.row, torn.reason, torn.cells)
        whole = len(torn.cells) >= len(self.table.header)  # a short row may be cut before its text
        unread = Unread(texts=" ".join(torn.cells) if whole else None, names=named_in(*torn.cells))
        return Rejected(torn.row, torn.reason, torn.cells, unread=unread)


def _says_a_number(torn: Torn) -> bool:
    """A row without any digit has neither a day nor an amount: a note that happens to have a comma."""
    return any(letter.isdigit() for cell in torn.cells for letter in cell)


def _in_its_days(rejected: Rejected, file_days: Sequence[str], is_open: bool) -> Rejected:
    """A row that may be of any day of its file; where a row does not end, nobody knows what else it swallowed."""
    if not file_days:
        return rejected
    last = None if is_open else file_days[-1]
    return replace(rejected, unread=replace(rejected.unread, first=file_days[0], last=last))
