"""What could not be read, as another's pair: orders that an odd charge may pay, charges of orders in odd rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recon import columns as c
from recon.arrays import Mask, Positions
from recon.columnar import np, pd
from recon.matching.names import names
from recon.model import Matching
from recon.settings import MatchSettings


def orders_of(
    kept_aside: pd.DataFrame, orders: pd.DataFrame, charges: pd.DataFrame, matching: Matching, settings: MatchSettings
) -> Mapping[int, Positions]:
    """Per row of `columns.KEPT_ASIDE` that is a charge the places of the orders that it may explain, if any.

    Orders that another charge pays want no explanation.
    """
    at = np.flatnonzero(c.equals(kept_aside, c.KIND, "charge")).tolist()
    if not at:
        return {}
    seeking = _Seeking(orders, charges, matching, settings, kept_aside)
    explained = {row: np.flatnonzero(seeking.of(kept_aside.iloc[row])) for row in at}
    return {row: places for row, places in explained.items() if len(places)}


def charges_of(rejected: pd.DataFrame, charges: pd.DataFrame, free: Mask, settings: MatchSettings) -> Positions:
    """The places of charges whose order may stand in a row that could not be read (`c.REJECTED`).

    They name it, or it names them; where it names nothing they are `free` and like what is known of it.
    """
    rejected = rejected[~rejected[c.SOURCE].str.startswith(c.BANK_ROW).to_numpy(dtype=bool)]
    named_rows = (rejected[c.ORDER_ID].notna() | rejected[c.CHARGE_ID].notna()).to_numpy(dtype=bool)
    rows = rejected[named_rows]
    result = _like_nameless(rejected[~named_rows], charges, free, settings)
    if not len(rows):
        return np.flatnonzero(result)
    places, texts = names(charges[c.ORDER_REF], charges[c.SOURCE_REFS], charges[c.DESCRIPTION], settings)
    order_names = texts.to_pandas()
    for account, own in rows.groupby(rows[c.ACCOUNT].fillna(""), sort=True):
        named = c.is_in(charges[c.CHARGE_ID], own[c.CHARGE_ID]).copy()
        named[places[c.is_in(order_names, own[c.ORDER_ID])]] = True
        result |= named & c.of_account(charges, str(account)) if account else named
    return np.flatnonzero(result)


def _like_nameless(rows: pd.DataFrame, charges: pd.DataFrame, free: Mask, settings: MatchSettings) -> Mask:
    """Free charges that agree with a row's account, currency, amount and time, as far as these are known of it."""
    result = np.zeros(len(charges), dtype=bool)
    if not len(rows) or not free.any():
        return result
    captured = c.captured_amounts(charges)
    places = np.flatnonzero(free)
    places = places[np.argsort(captured[places], kind="stable")]
    amounts = captured[places]
    accounts = charges[c.ACCOUNT].iloc[places].to_numpy(dtype=object)
    currencies = charges[c.CURRENCY].iloc[places].to_numpy(dtype=object)
    made = charges[c.CREATED_AT].iloc[places].to_numpy(dtype="datetime64[us]")
    window = np.timedelta64(settings.window)
    keys = [c.SOURCE, c.ACCOUNT, c.CURRENCY, c.AMOUNT]
    for _, alike in rows.groupby(keys, dropna=False, sort=False):
        row = alike.iloc[0]
        near = slice(0, len(places))
        if not pd.isna(row[c.AMOUNT]):
            amount = int(row[c.AMOUNT])
            slack = int(c.slack(alike[c.CURRENCY], np.full(len(alike), amount), settings.tolerance)[0])
            least = 0 if row[c.SOURCE] in settings.split_sources else amount - slack
            near = slice(*np.searchsorted(amounts, [least, amount + slack + 1]).tolist())
        may_be = np.ones(len(places[near]), dtype=bool)
        if account := _text(row[c.ACCOUNT]):
            may_be &= accounts[near] == account
        if currency := _text(row[c.CURRENCY]):
            may_be &= currencies[near] == currency
        if alike[c.CREATED_AT].notna().all():
            moments = np.sort(alike[c.CREATED_AT].to_numpy(dtype="datetime64[us]"))
            first = np.searchsorted(moments, made[near] - window)
            may_be &= first < np.searchsorted(moments, made[near] + window, side="right")
        result[places[near][may_be]] = True
    return result


class _Seeking:
    """What every charge that was kept aside is held against."""

    def __init__(
        self,
        orders: pd.DataFrame,
        charges: pd.DataFrame,
        matching: Matching,
        settings: MatchSettings,
        kept_aside: pd.DataFrame,
    ) -> None:
        self._orders = orders
        self._settings = settings
        self._links = matching.orders, charges[c.CHARGE_ID].to_numpy(dtype=object)[matching.charges]
        stale = c.is_in(charges[c.CHARGE_ID], kept_aside[c.OBJECT_ID])
        pays = c.took_money(charges) & ~stale
        self._unpaid = self._not_paid_by(pays, charges, matching)
        self._unlinked = np.ones(len(orders), dtype=bool)
        self._unlinked[matching.orders] = False
        self._known = set(charges[c.CHARGE_ID])

    def _not_paid_by(self, pays: Mask, charges: pd.DataFrame, matching: Matching) -> Mask:
        """Orders that no such charge pays; of those that several may pay, that all together do not."""
        orders = self._orders
        paying = pays[matching.charges]
        captured = c.captured_amounts(charges)[matching.charges[paying]]
        paid = c.sums_at(matching.orders[paying], len(orders), captured)
        expected = orders[c.AMOUNT].to_numpy(dtype=np.int64)
        slack = c.slack(orders[c.CURRENCY], expected, self._settings.tolerance)
        several = c.is_in(orders[c.SOURCE], self._settings.split_sources)
        result = several & (paid < expected - slack)
        result[np.setdiff1d(np.arange(len(orders)), matching.orders[paying])] = True
        return result

    def of(self, charge: pd.Series[Any]) -> Mask:
        """Orders that it may explain."""
        charge_id = _text(charge[c.OBJECT_ID])
        named = self._named(charge)
        linked = np.zeros(len(self._orders), dtype=bool)
        if charge_id:
            places, ids = self._links
            linked[places[ids == charge_id]] = True
            linked |= c.equals(self._orders, c.CHARGE_ID, charge_id)
        if named.any() or linked.any() or _text(charge[c.ORDER_REF]) or _text(charge[c.SOURCE_REFS]):
            return (named | linked) & self._unpaid
        return self._pairs(charge, charge_id)

    def _named(self, charge: pd.Series[Any]) -> Mask:
        """Orders whose ids or references its metadata or its description hold, those of its own account first."""
        order_refs = [_text(charge[c.ORDER_REF])]
        source_refs = [_text(charge[c.SOURCE_REFS])]
        _, texts = names(order_refs, source_refs, [_text(charge[c.DESCRIPTION])], self._settings)
        order_names = set(texts.to_pylist())
        named = self._orders[c.ORDER_ID].isin(order_names).to_numpy(dtype=bool, copy=True)
        at, references = c.references_of(self._orders[c.REFERENCE])
        named[at[references.isin(order_names).to_numpy(dtype=bool)]] = True
        own = named & c.of_account(self._orders, charge[c.ACCOUNT])
        return own if own.any() else named

    def _pairs(self, charge: pd.Series[Any], charge_id: str | None) -> Mask:
        """Orders without a charge that the passes by amount and time could link with it."""
        orders = self._orders
        window = self._settings.window
        made = orders[c.CREATED_AT]
        named = orders[c.CHARGE_ID]
        near = (made >= charge[c.CREATED_FROM] - window) & (made <= charge[c.CREATED_TO] + window)
        result = near.to_numpy(dtype=bool) & self._unlinked & c.of_account(orders, charge[c.ACCOUNT])
        result &= c.expects_charge(orders) & (orders[c.AMOUNT] != 0).to_numpy(dtype=bool)
        result &= (named.isna() if charge_id else ~named.isin(self._known)).to_numpy(dtype=bool)
        if currency := _text(charge[c.CURRENCY]):
            result &= c.equals(orders, c.CURRENCY, currency)
        if not pd.isna(charge[c.AMOUNT]):
            expected = orders[c.AMOUNT].to_numpy(dtype=np.int64)
            slack = c.slack(orders[c.CURRENCY], expected, self._settings.tolerance)
            result &= np.abs(expected - int(charge[c.AMOUNT])) <= slack
        return np.asarray(result)


def _text(cell: object) -> str | None:
    return cell if isinstance(cell, str) and cell else None
