"""Loads the books that a run's range concerns, and what earlier runs recorded of them.

Transfers, disputes, receipts, bank lines and readings are few and come whole; orders and charges as
`orders_and_charges` gathers them; refunds and transactions with what they belong to; of the rest of the ledger each
account's history.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, func, select

from recon import columns as c
from recon.calendars import months_to_date
from recon.columnar import pd
from recon.model import OPEN_DISPUTES, Books, ChargeStatus, Window
from recon.settlement.fifo import NeededCredits, needed_credits
from recon.settlement.ledger import UNKNOWN, unknown_kind
from recon.settlement.ledger import kinds as origins_of
from recon.settlement.receipts import day_window, issued_on
from recon.store import bulk, tables
from recon.store.engine import Store, reading, reading_together, to_micros
from recon.store.related import charge_names, ledger_days
from recon.store.related.ledger_days import load_days, transfer_moments
from recon.store.related.ledger_history import credits_where, load_lines
from recon.store.related.orders_and_charges import LoadScope, OrdersAndCharges, changed, created
from recon.store.versions.frames import Query, fetch, fetch_all, ordered
from recon.store.versions.load import (
    ORDER_ID_ALONE,
    TOGETHER,
    MetadataKeys,
    book_queries,
    matches,
    outside_of,
    whole_books,
)
from recon.store.versions.readings import load_readings
from recon.triage.scope import receipts_of_days

_WHOLE = ("transfers", "disputes", "receipts", "rejected", "unread", "kept_aside", "bank_lines")
_SOON = timedelta(days=3)  # after a charge its transaction is booked, nearly always
_CHARGE = tables.OBJECTS["charge"]
_REFUND = tables.OBJECTS["refund"]
_TRANSACTION = tables.OBJECTS["transaction"]
_REFUND_NAMES = c.Frame(
    "refund_names", tuple(column for column in c.REFUNDS.columns if column.name in (c.REFUND_ID, c.CHARGE_ID))
)


def load_related(
    store: Store, as_of: datetime, scope: LoadScope, *, keys: MetadataKeys = ORDER_ID_ALONE
) -> tuple[Books, pd.DataFrame]:
    """The books of a run's range, of current versions, and the recorded links (`columns.LINKS`) of what is in them.

    Where every order and charge stands near the range, they are the whole books. Charges that were stored by other
    rules are indexed first.
    """
    queries = book_queries(store.dialect.name, as_of, None, keys)
    with reading(store) as connection:
        stored = connection.execute(select(tables.ACCOUNT.c.name)).scalars()
        accounts = sorted({*scope.target.accounts, *stored})
        is_whole = scope.covers_everything(connection, accounts)
    charge_names.bring_up_to_date(store, accounts, scope.rules)
    moment = to_micros(as_of)
    if not is_whole:
        ledger_days.bring_up_to_date(store, accounts, moment)
    with reading_together(store, TOGETHER) as connections:
        if scope.covers_everything(connections[0], accounts):
            return whole_books(connections, queries, as_of, None), matches(connections[0], accounts)
        moments = transfer_moments(connections[0], accounts)
        days = {account: load_days(connections[0], account, moment, moments) for account in accounts}
        readings = load_readings(connections[0], None, days)
        whole = dict(zip(_WHOLE, fetch_all(connections, [queries[name] for name in _WHOLE]), strict=True))
        books = Books(
            as_of=as_of,
            orders=c.ORDERS.empty(),
            charges=c.CHARGES.empty(),
            refunds=c.REFUNDS.empty(),
            transactions=c.TRANSACTIONS.empty(),
            **whole,  # type: ignore[arg-type]
            readings=readings,
            histories=load_lines(
                connections, {account: days[account] for account in scope.target.windows}, moments, readings, moment
            ),
        )
        return _Related(connections, queries, scope, accounts, books).load()


@dataclass(frozen=True)
class _Related:
    """The parts of the books that are not loaded whole."""

    connections: Sequence[Connection]
    queries: Mapping[str, Query]
    scope: LoadScope
    accounts: Sequence[str]
    books: Books

    def load(self) -> tuple[Books, pd.DataFrame]:
        """The books with their orders, charges, refunds and transactions, and their recorded links."""
        own = [
            self.queries["refunds"].where(self._own_refunds()),
            self.queries["transactions"].where(self._own_transactions()),
        ]
        refunds, transactions = fetch_all(self.connections, own)
        transactions = c.joined((transactions, self._first_of_unknown_kinds(transactions)))
        named = [refunds[c.CHARGE_ID], self._disputed(), _origins(transactions, "chrg_")]
        gathered = OrdersAndCharges(self.connections, self.queries, self.scope, self.accounts)
        gathered.gather(pd.concat(named, ignore_index=True), self.books.kept_aside)
        more_refunds = self._any(_REFUND, c.REFUND_ID, self._refunds_of(gathered.charges, transactions))
        refunds = self._with("refunds", refunds, more_refunds)
        more_transactions = self._transactions_of(gathered.charges, refunds, transactions)
        transactions = self._with("transactions", transactions, more_transactions + self._unpaid())
        frames = {
            "orders": gathered.orders,
            "charges": gathered.charges,
            "refunds": refunds,
            "transactions": transactions,
        }
        sorted_frames = {name: ordered(frame, self.queries[name].keys) for name, frame in frames.items()}
        books = replace(self.books, **sorted_frames, outside=outside_of(self.queries))  # type: ignore[arg-type]
        return replace(books, successes=self._successes()), gathered.links

    def _successes(self) -> dict[tuple[str, Window], int]:
        """How many successful charges each month of the range has up to its last day, where it has disputes."""
        target = self.scope.target
        charges = self.queries["charges"].statement.with_only_columns(func.count())
        successful = charges.where(_CHARGE.c[c.STATUS] == ChargeStatus.SUCCESSFUL)
        return {
            (account, month): self.connections[0]
            .execute(successful.where(created(_CHARGE, account, month)))
            .scalar_one()
            for account, window in target.windows.items()
            for month in months_to_date(window, target.accounts[account].zone).values()
            if c.created_in(self.books.disputes, account, month).any()
        }

    def _any(self, table: Table, column: str, texts: Collection[str]) -> list[ColumnElement[bool]]:
        return bulk.among(self.connections[0], table.c[column], texts)

    def _with(self, name: str, frame: pd.DataFrame, conditions: Sequence[ColumnElement[bool]]) -> pd.DataFrame:
        """The frame and the rows that it lacks of those that meet a condition."""
        query = self.queries[name]
        more = fetch_all(self.connections, [query.where(conditions)])[0]
        key = query.frame.names[1]
        return c.joined((frame, more[~c.is_in(more[key], frame[key])]))

    def _own_refunds(self) -> list[ColumnElement[bool]]:
        """Made in the range, pending, changed, or judged whenever made."""
        target = self.scope.target
        return [
            *(created(_REFUND, account, self.scope.span) for account in target.windows),
            *((_REFUND.c[c.ACCOUNT] == account) & tables.IS_REFUND_PENDING for account in self.accounts),
            *changed(_REFUND, target),
            *self._any(_REFUND, c.REFUND_ID, self.scope.ids("refund")),
        ]

    def _own_transactions(self) -> list[ColumnElement[bool]]:
        """Booked in the range or soon after, changed, judged whenever made; what transfers name and took."""
        target = self.scope.target
        span = self.scope.span
        soon = replace(span, end=span.end + _SOON)
        named = [frame[c.TRANSACTION_ID].dropna() for frame in (self.books.transfers, self.books.receipts)]
        ids = {*self.scope.ids("transaction"), *pd.concat(named)}
        return [
            *(created(_TRANSACTION, account, soon) for account in target.windows),
            *self._of_receipts(),
            *changed(_TRANSACTION, target),
            *self._any(_TRANSACTION, c.TRANSACTION_ID, ids),
            *self._any(_TRANSACTION, c.ORIGIN, self.books.disputes[c.DISPUTE_ID]),
            *credits_where({account: self._needed(account).paid for account in self.books.histories}),
        ]

    def _of_receipts(self) -> list[ColumnElement[bool]]:
        """All of the days that judged receipts are of: what was paid, sent and voided on them."""
        receipts = self.books.receipts[receipts_of_days(self.books.receipts, self.scope.target)]
        days = set(zip(receipts[c.ACCOUNT], issued_on(receipts), strict=True)) if len(receipts) else set()
        return [created(_TRANSACTION, account, day_window(day)) for account, day in sorted(days)]

    def _first_of_unknown_kinds(self, transactions: pd.DataFrame) -> pd.DataFrame:
        """Of each kind that transactions of an account come from and that is not known the first one ever stored."""
        origins = transactions[c.ORIGIN].dropna()
        query = self.queries["transactions"]
        odd = transactions.loc[origins.index[origins_of(origins) == UNKNOWN], [c.ACCOUNT, c.ORIGIN]]
        kinds = {(account, unknown_kind(origin)) for account, origin in odd.itertuples(index=False, name=None)}
        origin = _TRANSACTION.c[c.ORIGIN]
        conditions = [
            (_TRANSACTION.c[c.ACCOUNT] == account)
            & (origin.startswith(f"{kind}_", autoescape=True) if kind else ~origin.contains("_", autoescape=True))
            for account, kind in sorted(kinds)
        ]
        rows = fetch_all(self.connections, [query.where(conditions)])[0] if conditions else query.frame.empty()
        rows = rows.sort_values([c.FIRST_SEEN_AT, c.CREATED_AT, c.TRANSACTION_ID])
        first = ~pd.DataFrame({"of": rows[c.ACCOUNT], "kind": rows[c.ORIGIN].map(unknown_kind)}).duplicated()
        rows = rows[first]
        return rows[~c.is_in(rows[c.TRANSACTION_ID], transactions[c.TRANSACTION_ID])]

    def _unpaid(self) -> list[ColumnElement[bool]]:
        """Credits that are not paid out yet, whenever made; what they come from is not asked for."""
        return credits_where({account: self._needed(account).unpaid for account in self.books.histories})

    def _needed(self, account: str) -> NeededCredits:
        readings = self.books.readings[(self.books.readings[c.ACCOUNT] == account).to_numpy(dtype=bool)]
        before = int(readings[c.BEFORE].iloc[0]) if len(readings) else None
        return needed_credits(
            self.books.histories[account], self.books.transfers, self.scope.target.windows[account], before
        )

    def _disputed(self) -> pd.Series[str]:
        """Charges of disputes that the range may ask about."""
        disputes = self.books.disputes
        span = self.scope.span
        made = disputes[c.CREATED_AT]
        wanted = ((made >= span.start) & (made < span.end)) | disputes[c.STATUS].isin(OPEN_DISPUTES)
        looked_at = [last_run.looked_at for last_run in self.scope.target.last_runs.values()]
        wanted |= (disputes[c.SEEN_AT] > min(looked_at)) if looked_at else False
        wanted |= disputes[c.DISPUTE_ID].isin(self.scope.ids("dispute"))
        return disputes[c.CHARGE_ID][wanted]

    def _refunds_of(self, charges: pd.DataFrame, transactions: pd.DataFrame) -> Collection[str]:
        """Refunds of loaded charges, and those that loaded transactions come from; names of all are few enough."""
        statement = self.queries["refunds"].statement
        named = statement.with_only_columns(*(_REFUND.c[name] for name in _REFUND_NAMES.names))
        names = fetch(self.connections[0], Query(_REFUND_NAMES, _REFUND, named, (c.REFUND_ID,)))
        of_charges = names[c.REFUND_ID][c.is_in(names[c.CHARGE_ID], charges[c.CHARGE_ID])]
        return {*of_charges, *_origins(transactions, "rfnd_")}

    def _transactions_of(
        self, charges: pd.DataFrame, refunds: pd.DataFrame, transactions: pd.DataFrame
    ) -> list[ColumnElement[bool]]:
        """The transactions that charges and refunds name, and whatever else comes from refunds and voided charges."""
        named = {*charges[c.TRANSACTION_ID].dropna(), *refunds[c.TRANSACTION_ID].dropna()}
        voided = charges[c.CHARGE_ID][charges[c.VOIDED]]
        return [
            *self._any(_TRANSACTION, c.TRANSACTION_ID, named.difference(transactions[c.TRANSACTION_ID])),
            *self._any(_TRANSACTION, c.ORIGIN, [*refunds[c.REFUND_ID], *voided]),
        ]


def _origins(transactions: pd.DataFrame, prefix: str) -> pd.Series[str]:
    """What transactions come from, of one kind."""
    origins = transactions[c.ORIGIN]
    return origins[origins.str.startswith(prefix).fillna(False).astype(bool)]
