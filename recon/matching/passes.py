"""What a matching pass is, and the positions it works on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from recon import columns as c
from recon.arrays import Mask, Positions
from recon.columnar import np, npt, pd
from recon.settings import MatchSettings


@dataclass
class Board:
    """The state of one matching: all orders and charges, and who is taken by whom (positions, -1 = nobody)."""

    orders: pd.DataFrame
    charges: pd.DataFrame
    recorded: pd.DataFrame  # the links of earlier runs, shaped `columns.LINKS`
    order_accounts: Positions  # comparable codes
    charge_accounts: Positions
    pays: Mask  # charges that took money: successful and not voided
    taken_by: Positions  # per charge: its order
    matched_by: npt.NDArray[np.object_]  # per charge: the pass
    names_order: Mask  # charges that name an order, be it one that nobody knows
    shared: dict[int, tuple[int, ...]] = field(default_factory=dict)  # charge -> the other orders that it pays
    ambiguous: dict[int, tuple[int, ...]] = field(default_factory=dict)  # order -> equally good charges
    unnamed: dict[int, int] = field(default_factory=dict)  # order -> how many more, too many to be named
    contested: set[int] = field(default_factory=set)  # the charges that these are

    @classmethod
    def of(cls, orders: pd.DataFrame, charges: pd.DataFrame, recorded: pd.DataFrame) -> Board:
        """An empty board over frames shaped `columns.ORDERS`, `columns.CHARGES` and `columns.LINKS`."""
        count = len(charges)
        accounts = c.word_codes(orders[c.ACCOUNT], charges[c.ACCOUNT])
        named = (charges[c.ORDER_REF].notna() | charges[c.SOURCE_REFS].notna()).to_numpy(dtype=bool, copy=True)
        nobody = np.full(count, -1, dtype=np.intp)
        no_pass = np.full(count, "", dtype=object)
        return cls(orders, charges, recorded, *accounts, c.took_money(charges), nobody, no_pass, named)

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

    def places(self, links: pd.DataFrame) -> tuple[Positions, Positions]:
        """Per link (`columns.LINKS`) the places of its order and of its charge; -1: it is not on this board."""
        orders = Names(links[c.ORDER_ID], self._account_codes(links[c.ORDER_ACCOUNT]))
        charges = Names(links[c.CHARGE_ID], self._account_codes(links[c.CHARGE_ACCOUNT]))
        known_orders = Names(self.orders[c.ORDER_ID], self.order_accounts)
        known_charges = Names(self.charges[c.CHARGE_ID], self.charge_accounts)
        return lookup(known_orders, orders), lookup(known_charges, charges)

    def _account_codes(self, accounts: pd.Series[str]) -> Positions:
        """Account names as the codes of this board; an account that it does not have is -1."""
        names = pd.concat([self.orders[c.ACCOUNT], self.charges[c.ACCOUNT]], ignore_index=True)
        codes = np.concatenate([self.order_accounts, self.charge_accounts])
        first = np.flatnonzero(~names.duplicated().to_numpy())
        code_of = dict(zip(names.iloc[first], codes[first].tolist(), strict=True))
        return np.array([code_of.get(name, -1) for name in accounts], dtype=np.intp)

    def _orders_of(self, charges: Mask) -> Mask:
        with_charge = c.mask_at(self.taken_by[~self.free & charges], len(self.orders))
        with_charge[
            [order for charge, other_orders in self.shared.items() if charges[charge] for order in other_orders]
        ] = True
        return with_charge

    def link(self, orders: Positions, charges: Positions, name: str) -> None:
        """Give each charge to its order; a charge is given once."""
        free = np.count_nonzero(self.free)
        assert self.free[charges].all(), "a charge is used once"
        self.taken_by[charges] = orders
        self.matched_by[charges] = name
        assert np.count_nonzero(self.free) == free - len(charges), "a charge is used once"

    def share(self, orders: Iterable[int], charge: int, name: str) -> None:
        """Give one charge, be it one's already, to all orders that it pays; the first by order id stands for them."""
        ids = self.orders[c.ORDER_ID]
        first, *other_orders = sorted(set(orders), key=lambda order: str(ids.iloc[order]))
        self.matched_by[charge] = name
        self.taken_by[charge] = first
        self.shared[charge] = tuple(other_orders)

    def doubt(self, order: int, charge: int) -> None:
        """Name one more charge that could be the order's; nothing is linked."""
        candidates = self.ambiguous.get(order, ())
        if charge not in candidates:
            self.ambiguous[order] = (*candidates, charge)

    def still_ambiguous(self) -> dict[int, tuple[int, ...]]:
        """Orders that nothing was linked to, each with the charges that still could be theirs."""
        linked = self.linked
        free = self.free
        undecided = {
            order: tuple(charge for charge in candidates if free[charge])
            for order, candidates in self.ambiguous.items()
        }
        return {order: candidates for order, candidates in undecided.items() if candidates and not linked[order]}


@dataclass(frozen=True)
class Pass:
    """One way to find an order's charges: `run` links on the board, inside each account.

    A pass with `cross` also looks for an unpaid order's charge in other accounts (by exact names only).
    """

    name: str
    rank: int  # lower is more certain
    run: Callable[[Board, MatchSettings], None]
    cross: Callable[[Board, MatchSettings], None] | None = None


@dataclass(frozen=True)
class Names:
    """A column of ids with the account of each."""

    ids: pd.Series[str]
    accounts: Positions

    @classmethod
    def of(cls, ids: pd.Series[str], accounts: Positions, at: Positions) -> Names:
        """The rows at some positions."""
        return cls(ids.iloc[at], accounts[at])

    def everywhere(self) -> Names:
        """The same ids as if all accounts were one."""
        return Names(self.ids, np.zeros_like(self.accounts))


def lookup(known_names: Names, wanted: Names) -> Positions:
    """Per wanted id the position of its only equal in its account; -1 where none, several, or null."""
    result = np.full(len(wanted.ids), -1, dtype=np.intp)
    if not len(known_names.ids) or not len(wanted.ids):
        return result
    if len(wanted.ids) * 4 < len(known_names.ids):
        at = np.flatnonzero(c.is_in(known_names.ids, wanted.ids))
        if not len(at):
            return result
        row = lookup(Names.of(known_names.ids, known_names.accounts, at), wanted)
        return np.where(row >= 0, at[row], -1)
    if (places := c.only_places(known_names.ids, wanted.ids)) is not None:
        same_account = (wanted.accounts >= 0) & (known_names.accounts[places] == wanted.accounts)
        return np.where((places >= 0) & same_account, places, -1)
    keys, sought = c.joint_codes(known_names.ids, wanted.ids)
    usable = np.flatnonzero(keys >= 0)
    hit = np.flatnonzero((sought >= 0) & (wanted.accounts >= 0))
    accounts = 1 + int(max(np.max(known_names.accounts), np.max(wanted.accounts)))
    keys = keys[usable] * accounts + known_names.accounts[usable]
    sought = sought[hit] * accounts + wanted.accounts[hit]
    place = np.full(1 + int(max(np.max(keys, initial=-1), np.max(sought, initial=-1))), -1, dtype=np.intp)
    place[keys] = usable
    place[keys[place[keys] != usable]] = -1
    result[hit] = place[sought]
    return result


def agreeing_amounts(board: Board, orders: Positions, charges: Positions, settings: MatchSettings) -> Mask:
    """Per pair whether currency and amount are the same, within the tolerance."""
    if not len(orders):
        return np.zeros(0, dtype=bool)
    captured = c.captured_amounts(board.charges)[charges]
    expected = board.orders[c.AMOUNT].to_numpy(dtype=np.int64)[orders]
    charge_currencies = board.charges[c.CURRENCY].iloc[charges]
    order_currencies = board.orders[c.CURRENCY].iloc[orders]
    order_codes, charge_codes = c.word_codes(order_currencies, charge_currencies)
    near = np.abs(captured - expected) <= c.slack(order_currencies, expected, settings.tolerance)
    return np.asarray((order_codes == charge_codes) & near)
