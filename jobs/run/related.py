"""Loads what a run's range concerns, and says which links it found for what it looked at."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any

from jobs.run.judging_request import JudgingRequest
from recon import columns as c
from recon.arrays import Mask
from recon.calendars import within
from recon.columnar import pd
from recon.matching import links
from recon.matching.names import key_groups, names, plugins
from recon.model import Books, Window
from recon.model.rulings import Ruling
from recon.settings import MatchSettings
from recon.store.engine import Store
from recon.store.related.charge_names import NameRules
from recon.store.related.load import load_related
from recon.store.related.orders_and_charges import LoadScope
from recon.store.runs import record
from recon.store.runs.links import Links
from recon.store.versions import load
from recon.triage import Judged
from recon.triage.scope import LastRunState, Range, created_in_range

# By amount and time a pair decides about its neighbours, and these about theirs, in each of the two passes.
_FAR = 4


def books_of(
    store: Store,
    request: JudgingRequest,
    what: Range,
    by_hand: Sequence[Ruling],
    judged: Mapping[str, tuple[Window, ...]],
) -> tuple[Books, pd.DataFrame]:
    """The books of a request: of what is known now what its range concerns, of a moment in the past all of it.

    `judged`: by account the creation times that earlier runs looked at.
    """
    settings = request.match_settings
    keys = load.MetadataKeys(settings.metadata_keys, key_groups(settings), request.customer_keys)
    if request.whole or request.versions_at is not None or not request.accounts:
        books = load.load_books(store, request.as_of, versions_at=request.versions_at, keys=keys)
        return books, load.load_matches(store, list(request.all_accounts))
    other_accounts = [name for name in what.accounts if name not in what.last_runs]
    scope = LoadScope(
        replace(what, last_runs={**what.last_runs, **last_run_states(store, other_accounts, judged)}),
        reach=_FAR * settings.window,
        rules=name_rules(settings),
        judged=judged,
        linked_by_hand=[(ruling.order_id, ruling.charge_id) for ruling in by_hand],
    )
    return load_related(store, request.as_of, scope, keys=keys)


def name_rules(settings: MatchSettings) -> NameRules:
    """By which rules charges name orders: the keys of metadata, and words, patterns and plug-ins' descriptions."""
    patterns = sorted((source, pattern.pattern) for source, pattern in settings.patterns.items())
    groups = key_groups(settings)
    written = sorted(plugin.description for plugin in plugins().values())
    text = json.dumps([settings.metadata_keys, groups, patterns, written])
    return NameRules(
        digest=sha256(text.encode()).hexdigest(),
        refs_of=partial(_refs_of, keys=settings.metadata_keys, groups=groups),
        names_of=partial(names, settings=settings),
        sources_with_keys=frozenset(settings.source_keys),
    )


def _refs_of(
    metadata: str | None, keys: Sequence[str], groups: Sequence[Sequence[str]]
) -> tuple[str | None, str | None]:
    """A charge's `order_ref` and `source_refs`, as `load_books` reads them."""
    values = json.loads(metadata) if metadata else {}
    of_groups = [_first_value(values, group) or "" for group in groups]
    return _first_value(values, keys), c.REFS_SEPARATOR.join(of_groups) if any(of_groups) else None


def _first_value(values: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    """The first of the keys with a value that is not empty."""
    for key in keys:
        value = values.get(key)
        if value is not None and value != "":
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return None


def last_run_states(
    store: Store, accounts: Iterable[str], judged: Mapping[str, Sequence[Window]]
) -> dict[str, LastRunState]:
    """By account what was known when its last run looked at it, of those that had one.

    `judged`: by account the creation times that earlier runs looked at. What was made after all of them waits for no
    run's sake: it is of days that no run had.
    """
    states = {}
    for account in accounts:
        last = record.last_run(store, account)
        if last is None:
            continue
        covered = load.covered(store, account, "charge", last.looked_at)
        end = max((window.end for window in judged.get(account, ())), default=last.as_of)
        waits = Window(last.waits_from, end) if last.waits_from else None  # paid since its start, made before its end
        states[account] = LastRunState(last.looked_at, covered, waits)
    return states


def links_of(judged: Judged, before: pd.DataFrame, what: Range) -> Links:
    """The links of what the run looked at: of what was created in its range, and of what it judged."""
    books = judged.books
    matching = judged.matching
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
        _unmatched(judged, charges),
        {name: _trusted(window, what.covered.get(name, ()), books) for name, window in what.windows.items()},
    )


def _unmatched(judged: Judged, looked: Mask) -> list[tuple[str, str]]:
    """Of these charges those that nothing links and that name no order, as `Links` has them."""
    positions = [charge for charge in judged.matching.loose if looked[charge]]
    charges = judged.books.charges.iloc[positions]
    return sorted(zip(charges[c.ACCOUNT], charges[c.CHARGE_ID], strict=True))


def _trusted(window: Window, covered: Sequence[Window], books: Books) -> tuple[Window, ...]:
    """What of a window had been pulled and lies before the as-of moment."""
    past = Window(window.start, min(window.end, books.as_of))
    return within([past], covered) if past.start < past.end else ()


def _keys(frame: pd.DataFrame, account: str, key: str) -> pd.Series[str]:
    return frame[account] + "\x1f" + frame[key]
