"""Reads an order source: every input, the good rows and the bad ones, the newest of each order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from recon import columns as c
from recon.columnar import pd
from recon.model import InputFile, Window
from recon.money import Currencies
from recon.orders.rows import OrderContext, ReadRows, rows_of, texts_of, wanted_fields
from recon.orders.source import LoadedOrders, OrderKind, OrderSource
from recon.privacy import HashKey
from recon.tabular.faults import RejectedShare, grouped
from recon.tabular.headers import Headers
from recon.tabular.kinds import kinds_in
from recon.tabular.table import SourceUnreadable, Table


def read(
    source: OrderSource,
    *,
    accounts: Mapping[str, str],
    currencies: Currencies,
    hash_key: HashKey | None,
    window: Window,
    changed_since: datetime | None = None,
) -> LoadedOrders:
    """All that a source holds; `accounts` are the configured names with their settlement currencies.

    `window` and `changed_since` (aware UTC) bind a database's query; files are read whole. The same account and order
    id twice: the later file, then the later row, wins. Raises SourceMissing (a column that is configured and that no
    file has, too) and SourceUnreadable.
    """
    reading = _Reading(source, OrderContext(accounts, currencies, hash_key))
    for table in _tables(source, window, changed_since):
        reading.add(table)
    reading.refuse_missing()
    lacking = reading.lacking()
    if lacking:
        for table in _tables(source, window, changed_since):
            if table.name in lacking:
                reading.keep_aside(table, lacking[table.name])
    parts = list(reading.parts.values())
    orders, duplicates = _newest([part.orders for part in parts])
    bad_rows = [row for part in parts for row in part.rejected]
    rejected = c.REJECTED.from_rows(bad_rows)
    ignored: Counter[str] = sum((part.ignored for part in parts), Counter())
    share = RejectedShare(
        source.place,
        source.account,
        rejected=len(bad_rows),
        rows=sum(part.count for part in parts) - ignored.total(),
        most=source.max_rejected,
        reasons=grouped(zip(rejected[c.COLUMN].astype(object).fillna(""), rejected[c.REASON], strict=True)),
    )
    return LoadedOrders(
        orders,
        rejected.drop_duplicates(c.DIGEST, ignore_index=True),
        dict(ignored),
        duplicates,
        tuple(reading.inputs.values()),
        share,
        tuple(_lacking_words(source, name, names, reading.parts[name]) for name, names in lacking.items()),
        tuple(dict.fromkeys(reading.encodings)),
        reading.headers.look,
    )


def texts(
    source: OrderSource, field: str, *, accounts: Mapping[str, str], currencies: Currencies, window: Window
) -> list[str]:
    """A field's texts in all rows that count, as they stand: for who configures the source, never to be kept.

    Raises as `read` does.
    """
    context = OrderContext(accounts, currencies, None)
    return [text for table in _tables(source, window, None) for text in texts_of(table, source, context, field)]


class _Reading:
    """The tables of a source, each with its rows; one without a column that is needed has none."""

    def __init__(self, source: OrderSource, context: OrderContext) -> None:
        self._source = source
        self._context = context
        layout = source.layout
        wanted = {ours: layout.column(ours) for ours in wanted_fields(source)}
        self.headers = Headers(layout, wanted, [layout.column(name) for name in source.ignore])
        self.parts: dict[str, ReadRows] = {}
        self.inputs: dict[str, InputFile] = {}
        self.encodings: list[str] = []
        self._unreadable: SourceUnreadable | None = None

    def add(self, table: Table) -> None:
        """Read a table; the first one that cannot be read stands aside until all headers are known."""
        self.headers.add(table)
        if table.encoding:
            self.encodings.append(table.encoding)
        try:
            self._keep(table, rows_of(table, self._source, self._context))
        except SourceUnreadable as error:
            self._unreadable = self._unreadable or error

    def refuse_missing(self) -> None:
        """Raises SourceMissing for configured columns that no table has, else SourceUnreadable for the bad table."""
        self.headers.refuse_missing()
        if self._unreadable is not None:
            raise self._unreadable

    def lacking(self) -> dict[str, list[str]]:
        """By table the columns of ours that it has not and another one has."""
        return {name: fields for name, fields in self.headers.lacking(self.parts).items() if self.parts[name].count}

    def keep_aside(self, table: Table, lacking: Sequence[str]) -> None:
        """A table again, all of its rows as bad ones."""
        self._keep(table, rows_of(table, self._source, self._context, lacking))

    def _keep(self, table: Table, part: ReadRows) -> None:
        self.parts[table.name] = part
        self.inputs[table.name] = InputFile(self._source.name, table.name, table.sha256, part.count)


def _lacking_words(source: OrderSource, name: str, lacking: Sequence[str], part: ReadRows) -> str:
    columns = ", ".join(f"{source.layout.column(ours)} (our {ours})" for ours in lacking)
    return (
        f"{source.place}: {name} has no column {columns}, which other files of the source have: "
        f"its {len(part.rejected):,} row(s) are kept aside"
    )


def _tables(source: OrderSource, window: Window, changed_since: datetime | None) -> Iterable[Table]:
    kind: OrderKind = kinds_in("recon.orders")[source.kind]
    return kind.tables(source, window, changed_since)


def _newest(parts: list[pd.DataFrame]) -> tuple[pd.DataFrame, dict[str, int]]:
    """The last row of each account and order id, and by account how many earlier ones it replaced."""
    orders = c.ORDER.check(pd.concat(parts, ignore_index=True)) if parts else c.ORDER.empty()
    older = orders.duplicated([c.ACCOUNT, c.ORDER_ID], keep="last")
    counts = orders.loc[older, c.ACCOUNT].value_counts()
    return orders[~older].reset_index(drop=True), {str(name): int(count) for name, count in counts.items()}
