"""Reads an order source: every input, the good rows and the bad ones, the newest of each order."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

import pandas as pd

from recon import columns as c
from recon.model import InputFile, Window
from recon.money import Currencies
from recon.orders.kinds import kinds
from recon.orders.rows import OrderContext, ReadRows, rows_of
from recon.orders.source import LoadedOrders, OrderSource, Preview, SourceUnreadable
from recon.privacy import redact
from recon.tabular.table import Table

_MASK = "[customer]"


def read(
    source: OrderSource,
    *,
    accounts: Mapping[str, str],
    currencies: Currencies,
    hash_key: bytes | None,
    window: Window,
    changed_since: datetime | None = None,
) -> LoadedOrders:
    """All that a source holds; `accounts` are the configured names with their settlement currencies.

    `window` and `changed_since` (aware UTC) bind a database's query; files are read whole. The same account and order
    id twice: the later file, then the later row, wins. Raises SourceMissing and SourceUnreadable.
    """
    context = OrderContext(accounts, currencies, hash_key)
    parts: list[ReadRows] = []
    inputs: list[InputFile] = []
    for table in _tables(source, window, changed_since):
        part = rows_of(table, source, context)
        parts.append(part)
        inputs.append(InputFile(source.name, table.name, table.sha256, part.count))
    orders, duplicates = _newest([part.orders for part in parts])
    rejected = c.REJECTED.from_rows(row for part in parts for row in part.rejected)
    ignored: Counter[str] = sum((part.ignored for part in parts), Counter())
    return LoadedOrders(
        orders,
        rejected.drop_duplicates(c.DIGEST, ignore_index=True),
        dict(ignored),
        duplicates,
        tuple(inputs),
    )


def preview(source: OrderSource, *, window: Window, rows: int = 5) -> Preview:
    """The first rows of the first input as text, mapped columns only, customers and addresses masked.

    Raises SourceMissing and SourceUnreadable.
    """
    table = next(iter(_tables(source, window, None)))
    mapped = {theirs: ours for ours, theirs in source.columns.items()}
    shown = [at for at, name in enumerate(table.header) if name in mapped]
    hidden = {at for at in shown if mapped[table.header[at]] == c.CUSTOMER}
    cells = [
        [_MASK if at in hidden and text else redact(text) for text in table.cells[at].slice(0, rows).to_pylist()]
        for at in shown
    ]
    return Preview(table.name, tuple(table.header[at] for at in shown), tuple(zip(*cells, strict=True)))


def _tables(source: OrderSource, window: Window, changed_since: datetime | None) -> Iterable[Table]:
    kind = kinds().get(source.kind)
    if kind is None:
        raise SourceUnreadable(f'[orders.{source.name}] kind "{source.kind}" is not one of {", ".join(kinds())}')
    return kind.tables(source, window, changed_since)


def _newest(parts: list[pd.DataFrame]) -> tuple[pd.DataFrame, dict[str, int]]:
    """The last row of each account and order id, and by account how many earlier ones it replaced."""
    orders = c.ORDER.check(pd.concat(parts, ignore_index=True)) if parts else c.ORDER.empty()
    older = orders.duplicated([c.ACCOUNT, c.ORDER_ID], keep="last")
    counts = orders.loc[older, c.ACCOUNT].value_counts()
    return orders[~older].reset_index(drop=True), {str(name): int(count) for name, count in counts.items()}
