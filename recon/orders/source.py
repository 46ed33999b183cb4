"""What an order source is and what reading one gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from recon.columnar import pd
from recon.expressions import Expression
from recon.model import InputFile, Window
from recon.tabular.faults import RejectedShare
from recon.tabular.keys import Key
from recon.tabular.layout import Layout
from recon.tabular.recognition.look import Look
from recon.tabular.table import Table

ORDERS_PLACE = "orders."
CANCELLED_AT = "cancelled_at"  # a field of the file alone: where it is filled, the order is cancelled


@dataclass(frozen=True, kw_only=True)
class OrderSource:
    """The settings of one `[orders.NAME]`; `settings` are the values of the keys that its kind declares.

    `layout` is how its tables are written, `statuses` ours -> the shop's words, `ignore` a column (ours or theirs) ->
    the values whose rows are counted and left out. The account is `account`, or the one that settles in the order's
    currency (`account_by`), else it stands in the account column. `first_rows`: of the rows with one id the first is
    the order. An order's id is the one group of its `order_id_pattern`, which the cell must match whole. Of the rows
    that are not ignored `max_rejected` percent may be unreadable.
    """

    name: str
    kind: str
    layout: Layout
    statuses: Mapping[str, tuple[str, ...]]
    zone: ZoneInfo
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)  # may hold a password
    ignore: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    account: str | None = None
    account_by: Literal["currency"] | None = None
    first_rows: bool = False
    order_id_pattern: Expression | None = None
    max_rejected: Decimal = Decimal(5)

    @property
    def place(self) -> str:
        """Where the configuration has it."""
        return f"{ORDERS_PLACE}{self.name}"


@dataclass(frozen=True)
class LoadedOrders:
    """What a source held: `orders` and `rejected` are shaped by `recon.columns`, one row per order or bad row.

    `ignored` counts rows left out by account ("" where a row names none that is known); `duplicates` counts rows that
    a later row of the same account and order id replaced. `share` is what could not be read of all other rows;
    `lacking` says which files were kept aside since they have not the columns of the others.
    """

    orders: pd.DataFrame
    rejected: pd.DataFrame
    ignored: Mapping[str, int]
    duplicates: Mapping[str, int]
    inputs: tuple[InputFile, ...]
    share: RejectedShare
    lacking: tuple[str, ...] = ()
    encodings: tuple[str, ...] = ()  # that text files were read in
    look: Look | None = None  # of the first table


@dataclass(frozen=True)
class OrderKind:
    """A kind of source, declared once as KIND in its module; `tables` gives its inputs in reading order."""

    name: str
    tables: Callable[[OrderSource, Window, datetime | None], Iterable[Table]]
    keys: tuple[Key, ...] = ()
