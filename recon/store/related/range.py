"""Which orders and charges stand near a run's range: its rows, what changed, what is open, and all that these name.

What comes of it is closed: with an order come all its charges, with a charge its orders, whenever made, and around
what no name links everything that could be its pair. So a run over it finds what a run over the whole store finds.
Links that earlier runs recorded are trusted for the creation times that these runs judged; beyond, names are read.
Knows no rule and no pass.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Table, and_, exists, literal_column, or_, select

from recon import columns as c
from recon.calendars import joined, outside, within
from recon.model import ChargeStatus, Window
from recon.store import bulk, tables
from recon.store.engine import from_micros, to_micros
from recon.store.tables.related import LOOSE
from recon.store.versions.frames import Query, fetch, fetch_all
from recon.triage.scope import Range

Names = Callable[[pd.DataFrame], pd.DataFrame]
_EVER = Window(datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC))
_IDS = 50_000  # in one question
_SLICE = timedelta(days=31)  # of creation times whose names are read at once
_ORDER, _CHARGE = tables.ORDER, tables.OBJECTS["charge"]
_SEEN = _CHARGE.c[c.SEEN_AT]
_KEY = "\x1f"  # between an account and an id


@dataclass(frozen=True)
class Near:
    """What a run looks at, and how far around it.

    `reach`: how far from each other two records without a name may decide about each other. `judged`: by account the
    creation times whose links earlier runs recorded. `hands`: orders and charges linked by hand, by id. `names` says
    which order ids charges name: from a frame shaped NAMES one with the row (ROW) and the word (ORDER_REF). `named`:
    by account the creation times whose charges stand among the loose ones under all names, but for versions seen
    since a moment.
    """

    what: Range
    reach: timedelta
    names: Names
    judged: Mapping[str, Sequence[Window]] = field(default_factory=dict)
    hands: Sequence[tuple[str | None, str | None]] = ()
    named: Mapping[str, Sequence[tuple[Window, datetime]]] = field(default_factory=dict)

    @property
    def core(self) -> Window:
        """From the first asked account's start to the last one's end."""
        windows = self.what.windows.values()
        return Window(min(one.start for one in windows), max(one.end for one in windows))

    @property
    def far(self) -> tuple[Window, ...]:
        """All creation times that are not within reach of the range."""
        return outside([_EVER], [Window(self.core.start - self.reach, self.core.end + self.reach)])

    def beyond(self, account: str) -> tuple[Window, ...]:
        """The creation times at which only what is named is loaded: of an account that is not asked for, all."""
        return self.far if account in self.what.windows else (_EVER,)

    def ids(self, kind: str) -> set[str]:
        """Subjects of a kind that are judged whenever made: open breaks, opening items, links by hand."""
        found = {one for _, type_, one in self.what.open_subjects | self.what.opening if type_ == kind}
        place = {"order": 0, "charge": 1}.get(kind)
        return found if place is None else found | {name for one in self.hands if (name := one[place])}


_NAMED = (c.CHARGE_ID, c.DESCRIPTION, c.ORDER_REF)
NAMES = c.Frame("names", tuple(one for one in c.CHARGES.columns if one.name in _NAMED))


@dataclass
class Nearby:
    """Orders and charges as they are gathered; `queries` has, by kind, the query of all of them."""

    connections: Sequence[Connection]
    queries: Mapping[str, Query]
    near: Near
    accounts: Sequence[str]
    orders: pd.DataFrame = field(default_factory=c.ORDERS.empty)
    charges: pd.DataFrame = field(default_factory=c.CHARGES.empty)
    links: pd.DataFrame = field(default_factory=c.LINKS.empty)  # recorded ones of what is loaded
    _found: list[pd.DataFrame] = field(default_factory=list)
    _begun: "pd.Series[str]" = field(default_factory=lambda: pd.Series([], dtype=c.TEXT))

    def begin(self, charges: Collection[str]) -> None:
        """The rows of the range, of what changed and of what is open; `charges` are wanted, too, by id."""
        nameless = self._connection.execute(select(LOOSE.c.charge_id).where(LOOSE.c.name == "")).scalars()
        ids = {*self.near.ids("charge"), *nameless, *charges}
        wanted = [*self._base(_ORDER), *self._asking(), *self._by_id(_ORDER, self.near.ids("order"))]
        also = [*self._base(_CHARGE), *self._unsettled(), *self._by_id(_CHARGE, ids)]
        self._found = fetch_all(self.connections, [self._rows("orders", wanted), self._rows("charges", also)])
        self._begun = self._found[1][c.CHARGE_ID]

    def gather(self, charges: "pd.Series[str]") -> None:
        """All that belongs to them, and to further charges, by id (null: none)."""
        more = self._by_id(_CHARGE, self._missing(charges.dropna(), self._begun))
        orders, own = self._found
        self._close(orders, _both(own, fetch(self._connection, self._rows("charges", more))))
        self._read_names(self.orders)
        self._look_around()

    @property
    def _connection(self) -> Connection:
        return self.connections[0]

    def _rows(self, name: str, either: Sequence[ColumnElement[bool]]) -> Query:
        query = self.queries[name]
        return Query(query.frame, query.table, query.statement, query.keys, either)

    def _base(self, table: Table) -> list[ColumnElement[bool]]:
        """Created in the range; around it what could be somebody's pair; and what changed since the last run.

        Of other accounts only what is named matters: they are judged by their own runs.
        """
        core, reach = self.near.core, self.near.reach
        around = (Window(core.start - reach, core.start), Window(core.end, core.end + reach))
        found = [created(table, account, core) for account in self.near.what.windows]
        for account in self.near.what.windows:
            judged = self.near.judged.get(account, ())
            found += [created(table, account, one) for one in outside(around, judged)]
            found += [created(table, account, one) & ~_linked(table) for one in within(around, judged)]
        return found + changed(table, self.near.what)

    def _asking(self) -> list[ColumnElement[bool]]:
        return [_of(_ORDER, account) & tables.IS_REFUND_REQUESTED for account in self.near.what.windows]

    def _unsettled(self) -> list[ColumnElement[bool]]:
        """Pending charges, and those paid in the range long after they were made."""
        core, paid_at = self.near.core, _CHARGE.c[c.PAID_AT]
        late = tables.IS_PAID_LATE & (paid_at >= to_micros(core.start)) & (paid_at < to_micros(core.end))
        return [_of(_CHARGE, one) & condition for one in self.accounts for condition in (tables.IS_PENDING, late)]

    def _by_id(self, table: Table, ids: Collection[Any]) -> list[ColumnElement[bool]]:
        return by_id(self._connection, table, tables.key_of(table), ids)

    def _close(self, orders: pd.DataFrame, charges: pd.DataFrame) -> None:
        """Take rows in, and all that they name or that names them, until nothing new comes."""
        while True:
            orders, charges = self._take(orders, charges)
            if not len(orders) and not len(charges):
                return
            links = self._recorded(orders, charges)
            self.links = pd.concat([self.links, links], ignore_index=True).drop_duplicates(ignore_index=True)
            named = [links[c.CHARGE_ID], orders[c.CHARGE_ID].dropna(), self._waiting_for(orders)]
            wanted = pd.concat(named, ignore_index=True)
            more_orders = self._missing_orders(links, charges)
            again = [self._rows("orders", [*self._by_id(_ORDER, more_orders), *self._naming(charges)])]
            again += [self._rows("charges", self._by_id(_CHARGE, self._missing(wanted, self.charges[c.CHARGE_ID])))]
            orders, charges = fetch_all(self.connections, again)

    def _take(self, orders: pd.DataFrame, charges: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Adds what is new, and returns that."""
        orders = orders[~c.is_in(_keys(orders, c.ORDER_ID), _keys(self.orders, c.ORDER_ID))]
        charges = charges[~c.is_in(charges[c.CHARGE_ID], self.charges[c.CHARGE_ID])]
        self.orders, self.charges = _both(self.orders, orders), _both(self.charges, charges)
        return orders, charges

    def _recorded(self, orders: pd.DataFrame, charges: pd.DataFrame) -> pd.DataFrame:
        """The recorded links of some orders and charges."""
        table = tables.MATCH
        if self._connection.execute(select(table.c[c.CHARGE_ID]).limit(1)).first() is None:
            return c.LINKS.empty()
        accounts = orders[c.ACCOUNT].unique().tolist()
        either = [
            (table.c[c.ORDER_ACCOUNT] == account) & one
            for account in accounts
            for one in by_id(self._connection, table, c.ORDER_ID, orders[c.ORDER_ID][orders[c.ACCOUNT] == account])
        ]
        either += by_id(self._connection, table, c.CHARGE_ID, charges[c.CHARGE_ID])
        keys = (c.CHARGE_ACCOUNT, c.CHARGE_ID, c.ORDER_ACCOUNT, c.ORDER_ID)
        statement = select(*(table.c[name] for name in c.LINKS.names))
        return fetch(self._connection, Query(c.LINKS, table, statement, keys, either))

    def _waiting_for(self, orders: pd.DataFrame) -> "pd.Series[str]":
        """Charges that nothing links and that name one of some orders, alone or among others."""
        ids, name = orders[c.ORDER_ID].drop_duplicates(), LOOSE.c.name
        named = select(LOOSE.c.charge_id, name).where(name != "")
        all_ = self._connection.execute(named.limit(len(ids) + 1)).all()
        if len(all_) > len(ids):  # more such charges than orders: asked by name
            each = [select(LOOSE.c.charge_id).where(one) for one in by_id(self._connection, LOOSE, "name", ids)]
            return pd.Series([one for of in each for one in self._connection.execute(of).scalars()], dtype=c.TEXT)
        found = pd.DataFrame(all_, columns=[c.CHARGE_ID, c.ORDER_REF], dtype=c.TEXT)
        return found[c.CHARGE_ID][c.is_in(found[c.ORDER_REF], ids)]

    def _missing_orders(self, links: pd.DataFrame, charges: pd.DataFrame) -> list[str]:
        """Ids of orders that links or charges name and that are not loaded for the account which names them."""
        named = self.near.names(charges[NAMES.names].reset_index(drop=True))
        whose = charges[c.ACCOUNT].iloc[named[c.ROW].to_numpy()].reset_index(drop=True)
        said = pd.DataFrame({c.ACCOUNT: whose, c.ORDER_ID: named[c.ORDER_REF].reset_index(drop=True)})
        linked = links[[c.ORDER_ACCOUNT, c.ORDER_ID]].rename(columns={c.ORDER_ACCOUNT: c.ACCOUNT})
        wanted = pd.concat([said, linked], ignore_index=True).drop_duplicates()
        known = c.is_in(_keys(wanted, c.ORDER_ID), _keys(self.orders, c.ORDER_ID))
        return wanted[c.ORDER_ID][~known].unique().tolist()

    def _naming(self, charges: pd.DataFrame) -> list[ColumnElement[bool]]:
        """Orders that name one of some charges; few shops' orders do."""
        named = _ORDER.c[c.CHARGE_ID]
        any_such = select(named).where(named.is_not(None)).limit(1)
        if not len(charges) or self._connection.execute(any_such).first() is None:
            return []
        return by_id(self._connection, _ORDER, c.CHARGE_ID, charges[c.CHARGE_ID])

    def _missing(self, wanted: "pd.Series[str]", loaded: "pd.Series[str]") -> list[str]:
        found = wanted.drop_duplicates()
        return found[~c.is_in(found, loaded)].tolist()

    def _read_names(self, orders: pd.DataFrame) -> None:
        """Charges of creation times that no run judged yet may name an order that is loaded; most are read ahead."""
        while len(orders):
            before = len(self.orders)
            ids = orders[c.ORDER_ID].drop_duplicates()
            found = [
                one for account in self.accounts for one in (*self._fresh(account, ids), *self._unread(account, ids))
            ]
            self._close(c.ORDERS.empty(), fetch(self._connection, self._rows("charges", self._by_id(_CHARGE, found))))
            orders = self.orders.iloc[before:]

    def _fresh(self, account: str, ids: "pd.Series[str]") -> list[str]:
        """Ids of charges that name one of the orders, of those seen since the names of their times were read."""
        since = [to_micros(at) for _, at in self.near.named.get(account, ())]
        return self._naming_one_of(_of(_CHARGE, account) & (min(since) < _SEEN), ids) if since else []

    def _unread(self, account: str, ids: "pd.Series[str]") -> Iterator[str]:
        """The same, of those created when no run judged and no names were read; a slice at a time."""
        named, judged = (window for window, _ in self.near.named.get(account, ())), self.near.judged.get(account, ())
        for window in outside(self.near.beyond(account), [*named, *judged]):
            for slice_ in self._slices(account, window):
                yield from self._naming_one_of(slice_, ids)

    def _slices(self, account: str, window: Window) -> Iterator[ColumnElement[bool]]:
        """Conditions that come to all charges of a window."""
        created_at = _CHARGE.c[c.CREATED_AT]
        start = window.start
        while True:
            later = (created_at >= to_micros(start)) & (created_at < to_micros(window.end))
            first = select(created_at).where(_of(_CHARGE, account), later).order_by(created_at).limit(1)
            begin = self._connection.execute(first).scalar()
            if begin is None:
                return
            until = begin + _SLICE // c.MICROSECOND
            yield _of(_CHARGE, account) & (created_at >= begin) & (created_at < until) & later
            start = max(start, from_micros(until))

    def _naming_one_of(self, which: ColumnElement[bool], ids: "pd.Series[str]") -> list[str]:
        """Ids of charges that meet a condition and name one of the orders."""
        rows = fetch_all(self.connections, [names_query(self.queries["charges"], which)])[0]
        named = self.near.names(rows)
        hits = c.is_in(named[c.ORDER_REF], ids)
        return rows[c.CHARGE_ID].iloc[named[c.ROW].to_numpy()[hits]].unique().tolist()

    def _look_around(self) -> None:
        """Around far records that no name links, everything that is not linked either: it may be their pair."""
        charges, orders = self.charges, self.orders
        alone = ~c.is_in(charges[c.CHARGE_ID], self.links[c.CHARGE_ID]) & charges[c.ORDER_REF].isna().to_numpy()
        alone &= (charges[c.STATUS] == ChargeStatus.SUCCESSFUL).to_numpy(dtype=bool)
        spots = self._spots(charges[alone], everywhere=True)
        pairs = self.links.rename(columns={c.ORDER_ACCOUNT: c.ACCOUNT})
        waiting = orders[c.CHARGE_ID].isna().to_numpy() & ~c.is_in(
            _keys(orders, c.ORDER_ID), _keys(pairs, c.ORDER_ID)
        )
        waiting &= ~c.is_in(_keys(orders, c.ORDER_ID), self._sure_names())
        for account, windows in self._spots(orders[waiting], everywhere=False).items():
            spots[account] = joined([*spots.get(account, ()), *windows])
        around = {
            table: [created(table, name, one) & ~_linked(table) for name, found in spots.items() for one in found]
            for table in (_ORDER, _CHARGE)
        }
        rows = [self._rows("orders", around[_ORDER]), self._rows("charges", around[_CHARGE])]
        before = len(self.orders)
        self._close(*fetch_all(self.connections, rows))
        self._read_names(self.orders.iloc[before:])

    def _sure_names(self) -> "pd.Series[str]":
        """Keys of the orders that a loaded charge links by its metadata: these look for no pair by amount."""
        charges = self.charges
        named = charges[c.ORDER_REF].notna().to_numpy() & ~c.is_in(charges[c.CHARGE_ID], self.orders[c.CHARGE_ID])
        named &= ~charges[c.CHARGE_ID].isin([one for _, one in self.near.hands]).to_numpy(dtype=bool)
        return _keys(charges[named], c.ORDER_REF)

    def _spots(self, rows: pd.DataFrame, everywhere: bool) -> dict[str, tuple[Window, ...]]:
        """By account the creation times around far rows, which are not loaded whole; of orders the unjudged ones."""
        reach, result = self.near.reach, {}
        for account, own in rows.groupby(c.ACCOUNT, sort=True):
            beyond = self.near.beyond(str(account))
            moments = [one.to_pydatetime() for one in own[c.CREATED_AT]]
            if not everywhere:
                judged = self.near.judged.get(str(account), ())
                moments = [one for one in moments if not any(w.start <= one < w.end for w in judged)]
            far = [one for one in moments if any(w.start <= one < w.end for w in beyond)]
            spots = within(joined([Window(one - reach, one + reach) for one in far]), beyond)
            if spots:
                result[str(account)] = spots
        return result


def names_query(charges: Query, which: ColumnElement[bool]) -> Query:
    """What charges may name an order by, of those that meet a condition; `charges` is the query of all of them."""
    picked = [charges.statement.selected_columns[name] for name in NAMES.names]
    return Query(NAMES, _CHARGE, charges.statement.with_only_columns(*picked), (c.CHARGE_ID,), [which])


def all_near(connection: Connection, near: Near, accounts: Sequence[str]) -> bool:
    """Whether every order and charge of the accounts was created so near the range that it is loaded anyway."""
    return not any(
        connection.execute(select(1).where(created(table, account, window)).limit(1)).first()
        for table in (_ORDER, _CHARGE)
        for account in accounts
        for window in near.far
    )


def created(table: Table, account: str, window: Window) -> ColumnElement[bool]:
    """Rows of an account created in a window."""
    at = table.c[c.CREATED_AT]
    return _of(table, account) & (at >= to_micros(window.start)) & (at < to_micros(window.end))


def changed(table: Table, what: Range) -> list[ColumnElement[bool]]:
    """Rows that `recon.triage.scope` takes for changed since their account's last run, one condition each."""
    seen, first, at = table.c[c.SEEN_AT], table.c[c.FIRST_SEEN_AT], table.c[c.CREATED_AT]
    found: list[ColumnElement[bool]] = []
    for account, known in what.known.items():
        recorded = to_micros(known.recorded_at)
        if table is _ORDER:
            late = at < recorded
        else:
            late = or_(
                literal_column("1 = 0"),
                *(and_(at >= to_micros(one.start), at < to_micros(one.end)) for one in known.covered),
            )
        found.append(_of(table, account) & (seen > recorded) & ((first <= recorded) | late))
    return found


def by_id(connection: Connection, table: Table, key: str, ids: Collection[Any]) -> list[ColumnElement[bool]]:
    """Rows whose column is one of many values, so many in each condition."""
    values = list(ids)
    return [bulk.one_of(connection, table.c[key], values[at : at + _IDS]) for at in range(0, len(values), _IDS)]


def _of(table: Table, account: str) -> ColumnElement[bool]:
    return table.c[c.ACCOUNT] == account


def _linked(table: Table) -> ColumnElement[bool]:
    """A run recorded a link of this order or charge."""
    match = tables.MATCH.c
    whose, key = (c.ORDER_ACCOUNT, c.ORDER_ID) if table is _ORDER else (c.CHARGE_ACCOUNT, c.CHARGE_ID)
    return exists().where(match[whose] == table.c[c.ACCOUNT], match[key] == table.c[key])


def _keys(frame: pd.DataFrame, key: str) -> "pd.Series[str]":
    return frame[c.ACCOUNT] + _KEY + frame[key]


def _both(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    if not len(one) or not len(other):
        return other if not len(one) else one
    return pd.concat([one, other], ignore_index=True)
