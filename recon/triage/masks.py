"""Says in whole columns which charges some rule may object to.

What it lets pass is what no rule of the groups "Charge alone", "Refunds" and "Disputes and data" objects to.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from recon import columns as c
from recon.arrays import Mask
from recon.methods.deadlines import WITHIN, lapses
from recon.model import Books, ChargeStatus
from recon.settings import Context
from recon.triage.values import charges_at


def doubtful_charges(books: Books, context: Context) -> Mask:
    """Per charge whether a rule on it, its refunds or its disputes may object."""
    charges = books.charges
    late = (charges[c.STATUS] == ChargeStatus.SUCCESSFUL).to_numpy(dtype=bool) & charges[c.WAS_FAILED].to_numpy(bool)
    refunded = charges[c.REFUNDED_AMOUNT].to_numpy(dtype=np.int64)
    more = c.took_money(charges) & (refunded > c.captured_amounts(charges))
    waiting = books.refunds[(books.refunds[c.STATUS] != "closed").to_numpy(dtype=bool)]
    named = {*waiting[c.CHARGE_ID], *_often_refunded(books.refunds), *books.disputes[c.CHARGE_ID]}
    by_others = c.is_in(charges[c.CHARGE_ID], named)
    return np.asarray(_ending(charges, context) | late | more | by_others | _outside_limits(charges, context))


def sent_and_open(transfers: pd.DataFrame) -> Mask:
    """Per transfer whether it is on its way: sent, not paid, neither failed nor deleted."""
    on_its_way = transfers[c.SENT] & ~transfers[c.PAID] & ~transfers[c.DELETED]
    return np.asarray((on_its_way & transfers[c.FAILURE_CODE].isna()).to_numpy(dtype=bool))


def _often_refunded(refunds: pd.DataFrame) -> list[str]:
    """Charges with more than one refund: what counts as many is for the rule to say."""
    ids = refunds[c.CHARGE_ID]
    return list(ids[ids.duplicated()].unique())


def _ending(charges: pd.DataFrame, context: Context) -> Mask:
    """Pending, and at its end or close to it; where nobody knows when it ends, it is not."""
    result = np.zeros(len(charges), dtype=bool)
    pending = np.flatnonzero((charges[c.STATUS] == ChargeStatus.PENDING).to_numpy(dtype=bool))
    within = context.threshold("authorization_expiring", "within", WITHIN)
    for position, charge in zip(pending, charges_at(charges, pending), strict=True):
        end = lapses(charge, context)
        result[position] = end is not None and context.as_of >= end.at - within
    return result


def _outside_limits(charges: pd.DataFrame, context: Context) -> Mask:
    """Successful, and not within the limits of its method; the book is asked once for each kind of charge."""
    names = [c.ACCOUNT, c.METHOD, c.CURRENCY]
    successful = (charges[c.STATUS] == ChargeStatus.SUCCESSFUL).to_numpy(dtype=bool)
    kinds, kind_of = kinds_of(charges, names)
    lows = np.full(len(kinds), np.iinfo(np.int64).min)
    highs = np.full(len(kinds), np.iinfo(np.int64).max)
    for at, (account, method, currency) in enumerate(kinds):
        for name, bounds in (("minimum", lows), ("maximum", highs)):
            region = context.regions.get(account, "")
            figure = context.methods.figure(name, method, account, region, currency=currency)
            if figure is not None:
                bounds[at] = figure.value
    amounts = charges[c.AMOUNT].to_numpy(dtype=np.int64)
    return np.asarray(successful & ((amounts < lows[kind_of]) | (amounts > highs[kind_of])))


def kinds_of(frame: pd.DataFrame, names: list[str]) -> tuple[list[tuple[Any, ...]], npt.NDArray[np.intp]]:
    """The different rows of a few text columns (null is None), and for each row of the frame which of them it is."""
    code = np.zeros(len(frame), dtype=np.int64)
    words = []
    for name in names:
        codes, found = pd.factorize(frame[name], use_na_sentinel=True)
        words.append([*found, None])
        code = code * (len(found) + 1) + np.where(codes < 0, len(found), codes)
    kind_of, unique = pd.factorize(code)
    kinds = []
    for one in unique.tolist():
        parts: list[Any] = []
        for found in reversed(words):
            one, place = divmod(one, len(found))
            parts.append(found[place])
        kinds.append(tuple(reversed(parts)))
    return kinds, np.asarray(kind_of, dtype=np.intp)
