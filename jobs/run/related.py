"""Loads what a run's range concerns, and says which links it found for what it looked at; judges nothing."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import numpy as np
import pandas as pd

from jobs.run.question import Question
from recon import columns as c
from recon.arrays import Mask
from recon.calendars import joined, outside, within
from recon.matching import links
from recon.matching.by_description import names
from recon.model import Books, Window
from recon.model.rulings import Ruling
from recon.settings import MatchSettings
from recon.store.engine import Store
from recon.store.related.load import load_near
from recon.store.related.names import MANY, Reading, named_windows, read_ahead
from recon.store.related.range import Near
from recon.store.runs import record
from recon.store.runs.links import Links, judged_windows
from recon.store.versions import load
from recon.triage import Judged
from recon.triage.scope import Known, Range, created_in_range

# By amount and time a pair decides about its neighbours, and these about theirs, in each of the two passes.
_FAR = 4


def books_of(store: Store, question: Question, what: Range, by_hand: Sequence[Ruling]) -> tuple[Books, pd.DataFrame]:
    """The books of a question: of what is known now what its range concerns, of a moment in the past all of it."""
    keys = {"metadata_keys": question.metadata_keys, "customer_keys": question.customer_keys}
    if question.whole or question.versions_at is not None or not question.asked:
        books = load.load_books(store, question.as_of, versions_at=question.versions_at, **keys)
        return books, load.load_matches(store, list(question.all_accounts))
    settings = question.match_settings
    near = Near(
        replace(what, known={name: one for name in what.accounts if (one := known_of(store, name))}),
        reach=_FAR * settings.window,
        names=partial(names_of, settings=settings),
        judged=judged_windows(store),
        hands=[(one.order_id, one.charge_id) for one in by_hand],
        named=named_windows(store, _rules(question)),
    )
    return load_near(store, question.as_of, near, **keys)


def read_names(store: Store, question: Question, now: datetime, many: int = MANY) -> int:
    """Reads once, and writes down, which orders far charges name that no run judged; how many charges it read.

    Not needed by any run, but the next ones then need not read them again; `many` as `near_names.read_ahead` has it.
    """
    if question.whole or question.versions_at is not None or not question.asked:
        return 0
    settings, accounts = question.match_settings, question.all_accounts
    what = Range(accounts, {asked.account.name: asked.window for asked in question.asked})
    names = partial(names_of, settings=settings)
    near, judged = Near(what, _FAR * settings.window, names), judged_windows(store)
    wanted = {account: outside(near.beyond(account), judged.get(account, ())) for account in accounts}
    how = Reading(question.as_of, question.metadata_keys, names, _rules(question))
    return read_ahead(store, wanted, how, now, many)


def _rules(question: Question) -> str:
    """All that decides which orders a charge names."""
    patterns = sorted((name, one.pattern, one.flags) for name, one in question.match_settings.patterns.items())
    return json.dumps([list(question.metadata_keys), patterns])


def known_of(store: Store, account: str) -> Known | None:
    """What was known of an account when its last run was recorded; None before the first."""
    last = record.last_run(store, account)
    if last is None:
        return None
    pulled = load.complete_windows(store, account, "charge")
    return Known(last.recorded_at, joined([window for window, at in pulled if at <= last.recorded_at]))


def links_of(judged: Judged, before: pd.DataFrame, what: Range, settings: MatchSettings) -> Links:
    """The links of what the run looked at: of what was created in its range, and of what it judged."""
    books, matching = judged.books, judged.matching
    orders = judged.scope.orders | created_in_range(books.orders, what)
    charges = judged.scope.charges | created_in_range(books.charges, what)
    now = links(books.orders, books.charges, matching)
    ours = orders[matching.orders] | charges[matching.charges]
    looked = _keys(books.orders[orders], c.ACCOUNT, c.ORDER_ID), _keys(books.charges[charges], c.ACCOUNT, c.CHARGE_ID)
    theirs = c.is_in(_keys(before, c.ORDER_ACCOUNT, c.ORDER_ID), looked[0])
    theirs |= c.is_in(_keys(before, c.CHARGE_ACCOUNT, c.CHARGE_ID), looked[1])
    return Links(
        now[ours].reset_index(drop=True),
        before[theirs].reset_index(drop=True),
        _loose(judged, charges, settings),
        {name: _trusted(window, what.covered.get(name, ()), books) for name, window in what.windows.items()},
    )


def _loose(judged: Judged, looked: Mask, settings: MatchSettings) -> list[tuple[str, str, str]]:
    """Of these charges those that nothing links, as `Links` has them."""
    charges, alone = judged.books.charges, looked.copy()
    alone[judged.matching.charges] = False
    own = charges[alone].reset_index(drop=True)
    named = names_of(own, settings)
    nameless = np.zeros(len(charges), dtype=bool)
    nameless[list(judged.matching.loose)] = True
    at = np.concatenate([named[c.ROW].to_numpy(), np.flatnonzero(nameless[alone])])
    words = [*named[c.ORDER_REF], *[""] * (len(at) - len(named))]
    found = zip(own[c.ACCOUNT].iloc[at], own[c.CHARGE_ID].iloc[at], words, strict=True)
    return sorted(set(found))


def names_of(charges: pd.DataFrame, settings: MatchSettings) -> pd.DataFrame:
    """The orders' ids that charges may name, as `recon.matching.by_description.names` gives them."""
    return names(charges, settings.patterns.values())


def _trusted(window: Window, covered: Sequence[Window], books: Books) -> tuple[Window, ...]:
    """What of a window had been pulled and lies before the as-of moment."""
    past = Window(window.start, min(window.end, books.as_of))
    return within([past], covered) if past.start < past.end else ()


def _keys(frame: pd.DataFrame, account: str, key: str) -> "pd.Series[str]":
    return frame[account] + "\x1f" + frame[key]
