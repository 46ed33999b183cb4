"""Loads the books that a run's range concerns, and what earlier runs recorded of them.

Transfers, disputes, receipts, bank lines and readings are few and come whole; orders and charges as `near` finds
them; refunds and transactions with what they belong to; of the rest of the ledger each account's line.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import ColumnElement, Connection, select

from recon import columns as c
from recon.model import OPEN_DISPUTES, Books
from recon.settlement.fifo import NeededCredits, needed_credits
from recon.store import tables
from recon.store.engine import Store, reading_together, to_micros
from recon.store.related.ledger_history import credits_where, load_lines
from recon.store.related.range import Near, Nearby, all_near, by_id, changed, created
from recon.store.versions.frames import Query, fetch, fetch_all, ordered
from recon.store.versions.load import book_queries, matches, whole_books
from recon.store.versions.readings import load_readings

_TOGETHER = 2
_WHOLE = ("transfers", "disputes", "receipts", "rejected", "bank_lines")
_SOON = timedelta(days=3)  # after a charge its transaction is booked, nearly always
_REFUND, _MOVE = tables.OBJECTS["refund"], tables.OBJECTS["transaction"]
_PARTS = c.Frame("refund_names", tuple(one for one in c.REFUNDS.columns if one.name in (c.REFUND_ID, c.CHARGE_ID)))


def load_near(
    store: Store,
    as_of: datetime,
    near: Near,
    *,
    metadata_keys: Sequence[str] = ("order_id",),
    customer_keys: Sequence[str] = (),
) -> tuple[Books, pd.DataFrame]:
    """The books of a run's range, of current versions, and the recorded links (`columns.LINKS`) of what is in them.

    Where every order and charge stands near the range, they are the whole books.
    """
    queries = book_queries(store.dialect.name, as_of, None, metadata_keys, customer_keys)
    with reading_together(store, _TOGETHER) as connections:
        accounts = sorted({*near.what.accounts, *connections[0].execute(select(tables.ACCOUNT.c.name)).scalars()})
        if all_near(connections[0], near, accounts):
            return whole_books(connections, queries, as_of, None), matches(connections[0], accounts)
        whole = dict(zip(_WHOLE, fetch_all(connections, [queries[name] for name in _WHOLE]), strict=True))
        books = Books(
            as_of=as_of,
            orders=c.ORDERS.empty(),
            charges=c.CHARGES.empty(),
            refunds=c.REFUNDS.empty(),
            transactions=c.TRANSACTIONS.empty(),
            **whole,
            readings=load_readings(connections[0], None),
            histories=load_lines(connections, list(near.what.windows), to_micros(as_of), None),
        )
        return _Rest(connections, queries, near, accounts, books).load()


@dataclass(frozen=True)
class _Rest:
    """The parts of the books that are not loaded whole."""

    connections: Sequence[Connection]
    queries: Mapping[str, Query]
    near: Near
    accounts: Sequence[str]
    books: Books

    def load(self) -> tuple[Books, pd.DataFrame]:
        """The books with their orders, charges, refunds and transactions."""
        rows = [self._rows("refunds", self._own_refunds()), self._rows("transactions", self._own_moves())]
        refunds, moves = fetch_all(self.connections, rows)
        nearby = Nearby(self.connections, self.queries, self.near, self.accounts)
        nearby.begin(())
        named = [refunds[c.CHARGE_ID], self._disputed(), moves[c.ORIGIN][_is_of(moves[c.ORIGIN], "chrg_")]]
        nearby.gather(pd.concat(named, ignore_index=True))
        parts = self._refunds_of(nearby, moves)
        refunds = self._with(refunds, "refunds", by_id(self._one, _REFUND, c.REFUND_ID, parts))
        moves = self._with(moves, "transactions", self._moves_of(nearby.charges, refunds, moves) + self._unpaid())
        found = {"orders": nearby.orders, "charges": nearby.charges, "refunds": refunds, "transactions": moves}
        rest = {name: ordered(frame, self.queries[name].keys) for name, frame in found.items()}
        return replace(self.books, **rest), nearby.links  # type: ignore[arg-type]

    @property
    def _one(self) -> Connection:
        return self.connections[0]

    def _rows(self, name: str, either: Sequence[ColumnElement[bool]]) -> Query:
        query = self.queries[name]
        return Query(query.frame, query.table, query.statement, query.keys, either)

    def _with(self, frame: pd.DataFrame, name: str, either: Sequence[ColumnElement[bool]]) -> pd.DataFrame:
        """The frame and the rows that it lacks of these."""
        if not either:
            return frame
        key = self.queries[name].frame.names[1]
        more = fetch_all(self.connections, [self._rows(name, either)])[0]
        more = more[~c.is_in(more[key], frame[key])]
        return pd.concat([one for one in (frame, more) if len(one)] or [frame], ignore_index=True)

    def _own_refunds(self) -> list[ColumnElement[bool]]:
        """Made in the range, pending, changed, or judged whenever made."""
        pending = [(_REFUND.c[c.ACCOUNT] == one) & tables.IS_REFUND_PENDING for one in self.accounts]
        own = [created(_REFUND, account, self.near.core) for account in self.near.what.windows]
        ids = by_id(self._one, _REFUND, c.REFUND_ID, self.near.ids("refund"))
        return [*own, *pending, *changed(_REFUND, self.near.what), *ids]

    def _own_moves(self) -> list[ColumnElement[bool]]:
        """Booked in the range or soon after, changed, judged whenever made; what transfers name and took."""
        core = self.near.core
        span = replace(core, end=core.end + _SOON)
        named = [frame[c.TRANSACTION_ID].dropna() for frame in (self.books.transfers, self.books.receipts)]
        ids = {*self.near.ids("transaction"), *pd.concat(named)}
        return [
            *(created(_MOVE, account, span) for account in self.near.what.windows),
            *changed(_MOVE, self.near.what),
            *by_id(self._one, _MOVE, c.TRANSACTION_ID, ids),
            *by_id(self._one, _MOVE, c.ORIGIN, self.books.disputes[c.DISPUTE_ID]),
            *credits_where({name: self._wanted(name).paid for name in self.books.histories}),
        ]

    def _unpaid(self) -> list[ColumnElement[bool]]:
        """Credits that are not paid out yet, whenever made; what they come from is not asked for."""
        return credits_where({name: self._wanted(name).unpaid for name in self.books.histories})

    def _wanted(self, account: str) -> NeededCredits:
        held = self.books.readings[c.BEFORE][(self.books.readings[c.ACCOUNT] == account).to_numpy(dtype=bool)]
        before, window = int(held.iloc[0]) if len(held) else None, self.near.what.windows[account]
        return needed_credits(self.books.histories[account], self.books.transfers, window, before)

    def _disputed(self) -> "pd.Series[str]":
        """Charges of disputes that the range may ask about."""
        disputes, core = self.books.disputes, self.near.core
        made = disputes[c.CREATED_AT]
        wanted = ((made >= core.start) & (made < core.end)) | disputes[c.STATUS].isin(OPEN_DISPUTES)
        since = [known.recorded_at for known in self.near.what.known.values()]
        wanted |= (disputes[c.SEEN_AT] > min(since)) if since else False
        wanted |= disputes[c.DISPUTE_ID].isin(self.near.ids("dispute"))
        return disputes[c.CHARGE_ID][wanted]

    def _refunds_of(self, nearby: Nearby, moves: pd.DataFrame) -> Collection[str]:
        """Refunds of loaded charges, and those that loaded transactions come from; names of all are few enough."""
        query, table = self.queries["refunds"], _REFUND
        picked = [table.c[name] for name in _PARTS.names]
        statement = query.statement.with_only_columns(*picked)
        names = fetch(self._one, Query(_PARTS, table, statement, (c.REFUND_ID,)))
        mine = names[c.REFUND_ID][c.is_in(names[c.CHARGE_ID], nearby.charges[c.CHARGE_ID])]
        origins = moves[c.ORIGIN][_is_of(moves[c.ORIGIN], "rfnd_")]
        return {*mine, *origins}

    def _moves_of(
        self, charges: pd.DataFrame, refunds: pd.DataFrame, moves: pd.DataFrame
    ) -> list[ColumnElement[bool]]:
        """The transactions that charges and refunds name, and whatever else comes from refunds and voided charges."""
        named = pd.concat([charges[c.TRANSACTION_ID].dropna(), refunds[c.TRANSACTION_ID].dropna()], ignore_index=True)
        missing = named[~c.is_in(named, moves[c.TRANSACTION_ID])].drop_duplicates()
        voided = charges[c.CHARGE_ID][charges[c.VOIDED]]
        return [
            *by_id(self._one, _MOVE, c.TRANSACTION_ID, missing),
            *by_id(self._one, _MOVE, c.ORIGIN, [*refunds[c.REFUND_ID], *voided]),
        ]


def _is_of(origins: "pd.Series[str]", prefix: str) -> "pd.Series[bool]":
    return origins.str.startswith(prefix).fillna(False).astype(bool)
