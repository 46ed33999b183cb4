"""A table of text to orders: columns parsed whole, bad rows kept aside with their reason."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recon import columns as c
from recon.arrays import Ints, Mask
from recon.bounds import LONGEST_ID, LONGEST_TEXT
from recon.columnar import np, npt, pa, pc, pd
from recon.expressions import Expression
from recon.model import OrderStatus
from recon.money import Currencies
from recon.orders.source import CANCELLED_AT, OrderSource
from recon.privacy import MASKED, HashKey, hidden_id, is_harmless, mask, masked_payment, redact, shown_cell
from recon.tabular.amounts import amounts
from recon.tabular.faults import RowFaults, quoted
from recon.tabular.fields import Fields, cell_of, repeated
from recon.tabular.layout import folded
from recon.tabular.moments import moments
from recon.tabular.table import SourceUnreadable, Table, Torn, mapped, mask_of, places_where

_LONGEST_PLAIN = 64  # characters of an id of a row that could not be read
_PLAIN_ID = re.compile(r"(?=\D*\d)\S+|[A-Z_#-]+")  # names of people have blanks or small letters in them
_REFERENCE = re.compile(r"(?=\D*\d)[\w.:/#+-]{1,64}|chrg_(?:test_)?[a-z]{16,24}", re.ASCII)
_MAY_BE_PERSONAL = r"@|(?:^| )[2-6](?:[ -]?\d){12,18}(?: |$)"
_SHORTENED = r"^\d(?:\.\d+)?[eE]\+\d+$"
_AS_NUMBER = "is how a spreadsheet writes a long number, and its digits are lost: keep it as text in the file"
_REQUIRED = (c.ORDER_ID, c.AMOUNT, c.CURRENCY, c.STATUS, c.CREATED_AT)
# Control characters, and letters that have no width: an id with one of these never equals the id that it looks like.
_UNSEEN = r"[\x00-\x1f\x7f-\x{9f}\x{ad}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{2064}\x{feff}]"


@dataclass(frozen=True)
class ReadRows:
    """What one table held: `orders` shaped by ORDER, `rejected` as tuples in REJECTED's column order."""

    orders: pd.DataFrame
    rejected: tuple[tuple[Any, ...], ...]
    ignored: Counter[str]
    count: int


@dataclass(frozen=True)
class OrderContext:
    """What the configuration knows: accounts with their settlement currency, exponents, the key for customers."""

    accounts: Mapping[str, str]
    currencies: Currencies
    hash_key: HashKey | None


def rows_of(table: Table, source: OrderSource, context: OrderContext, lacking: Sequence[str] = ()) -> ReadRows:
    """The orders of a table; raises SourceUnreadable where a column that is needed is not there.

    `lacking` are columns of ours that other tables of the source have: what this one's rows mean cannot be guessed.
    """
    return _Reading(table, source, context).rows(lacking)


def texts_of(table: Table, source: OrderSource, context: OrderContext, field: str) -> list[str]:
    """A field's texts in the rows that count, as they stand: for who configures the source, never to be kept."""
    texts: list[str] = _Reading(table, source, context).texts(field).to_pylist()
    return texts


def wanted_fields(source: OrderSource) -> tuple[str, ...]:
    """Every field of ours that the source is read by."""
    names = dict.fromkeys((*_REQUIRED, c.ACCOUNT, *source.layout.columns, *source.layout.constants))
    return tuple(name for name in names if name != c.ACCOUNT or not (source.account or source.account_by))


def needed_fields(source: OrderSource) -> tuple[str, ...]:
    """The fields of ours without which no table of the source can be read."""
    optional = set(source.layout.constants)
    if source.account or source.account_by:
        optional.add(c.ACCOUNT)
    if source.account and not any(key.endswith(f" {c.CURRENCY}") for key in source.layout.configured):
        optional.add(c.CURRENCY)  # then it is the account's
    return tuple(name for name in (*_REQUIRED, c.ACCOUNT) if name not in optional)


class _Reading:
    """One table being read: the rows that count, by position, and what was found wrong with them."""

    def __init__(self, table: Table, source: OrderSource, context: OrderContext) -> None:
        self.table = table
        self.source = source
        self.context = context
        self.fields = Fields(table, source.layout, wanted_fields(source), needed_fields(source))
        self.faults = RowFaults()
        self.torn = tuple(self.fields.torn())
        filled = self.fields.filled()
        counted = filled & self.fields.kept()
        if source.first_rows:
            counted &= self._first(counted)
        counted &= ~self._ignored()
        self.kept: Ints = np.flatnonzero(counted)
        self.ignored_at: Ints = np.flatnonzero(filled & ~counted)
        self.count = int(filled.sum()) + len(table.torn)

    def rows(self, lacking: Sequence[str]) -> ReadRows:
        """Every column parsed, then good rows and bad rows apart."""
        for ours in lacking:
            theirs = self.source.layout.column(ours)
            reason = f"{self.table.name} has no column {theirs} (our {ours}), which other files of the source have"
            self.faults.add(range(len(self.kept)), self._name(ours), reason)
        order_id = self._hidden_ids(self._order_id())
        currency, accounts = self._currencies_and_accounts()
        amount = self._amount(c.AMOUNT, currency)
        refunded = self._amount(c.REFUNDED_AMOUNT, currency)
        status = self._status()
        texts = self._required(c.CREATED_AT)
        created, refused = moments(texts, self.source.zone, self.source.layout.dates)
        self._refuse(c.CREATED_AT, texts, refused)
        charge_id = _words(self._id(c.CHARGE_ID, required=False), charge_reference)
        self._long_texts()
        self._doubts()
        texts = self._id(c.REFERENCE, required=False)
        references = _words(texts, lambda text: references_kept(text, self.context.hash_key))
        count = len(self.kept)
        data = {
            c.ACCOUNT: accounts,
            c.ORDER_ID: order_id,
            c.SOURCE: repeated(self.source.name, count),
            c.STATUS: status,
            c.AMOUNT: pa.array(amount),
            c.CURRENCY: currency,
            c.CREATED_AT: pa.array(created).cast(pa.timestamp("us", "UTC")),
            c.REFUNDED_AMOUNT: pa.array(refunded),
            c.PAYMENT_METHOD: _or_null(_words(self.texts(c.PAYMENT_METHOD), payment_words)),
            c.CHARGE_ID: _or_null(charge_id),
            c.REFERENCE: _or_null(references),
            c.CUSTOMER: self._customer(),
            c.FILE: repeated(self.table.name, count),
            c.FILE_HASH: repeated(self.table.sha256, count),
            c.ROW: pa.array(self.table.rows[self.kept]),
        }
        bad = sorted(self.faults.by_row)
        good = np.delete(np.arange(count), bad)
        orders = pa.table(data)
        names = [c.ACCOUNT, c.AMOUNT, c.CURRENCY, c.CREATED_AT]
        return ReadRows(
            c.ORDER.check((orders.take(pa.array(good)) if bad else orders).to_pandas()),
            (
                *self._rejected(bad, orders.select(names).take(pa.array(bad, pa.int64())).to_pylist()),
                *self._torn_rows(),
            ),
            self._ignored_by_account(),
            self.count,
        )

    def _first(self, counted: Mask) -> Mask:
        """Rows that are the first with their order id among those that count; a row without an id is one."""
        at = np.flatnonzero(counted)
        ids = self.fields.texts(c.ORDER_ID, at)
        later = pd.Series(ids.dictionary_encode().indices.to_numpy()).duplicated().to_numpy()
        first = np.ones(len(counted), dtype=bool)
        first[at] = ~later | mask_of(pc.equal(ids, ""))
        return first

    def _ignored(self) -> Mask:
        """Rows that the configuration leaves out, by a column of ours or of the table."""
        every = np.arange(len(self.table.rows))
        ignored = np.zeros(len(every), dtype=bool)
        for name, values in self.source.ignore.items():
            place = self.fields.ignored_place(name)
            if place is not None:
                ignored |= _is_any_of(self.fields.column(place, every), values)
            elif name not in self.source.layout.columns:
                where = f"[orders.{self.source.name}.ignore]"
                raise SourceUnreadable(f'{self.table.name} has no column "{name}", which {where} names')
        return ignored

    def _ignored_by_account(self) -> Counter[str]:
        codes = pc.utf8_upper(self._currency_texts(self.ignored_at))
        accounts, _ = self._accounts(codes, self.ignored_at)
        ignored = Counter(account or "" for account in accounts.to_pylist())
        ignored[self.source.account or ""] += len(self.table.torn) - len(self.torn)
        return +ignored

    def _name(self, column: str) -> str:
        return self.fields.name(column)

    def texts(self, column: str, at: Ints | None = None) -> pa.Array:
        """A column's trimmed texts at the rows that count; empty texts where the table has no such column."""
        return self.fields.texts(column, self.kept if at is None else at)

    def _currency_texts(self, at: Ints) -> pa.Array:
        """The currency of each row: the account's where the table does not say any."""
        account = self.source.account
        if account is not None and not self.fields.has(c.CURRENCY):
            return repeated(self.context.accounts.get(account, ""), len(at))
        return self.texts(c.CURRENCY, at)

    def _required(self, column: str) -> pa.Array:
        texts = self._currency_texts(self.kept) if column == c.CURRENCY else self.texts(column)
        self.faults.add(places_where(pc.equal(texts, "")), self._name(column), f"{column} is empty")
        return texts

    def _refuse(self, column: str, texts: pa.Array, refused: Mapping[int, str]) -> None:
        """The parser's reasons made fit to show; an empty cell has its own."""
        values = ((at, reason, texts[at].as_py()) for at, reason in refused.items())
        self.faults.add_each({at: quoted(reason, value) for at, reason, value in values if value}, self._name(column))

    def _id(self, column: str, *, required: bool) -> pa.Array:
        texts = self._required(column) if required else self.texts(column)
        unseen = places_where(pc.match_substring_regex(texts, _UNSEEN))
        if unseen:
            self.faults.add(unseen, self._name(column), f"{column} has a control character or an invisible one in it")
        long = places_where(pc.greater(pc.utf8_length(texts), LONGEST_ID))
        if long:
            self.faults.add(long, self._name(column), f"{column} has more than {LONGEST_ID} characters")
        return texts

    def _order_id(self) -> pa.Array:
        """The ids as charges name them."""
        texts = self._id(c.ORDER_ID, required=True)
        shortened = places_where(pc.match_substring_regex(texts, _SHORTENED))
        self.faults.add_each(
            {at: f'order_id "{texts[at].as_py()}" {_AS_NUMBER}' for at in shortened}, self._name(c.ORDER_ID)
        )
        pattern = self.source.order_id_pattern
        if pattern is None:
            return texts
        ids = _words(texts, lambda text: _in_pattern(text, pattern))
        unlike = places_where(pc.and_(pc.is_null(ids), pc.not_equal(texts, "")))
        where = f'is not like order_id_pattern "{pattern.pattern}" of [{self.source.place}]'
        self.faults.add_each(
            {at: f'order_id "{shown_cell(texts[at].as_py())}" {where}' for at in unlike}, self._name(c.ORDER_ID)
        )
        return ids

    def _hidden_ids(self, ids: pa.Array) -> pa.Array:
        """Ids that are a card number or an e-mail address as keyed hashes; without a key nothing of them is kept."""
        suspects = places_where(pc.match_substring_regex(ids, _MAY_BE_PERSONAL))
        hidden = {at: hidden_id(ids[at].as_py(), self.context.hash_key) for at in suspects}
        changed = {at: id for at, id in hidden.items() if id != ids[at].as_py()}
        if not changed:
            return ids
        reason = f"{c.ORDER_ID} is a card number or an e-mail address, kept as a hash alone: set [privacy] hash_key"
        self.faults.add((at for at, id in changed.items() if id is None), self._name(c.ORDER_ID), reason)
        texts = ids.to_pylist()
        for at, id in changed.items():
            texts[at] = id or MASKED
        return pa.array(texts, pa.string())

    def _long_texts(self) -> None:
        """Of a cell that no order has nobody can say what it swallowed."""
        for column, index in ((name, place) for name in self.fields.ways for place in self.fields.places(name)):
            lengths = pc.binary_length(self.table.cells[index])
            if (pc.max(lengths).as_py() or 0) > LONGEST_TEXT:
                long = np.flatnonzero(mask_of(pc.greater(lengths, LONGEST_TEXT))[self.kept]).tolist()
                self.faults.add(long, self._name(column), f"{column} has more than {LONGEST_TEXT:,} bytes")

    def _currencies_and_accounts(self) -> tuple[pa.Array, pa.Array]:
        """Currency codes (null where not known) and accounts (null where not known)."""
        codes = pc.utf8_upper(self._required(c.CURRENCY))
        currencies = _words(codes, lambda code: code if self.context.currencies.knows(code) else None)
        name = self._name(c.CURRENCY)
        for at in places_where(pc.and_(pc.is_null(currencies), pc.not_equal(codes, ""))):
            self.faults.add((at,), name, f'currency "{shown_cell(codes[at].as_py())}" is not known')
        accounts, reasons = self._accounts(currencies, self.kept)
        self.faults.add_each(reasons, name if not self.fields.has(c.ACCOUNT) else self._name(c.ACCOUNT))
        return currencies, accounts

    def _accounts(self, codes: pa.Array, at: Ints) -> tuple[pa.Array, dict[int, str]]:
        """The account of each row, null where it is not known, and why not."""
        if self.source.account:
            return repeated(self.source.account, len(at)), {}
        if self.source.account_by:
            accounts = _words(codes, lambda code: _only(self._settling(code)))
            unknown = places_where(pc.and_(pc.is_null(accounts), pc.is_valid(codes)))
            return accounts, {row: self._not_settled_by_one(codes[row].as_py()) for row in unknown}
        names = self.texts(c.ACCOUNT, at)
        accounts = _words(names, lambda name: name if name in self.context.accounts else None)
        unknown_names = {row: names[row].as_py() for row in places_where(pc.is_null(accounts))}
        return accounts, {
            row: f'account "{shown_cell(name)}" is not one of [accounts]' if name else "account is empty"
            for row, name in unknown_names.items()
        }

    def _settling(self, code: str) -> list[str]:
        return sorted(name for name, currency in self.context.accounts.items() if currency == code)

    def _not_settled_by_one(self, code: str) -> str:
        names = self._settling(code)
        many = f"{len(names)} accounts settle in {code} ({', '.join(names)}): name the account in a column"
        return many if names else f"no account settles in {code}"

    def _amount(self, column: str, codes: pa.Array) -> npt.NDArray[np.int64]:
        """Minor units; an amount that is empty is 0, which only a refund may be."""
        if not self.fields.has(column):
            return np.zeros(len(codes), dtype=np.int64)
        texts = self._required(column) if column == c.AMOUNT else self.texts(column)
        word = "" if column == c.AMOUNT else "refunded "
        layout = self.source.layout
        numbers = self.fields.were_numbers(column, self.kept)
        values, refused = amounts(texts, codes, layout.amount_unit, self.context.currencies, layout.marks, numbers)
        self._refuse(column, texts, {at: word + reason for at, reason in refused.items()})
        negative = np.flatnonzero(values < 0).tolist()
        self._refuse(column, texts, {at: f'{word}amount "{texts[at].as_py()}" is negative' for at in negative})
        return values

    def _status(self) -> pa.Array:
        """Our status, whatever its word says cancelled where the shop says since when."""
        words = {folded(word): status for status, words in self.source.statuses.items() for word in words}
        texts = self._required(c.STATUS)
        statuses = _words(texts, lambda word: words.get(folded(word)))
        unknown = {at: texts[at].as_py() for at in places_where(pc.is_null(statuses))}
        where = f"is not in [orders.{self.source.name}.status]"
        self._refuse(c.STATUS, texts, {at: f'status "{word}" {where}' for at, word in unknown.items()})
        if not self.fields.has(CANCELLED_AT):
            return statuses
        is_cancelled = pc.not_equal(self.texts(CANCELLED_AT), "")
        return pc.if_else(is_cancelled, pa.scalar(OrderStatus.CANCELLED.value), statuses)

    def _customer(self) -> pa.Array:
        key = self.context.hash_key
        if key is None or not self.fields.has(c.CUSTOMER):
            return pa.nulls(len(self.kept), pa.string())
        return _words(self.texts(c.CUSTOMER), lambda value: key.hash(value) if value else None)

    def _doubts(self) -> None:
        read = (name for name in self.fields.ways if name != c.CUSTOMER)
        names = {place: name for name in read for place in self.fields.places(name)}
        doubts = [doubt for doubt in self.table.doubts if doubt.column in names]
        place = {int(at): position for position, at in enumerate(self.kept)} if doubts else {}
        for doubt in doubts:
            if doubt.at in place:
                name = names[doubt.column]
                self.faults.add((place[doubt.at],), self._name(name), f"{name} {doubt.reason}")

    def _rejected(self, bad: list[int], orders: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
        """The bad rows as REJECTED has them; `orders` is what was read of each."""
        customer = self.fields.places(c.CUSTOMER)
        at = self.kept[bad]
        shown = [column for index, column in enumerate(self.table.cells) if index not in customer]
        cells = zip(*(column.take(pa.array(at)).to_pylist() for column in shown), strict=True)
        named = {column: self.texts(column, at).to_pylist() for column in (c.ORDER_ID, c.CHARGE_ID)}
        ids = zip(*(map(self._id_or_none, texts) for texts in named.values()), strict=True)
        rows = zip(bad, orders, self.table.rows[at].tolist(), cells, ids, strict=True)
        for position, order, row, content, of_row in rows:
            column, reason = self.faults.row(position)
            place = (order[c.ACCOUNT], self.source.name, self.table.name, row, column, reason)
            faulty = {name for name, _ in self.faults.by_row[position]}
            unread = [c.AMOUNT, *([] if order[c.CURRENCY] else [c.CURRENCY])]
            amount = None if any(self._name(name) in faulty for name in unread) else order[c.AMOUNT]
            made = None if self._name(c.CREATED_AT) in faulty else order[c.CREATED_AT]
            yield *place, self._digest(content), *of_row, amount, order[c.CURRENCY], made

    def _torn_rows(self) -> Iterator[tuple[Any, ...]]:
        for torn in self.torn:
            digest = self._digest(self._without_customer(torn))
            place = (self.source.account, self.source.name, self.table.name, torn.row)
            ids = (self._id_or_none(self._torn_cell(torn, column)) for column in (c.ORDER_ID, c.CHARGE_ID))
            yield *place, None, torn.reason, digest, *ids, None, None, None

    def _torn_cell(self, torn: Torn, column: str) -> str:
        return " ".join(cell_of(torn, place) for place in self.fields.places(column))

    def _without_customer(self, torn: Torn) -> list[str]:
        """The cells of a torn row less those where the customer may stand, addresses masked."""
        places = self.fields.places(c.CUSTOMER)
        moved = len(torn.cells) - len(self.table.header)
        hidden = {*places, *(place + moved for place in places)}
        return [redact(cell) for at, cell in enumerate(torn.cells) if at not in hidden]

    def _digest(self, cells: Sequence[str]) -> str:
        return hashlib.sha256("\x1f".join((self.source.name, *cells)).encode()).hexdigest()[:32]

    def _id_or_none(self, text: str) -> str | None:
        """An id of a row that could not be read, where anything may stand: no person's name, card or address."""
        if not 0 < len(text) <= _LONGEST_PLAIN or not text.isprintable() or not _PLAIN_ID.fullmatch(text):
            return None
        id = hidden_id(text, self.context.hash_key)
        return id if id is None or redact(id) == id else None


def charge_reference(text: str) -> str:
    """What an order names as its charge, as it is kept: an id, else masked."""
    return text if not text or (_REFERENCE.fullmatch(text) and mask(text) == text) else MASKED


def references_kept(text: str, hash_key: HashKey | None) -> str:
    """By what else charges may name an order, each as an id is kept; one that may not be kept is left out."""
    hidden = (hidden_id(reference, hash_key) for reference in text.split(c.REFERENCES))
    return c.REFERENCES.join(filter(None, hidden))


def payment_words(text: str) -> str:
    """How an order says that it was paid, as it is kept and a person may read it: codes and known words."""
    masked = text if is_harmless(text) else masked_payment(text)
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in masked)


def _in_pattern(text: str, pattern: Expression) -> str | None:
    hit = pattern.fullmatch(text) if len(text) <= LONGEST_ID else None
    return hit.group(1) or None if hit else None


def _is_any_of(texts: pa.Array, words: Sequence[str]) -> Mask:
    """Which texts are one of some words, whatever their case, width and blanks."""
    wanted = set(map(folded, words))
    return mask_of(mapped(texts, lambda text: folded(text) in wanted, pa.bool_()))


def _or_null(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _only(names: list[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def _words(texts: pa.Array, of: Callable[[str], str | None]) -> pa.Array:
    return mapped(texts, of, pa.string())
