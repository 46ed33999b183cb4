"""Which orders and charges a run's range concerns: its rows, what changed, what is open, and all that these name.

What comes of it is closed: with an order come all its charges, with a charge its orders, whenever made, and around
what no name links everything that could be its pair. So a run over it finds what a run over the whole store finds.
Links that earlier runs recorded are trusted for the creation times that these runs judged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, exists, literal_column, or_, select

from recon import columns as c
from recon.arrays import Mask
from recon.calendars import joined, outside, within
from recon.columnar import np, pd
from recon.model import ChargeStatus, Window
from recon.store import bulk, tables
from recon.store.engine import to_micros
from recon.store.related.charge_names import NameRules, charges_naming
from recon.store.related.order_references import orders_with_reference
from recon.store.tables.related import UNMATCHED_CHARGE
from recon.store.versions.frames import Query, fetch, fetch_all
from recon.store.versions.load import links_query
from recon.triage.scope import Range

_EVER = Window(datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC))
_ORDER = tables.ORDER
_CHARGE = tables.OBJECTS["charge"]
_MATCH = tables.MATCH
_CLOCKS_DIFFER = timedelta(minutes=10)
_KEY = "\x1f"  # between an account and an id


@dataclass(frozen=True)
class LoadScope:
    """What a run looks at, and how far around it.

    `reach`: how far from each other two records without a name may decide about each other. `rules`: which order ids
    charges name. `judged`: by account the creation times whose links earlier runs recorded. `linked_by_hand`: ids of
    orders and charges.
    """

    target: Range
    reach: timedelta
    rules: NameRules
    judged: Mapping[str, Sequence[Window]] = field(default_factory=dict)
    linked_by_hand: Sequence[tuple[str | None, str | None]] = ()

    @property
    def span(self) -> Window:
        """From the first asked account's start to the last one's end."""
        windows = self.target.windows.values()
        return Window(min(window.start for window in windows), max(window.end for window in windows))

    @property
    def beyond_reach(self) -> tuple[Window, ...]:
        """All creation times that are not within reach of the range."""
        return outside([_EVER], [Window(self.span.start - self.reach, self.span.end + self.reach)])

    def only_named(self, account: str) -> tuple[Window, ...]:
        """The creation times at which only what is named is loaded: of an account that is not asked for, all."""
        return self.beyond_reach if account in self.target.windows else (_EVER,)

    def ids(self, kind: str) -> set[str]:
        """Subjects of a kind that are judged whenever made: open breaks, opening items, links by hand."""
        subjects = self.target.open_subjects | self.target.opening
        ids = {subject_id for _, subject_kind, subject_id in subjects if subject_kind == kind}
        by_hand: dict[str, list[str | None]] = {
            "order": [order_id for order_id, _ in self.linked_by_hand],
            "charge": [charge_id for _, charge_id in self.linked_by_hand],
        }
        return ids | {linked for linked in by_hand.get(kind, ()) if linked}

    def covers_everything(self, connection: Connection, accounts: Sequence[str]) -> bool:
        """Whether every order and charge of the accounts was created so near the range that it is loaded anyway."""
        return not any(
            connection.execute(select(1).where(created(table, account, window)).limit(1)).first()
            for table in (_ORDER, _CHARGE)
            for account in accounts
            for window in self.beyond_reach
        )


@dataclass
class OrdersAndCharges:
    """Orders and charges as they are gathered; `queries` has, by kind, the query of all of them."""

    connections: Sequence[Connection]
    queries: Mapping[str, Query]
    scope: LoadScope
    accounts: Sequence[str]
    orders: pd.DataFrame = field(default_factory=c.ORDERS.empty)
    charges: pd.DataFrame = field(default_factory=c.CHARGES.empty)
    links: pd.DataFrame = field(default_factory=c.LINKS.empty)  # recorded ones of what is loaded

    def gather(self, charge_ids: pd.Series[str], kept_aside: pd.DataFrame) -> None:
        """The rows of the range, what changed, what is open, further charges by id (null: none), and all theirs.

        And the orders that charges which were kept aside since the last run may belong to.
        """
        unmatched = self._connection.execute(select(UNMATCHED_CHARGE.c.charge_id)).scalars()
        orders, charges = self._fetch(
            [
                *self._base(_ORDER),
                *self._refund_requested(),
                *self._by_id(_ORDER, self.scope.ids("order")),
                *self._around(kept_aside),
            ],
            [
                *self._base(_CHARGE),
                *self._unsettled(),
                *self._by_id(_CHARGE, {*self.scope.ids("charge"), *unmatched}),
            ],
        )
        missing = {*charge_ids.dropna()}.difference(charges[c.CHARGE_ID])
        _, more_charges = self._fetch([], self._by_id(_CHARGE, missing))
        self._close(orders, c.joined((charges, more_charges)))
        self._look_around()

    @property
    def _connection(self) -> Connection:
        return self.connections[0]

    def _base(self, table: Table) -> list[ColumnElement[bool]]:
        """Created in the range; around it what could be somebody's pair; and what changed since the last run.

        Of other accounts only what is named matters: they are judged by their own runs.
        """
        span = self.scope.span
        reach = self.scope.reach
        around = (Window(span.start - reach, span.start), Window(span.end, span.end + reach))
        conditions = [created(table, account, span) for account in self.scope.target.windows]
        for account in self.scope.target.windows:
            judged = self.scope.judged.get(account, ())
            conditions += [created(table, account, window) for window in outside(around, judged)]
            conditions += [created(table, account, window) & ~_linked(table) for window in within(around, judged)]
        return conditions + changed(table, self.scope.target)

    def _refund_requested(self) -> list[ColumnElement[bool]]:
        return [_of(_ORDER, account) & tables.IS_REFUND_REQUESTED for account in self.scope.target.windows]

    def _unsettled(self) -> list[ColumnElement[bool]]:
        """Pending charges, and those paid in the range long after they were made."""
        span = self.scope.span
        paid_at = _CHARGE.c[c.PAID_AT]
        late = tables.IS_PAID_LATE & (paid_at >= to_micros(span.start)) & (paid_at < to_micros(span.end))
        return [
            _of(_CHARGE, account) & condition for account in self.accounts for condition in (tables.IS_PENDING, late)
        ]

    def _around(self, kept_aside: pd.DataFrame) -> list[ColumnElement[bool]]:
        """Orders made near a charge that became readable, or went, since the account's last run."""
        conditions: list[ColumnElement[bool]] = []
        ended = kept_aside[c.RELEASED_AT].notna().to_numpy(dtype=bool)
        rows = kept_aside[c.equals(kept_aside, c.KIND, "charge") & ended]
        names = [c.ACCOUNT, c.CREATED_FROM, c.CREATED_TO, c.RELEASED_AT]
        for account, first, last, released in rows[names].itertuples(index=False, name=None):
            last_run = self.scope.target.last_runs.get(account)
            if last_run is not None and released > last_run.looked_at:
                window = Window(first.to_pydatetime() - self.scope.reach, last.to_pydatetime() + self.scope.reach)
                conditions.append(created(_ORDER, account, window))
        return conditions

    def _by_id(self, table: Table, ids: Collection[str]) -> list[ColumnElement[bool]]:
        return bulk.among(self._connection, table.c[tables.key_of(table)], ids)

    def _fetch(
        self, order_conditions: Sequence[ColumnElement[bool]], charge_conditions: Sequence[ColumnElement[bool]]
    ) -> list[pd.DataFrame]:
        """Orders and charges that meet one of some conditions."""
        queries = [self.queries["orders"].where(order_conditions), self.queries["charges"].where(charge_conditions)]
        return fetch_all(self.connections, queries)

    def _close(self, orders: pd.DataFrame, charges: pd.DataFrame) -> None:
        """Take rows in, and all that they name or that names them, until nothing new comes."""
        while True:
            orders, charges = self._take(orders, charges)
            if not len(orders) and not len(charges):
                return
            links = self._recorded(orders, charges)
            self.links = pd.concat([self.links, links], ignore_index=True).drop_duplicates(ignore_index=True)
            _, references = c.references_of(orders[c.REFERENCE])
            naming = charges_naming(self._connection, {*orders[c.ORDER_ID], *references})
            charge_ids = {*links[c.CHARGE_ID], *orders[c.CHARGE_ID].dropna(), *naming}
            orders, charges = self._fetch(
                [*self._by_id(_ORDER, self._missing_orders(links, charges)), *self._naming(charges)],
                self._by_id(_CHARGE, charge_ids.difference(self.charges[c.CHARGE_ID])),
            )

    def _take(self, orders: pd.DataFrame, charges: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Adds what is new, and returns that."""
        new_orders = orders[~c.is_in(_keys(orders, c.ORDER_ID), _keys(self.orders, c.ORDER_ID))]
        new_charges = charges[~c.is_in(charges[c.CHARGE_ID], self.charges[c.CHARGE_ID])]
        self.orders = c.joined((self.orders, new_orders))
        self.charges = c.joined((self.charges, new_charges))
        return new_orders, new_charges

    def _recorded(self, orders: pd.DataFrame, charges: pd.DataFrame) -> pd.DataFrame:
        """The recorded links of some orders and charges."""
        if self._connection.execute(select(_MATCH.c[c.CHARGE_ID]).limit(1)).first() is None:
            return c.LINKS.empty()
        order_ids = orders.groupby(c.ACCOUNT)[c.ORDER_ID]
        of_orders = [
            (_MATCH.c[c.ORDER_ACCOUNT] == account) & condition
            for account, ids in order_ids
            for condition in bulk.among(self._connection, _MATCH.c[c.ORDER_ID], ids)
        ]
        of_charges = bulk.among(self._connection, _MATCH.c[c.CHARGE_ID], charges[c.CHARGE_ID])
        return fetch(self._connection, links_query().where([*of_orders, *of_charges]))

    def _missing_orders(self, links: pd.DataFrame, charges: pd.DataFrame) -> list[str]:
        """Ids of orders that links or charges name and that are not loaded for the account which names them."""
        texts = (charges[name] for name in (c.ORDER_REF, c.SOURCE_REFS, c.DESCRIPTION))
        places, names = self.scope.rules.names_of(*texts)
        accounts = charges[c.ACCOUNT].iloc[places].reset_index(drop=True)
        named = pd.DataFrame({c.ACCOUNT: accounts, c.ORDER_ID: names.to_pandas().astype(c.TEXT)})
        referenced = orders_with_reference(self._connection, named[c.ORDER_ID])
        if len(referenced):
            by_reference = named.rename(columns={c.ORDER_ID: c.REFERENCE}).merge(referenced, on=c.REFERENCE)
            named = pd.concat([named, by_reference[[c.ACCOUNT, c.ORDER_ID]]], ignore_index=True)
        linked = links[[c.ORDER_ACCOUNT, c.ORDER_ID]].rename(columns={c.ORDER_ACCOUNT: c.ACCOUNT})
        wanted = pd.concat([named, linked], ignore_index=True).drop_duplicates()
        loaded = c.is_in(_keys(wanted, c.ORDER_ID), _keys(self.orders, c.ORDER_ID))
        return wanted[c.ORDER_ID][~loaded].unique().tolist()

    def _naming(self, charges: pd.DataFrame) -> list[ColumnElement[bool]]:
        """Orders that name one of some charges; few shops' orders do."""
        named = _ORDER.c[c.CHARGE_ID]
        any_order = select(named).where(named.is_not(None)).limit(1)
        if not len(charges) or self._connection.execute(any_order).first() is None:
            return []
        return bulk.among(self._connection, named, charges[c.CHARGE_ID])

    def _look_around(self) -> None:
        """Around far records that no name links, everything that is not linked either: it may be their pair."""
        charges = self.charges
        orders = self.orders
        alone = ~c.is_in(charges[c.CHARGE_ID], self.links[c.CHARGE_ID]) & charges[c.ORDER_REF].isna().to_numpy()
        alone &= charges[c.SOURCE_REFS].isna().to_numpy()
        alone &= (charges[c.STATUS] == ChargeStatus.SUCCESSFUL).to_numpy(dtype=bool)
        spots = self._spots(charges[alone])
        linked = self.links.rename(columns={c.ORDER_ACCOUNT: c.ACCOUNT})
        keys = _keys(orders, c.ORDER_ID)
        waiting = orders[c.CHARGE_ID].isna().to_numpy() & ~c.is_in(keys, _keys(linked, c.ORDER_ID))
        by_own_keys = orders[c.SOURCE].isin(list(self.scope.rules.sources_with_keys)).to_numpy(dtype=bool)
        waiting &= by_own_keys | ~c.is_in(keys, self._linked_by_metadata())
        for account, windows in self._spots(orders[waiting & ~self._judged(orders)]).items():
            spots[account] = joined([*spots.get(account, ()), *windows])
        around = {
            table: [
                created(table, account, window) & ~_linked(table)
                for account, windows in spots.items()
                for window in windows
            ]
            for table in (_ORDER, _CHARGE)
        }
        self._close(*self._fetch(around[_ORDER], around[_CHARGE]))

    def _judged(self, orders: pd.DataFrame) -> Mask:
        """Which orders were created when an earlier run judged."""
        judged = np.zeros(len(orders), dtype=bool)
        made = orders[c.CREATED_AT]
        for account, windows in self.scope.judged.items():
            own = (orders[c.ACCOUNT] == account).to_numpy(dtype=bool)
            for window in windows:
                judged |= own & ((made >= window.start) & (made < window.end)).to_numpy()
        return judged

    def _linked_by_metadata(self) -> pd.Series[str]:
        """Keys of the orders that a loaded charge links by its metadata: these look for no pair by amount."""
        charges = self.charges
        by_hand = [charge_id for _, charge_id in self.scope.linked_by_hand]
        named = charges[c.ORDER_REF].notna().to_numpy() & ~c.is_in(charges[c.CHARGE_ID], self.orders[c.CHARGE_ID])
        named &= ~charges[c.CHARGE_ID].isin(by_hand).to_numpy(dtype=bool)
        return _keys(charges[named], c.ORDER_REF)

    def _spots(self, rows: pd.DataFrame) -> dict[str, tuple[Window, ...]]:
        """By account the creation times around rows that lie where not everything is loaded."""
        reach = self.scope.reach
        spots = dict[str, tuple[Window, ...]]()
        for account, own in rows.groupby(c.ACCOUNT, sort=True):
            far = self.scope.only_named(str(account))
            moments = [moment.to_pydatetime() for moment in own[c.CREATED_AT]]
            around = [
                Window(moment - reach, moment + reach)
                for moment in moments
                if any(window.start <= moment < window.end for window in far)
            ]
            if windows := within(joined(around), far):
                spots[str(account)] = windows
        return spots


def created(table: Table, account: str, window: Window) -> ColumnElement[bool]:
    """Rows of an account created in a window."""
    return _of(table, account) & tables.created_in(table, window)


def changed(table: Table, target: Range) -> list[ColumnElement[bool]]:
    """Rows that `recon.triage.scope` takes for changed since their account's last run, one condition each."""
    seen = table.c[c.SEEN_AT]
    first = table.c[c.FIRST_SEEN_AT]
    at = table.c[c.CREATED_AT]
    conditions: list[ColumnElement[bool]] = []
    for account, last_run in target.last_runs.items():
        looked_at = to_micros(last_run.looked_at)
        if table is _ORDER:
            late = at < looked_at
        else:
            late = or_(literal_column("1 = 0"), *(tables.created_in(table, window) for window in last_run.covered))
        conditions.append(_of(table, account) & (seen > looked_at) & ((first <= looked_at) | late))
        if last_run.waits is not None and table in (_ORDER, _CHARGE):
            conditions += _waited(table, account, last_run.waits)
    return conditions


def _waited(table: Table, account: str, waits: Window) -> Iterator[ColumnElement[bool]]:
    """Rows that `recon.triage.scope` takes for those that waited: nobody sees a payment before it is made."""
    yield created(table, account, waits)
    if table is _CHARGE:
        seen_since = table.c[c.SEEN_AT] >= to_micros(waits.start - _CLOCKS_DIFFER)
        paid_since = table.c[c.PAID_AT] >= to_micros(waits.start)
        yield _of(table, account) & seen_since & paid_since & (table.c[c.CREATED_AT] < to_micros(waits.end))


def _of(table: Table, account: str) -> ColumnElement[bool]:
    return table.c[c.ACCOUNT] == account


def _linked(table: Table) -> ColumnElement[bool]:
    """A run recorded a link of this order or charge."""
    account, key = (c.ORDER_ACCOUNT, c.ORDER_ID) if table is _ORDER else (c.CHARGE_ACCOUNT, c.CHARGE_ID)
    return exists().where(_MATCH.c[account] == table.c[c.ACCOUNT], _MATCH.c[key] == table.c[key])


def _keys(frame: pd.DataFrame, key: str) -> pd.Series[str]:
    return frame[c.ACCOUNT] + _KEY + frame[key]
