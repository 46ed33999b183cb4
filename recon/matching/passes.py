"""What a matching pass is, and the positions it works on; knows no particular pass."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from recon import columns as c
from recon.settings import MatchSettings

Positions = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


@dataclass
class Board:
    """The state of one matching: all orders and charges, and who is taken by whom (positions, -1 = nobody)."""

    orders: pd.DataFrame
    charges: pd.DataFrame
    pays: Mask  # charges that took money: successful and not voided
    taken_by: Positions  # per charge: its order
    matched_by: npt.NDArray[np.object_]  # per charge: the pass
    shared: dict[int, tuple[int, ...]] = field(default_factory=dict)  # charge -> the other orders that it pays
    ambiguous: dict[int, tuple[int, ...]] = field(default_factory=dict)  # order -> equally good charges

    @classmethod
    def of(cls, orders: pd.DataFrame, charges: pd.DataFrame) -> "Board":
        """An empty board over frames shaped `columns.ORDERS` and `columns.CHARGES`."""
        count = len(charges)
        nobody, no_pass = np.full(count, -1, dtype=np.intp), np.full(count, "", dtype=object)
        return cls(orders, charges, c.took_money(charges), nobody, no_pass)

    @property
    def free(self) -> Mask:
        """Charges that no order has."""
        return self.taken_by < 0

    @property
    def paid(self) -> Mask:
        """Orders that have a charge which took money."""
        return self._orders_of(self.pays)

    @property
    def linked(self) -> Mask:
        """Orders that have any charge."""
        return self._orders_of(np.ones(len(self.charges), dtype=bool))

    def _orders_of(self, charges: Mask) -> Mask:
        found = np.zeros(len(self.orders), dtype=bool)
        found[self.taken_by[~self.free & charges]] = True
        found[[order for charge, others in self.shared.items() if charges[charge] for order in others]] = True
        return found

    def link(self, orders: Positions, charges: Positions, name: str) -> None:
        """Give each charge to its order; a charge is given once."""
        assert self.free[charges].all(), "a charge is used once"
        assert len(np.unique(charges)) == len(charges), "a charge is used once"
        self.taken_by[charges] = orders
        self.matched_by[charges] = name

    def share(self, orders: list[int], charge: int, name: str) -> None:
        """Give one charge to several orders that it pays together; the first by order id stands for them."""
        ids = self.orders[c.ORDER_ID]
        first, *others = sorted(orders, key=lambda order: str(ids.iloc[order]))
        self.link(np.array([first], dtype=np.intp), np.array([charge], dtype=np.intp), name)
        self.shared[charge] = tuple(others)


@dataclass(frozen=True)
class Scope:
    """Where a pass looks: orders and charges of one account, or orders of one and free charges of the others."""

    orders: Positions
    charges: Positions
    crossing: bool = False


@dataclass(frozen=True)
class Pass:
    """One way to find an order's charges: `run` links on the board within a scope.

    A pass with `crosses` also looks for an unpaid order's charge in other accounts (by exact names only).
    """

    name: str
    rank: int  # lower is more certain
    run: Callable[[Board, Scope, MatchSettings], None]
    crosses: bool = False


def own_scopes(board: Board) -> Iterator[Scope]:
    """Each account with its own charges."""
    order_accounts = board.orders[c.ACCOUNT].to_numpy(dtype=object)
    charge_accounts = board.charges[c.ACCOUNT].to_numpy(dtype=object)
    for account in sorted(set(order_accounts)):
        yield Scope(np.flatnonzero(order_accounts == account), np.flatnonzero(charge_accounts == account))


def crossing_scopes(board: Board) -> Iterator[Scope]:
    """Each account's orders that no charge pays, with the charges of other accounts that took money for nobody."""
    order_accounts = board.orders[c.ACCOUNT].to_numpy(dtype=object)
    charge_accounts = board.charges[c.ACCOUNT].to_numpy(dtype=object)
    for account in sorted(set(order_accounts)):
        orders = np.flatnonzero((order_accounts == account) & ~board.paid)
        charges = np.flatnonzero((charge_accounts != account) & board.free & board.pays)
        if len(orders) and len(charges):
            yield Scope(orders, charges, crossing=True)


def unique_lookup(keys: "pd.Series[str]", wanted: "pd.Series[str]") -> Positions:
    """Per wanted key the position of its only equal in `keys`; -1 where none, several, or null."""
    usable = ~(keys.duplicated(keep=False) | keys.isna()).to_numpy()
    positions = np.flatnonzero(usable)
    found = pd.Index(keys.to_numpy(dtype=object)[positions]).get_indexer(pd.Index(wanted.to_numpy(dtype=object)))
    hit = (found >= 0) & wanted.notna().to_numpy()
    result = np.full(len(wanted), -1, dtype=np.intp)
    result[hit] = positions[found[hit]]
    return result

