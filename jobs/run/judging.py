"""From stored books to results: load, match, triage, judge, carry, sum up; asks no source and writes nothing."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any

import numpy as np
import pandas as pd

from jobs.run.question import Asked, Question
from jobs.run.related import books_of, known_of, links_of
from jobs.run.settling import AT_THE_BANK, Settled, settle, with_settlement
from recon import columns as c
from recon.calendars import joined
from recon.matching import match
from recon.matching.by_hand import changed_links, with_hand_links
from recon.model import CLOSED, Break, KnownBreak, Result
from recon.model.rulings import Ended, Kind, Ruling, Stand
from recon.result import Intake, Lives, summarise
from recon.rules import judge
from recon.rules.charges import CODES as ALONE
from recon.rules.charges import strange_methods
from recon.rules.data import BANK_LINE_INVALID, incomplete_source, invalid_rows
from recon.rulings.life import Carried, Said, carry
from recon.rulings.opening_items import Items, not_covered, standing_of
from recon.rulings.patterns import as_ignore, ignored_by
from recon.settings import Context
from recon.store.desk import opening, rulings
from recon.store.engine import Store
from recon.store.runs import record
from recon.store.runs.links import Links
from recon.store.versions import load
from recon.triage import Judged, triage
from recon.triage.scope import Range, scope

_TOGETHER = 2  # accounts summed up side by side


@dataclass(frozen=True)
class Findings:
    """Results by account, and what the store must write of breaks and links."""

    results: tuple[Result, ...] = ()
    carried: Carried | None = None
    links: Links = field(default_factory=Links)
    pulled: bool = True
    current: bool = True  # false: a look at the past, which rewrites no links
    again: "_Again | None" = None

    @property
    def found(self) -> list[str] | None:
        """Ids of every break that was found."""
        return [one.id for one in self.again.found] if self.again else None


def find(store: Store, question: Question) -> Findings:
    """Judge every asked account over one state of the store."""
    with _collector_paused():
        return _find(store, question)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A hundred thousand frozen values hold no cycles: looking for them takes a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _find(store: Store, question: Question) -> Findings:
    known = record.breaks_to_carry(store) if question.known is None else question.known
    current, lasting, items = _is_current(store, question), _lasting(store, question), opening.load(store)
    by_hand = [one for one in lasting if one.kind == Kind.LINK]
    what = replace(_range(store, question, known), opening=frozenset(items))
    books, recorded = books_of(store, question, what, by_hand)
    changed = changed_links(by_hand, books.orders, books.charges)
    keeps = current or question.known is not None
    links = recorded if keeps else c.LINKS.empty()
    links = with_hand_links(links, [one for one in by_hand if one.id not in changed])
    matching = match(books.orders, books.charges, question.match_settings, links)
    seen = scope(books, matching, what)
    judged = Judged(books, matching, seen, triage(books, matching, seen, question.context))
    names = {asked.account.name for asked in question.asked}
    accounts = [asked.account for asked in question.asked]
    with ThreadPoolExecutor(_TOGETHER) as pool:  # columns and values: hardly in each other's way
        settling = pool.submit(settle, judged, accounts, question.context)
        cases = list(_case_breaks(judged, question.context))
        settled = settling.result()
    told = (one for one in cases if not settled.speaks_of(one))
    found = [*told, *settled.breaks, *_data_breaks(judged, question, names)]
    whose: set[str | None] = {*names, *([None] if any(asked.unassigned for asked in question.asked) else [])}
    found = [one for one in found if one.account in whose]
    there_again = record.breaks_to_carry(store, {one.id for one in found}) if question.known is None else ()
    ours = [one for one in (*known, *there_again) if one.found.account in whose]
    again = _Again(
        found,
        _Judges(judged, settled, question, ours),
        question.as_of,
        {name: one.zone for name, one in question.all_accounts.items()},
        items,
        changed if current else {},
    )
    carried = again(ours, lasting)
    with ThreadPoolExecutor(_TOGETHER) as pool:
        results = tuple(pool.map(lambda asked: _result(asked, judged, settled, carried, question), question.asked))
    found_links = links_of(judged, recorded, what, question.match_settings) if current else Links()
    ever_pulled = any(map(len, what.covered.values()))
    return Findings(results, carried, found_links, ever_pulled, current, again)


def _lasting(store: Store, question: Question) -> list[Ruling]:
    """The patterns and links that the run goes by: those in force; at a moment, of these what had been ruled then."""
    at = question.versions_at
    return [one for one in rulings.lasting(store) if at is None or one.at <= at]


@dataclass(frozen=True)
class _Again:
    """Carries what was found from whatever is known of the breaks: once to report, and again when it is recorded."""

    found: Sequence[Break]
    is_judged: "_Judges"
    as_of: datetime
    zones: Mapping[str, tzinfo]
    items: Items
    changed: Mapping[int, str]  # links by hand whose order or charge is not what it was

    def __call__(self, known: Sequence[KnownBreak], lasting: Sequence[Ruling]) -> Carried:
        """Shaped as `recon.store.record.Again`."""
        whose = {one.found.id for one in known}
        fallen = [
            (one.break_id, Ended(one.id, Stand.FELL, self.changed[one.id]))
            for one in lasting
            if one.id in self.changed and one.break_id in whose
        ]
        said = Said(self.zones, fallen=fallen)
        patterns = [as_ignore(one) for one in lasting if one.kind == Kind.IGNORE]
        ignored = ignored_by(patterns, lambda account: said.today(account, self.as_of))
        rests = replace(said, expected=ignored)
        if self.items:
            rests = replace(
                said,
                expected=lambda one: ignored(one) or standing_of(one, self.items),
                remark=lambda one: not_covered(one, self.items),
            )
        return carry(known, self.found, self.is_judged, self.as_of, rests)


def _is_current(store: Store, question: Question) -> bool:
    """Whether all that is known was looked at, and no run as of a later moment is recorded."""
    last_runs = [record.last_run(store, asked.account.name) for asked in question.asked]
    return question.versions_at is None and all(last is None or last.as_of <= question.as_of for last in last_runs)


def _range(store: Store, question: Question, known: Sequence[KnownBreak]) -> Range:
    """The asked windows with what earlier runs knew and which days were pulled."""
    windows, earlier, covered = {}, {}, {}
    for asked in question.asked:
        name = asked.account.name
        windows[name] = asked.window
        pulled = load.complete_windows(store, name, "charge")
        covered[name] = joined([window for window, _ in pulled])
        if last := known_of(store, name):
            earlier[name] = last
    subjects = frozenset(
        (one.found.account or "", one.found.subject_type, one.found.subject_id)
        for one in known
        if one.status not in CLOSED or (one.standing is not None and one.standing.kind == Kind.LINK)
    )
    return Range(question.all_accounts, windows, earlier, covered, subjects)


def _case_breaks(judged: Judged, context: Context) -> Iterator[Break]:
    """The breaks of every case, then those that many charges share one of."""
    spoken_of = set()
    for found in judge(judged.triage.cases, context):
        yield found
        if found.code in ALONE:
            spoken_of.add(found.subject_id)
    yield from strange_methods(judged.books.charges, judged.scope.charges, spoken_of, context)


def _data_breaks(judged: Judged, question: Question, names: set[str]) -> Iterator[Break]:
    rejected = judged.books.rejected
    ours = rejected[c.ACCOUNT].isna() | rejected[c.ACCOUNT].isin(names)
    yield from invalid_rows(rejected[ours.to_numpy()], question.context)
    for asked in question.asked:
        yield from incomplete_source(asked.account.name, list(asked.short), question.context)


class _Judges:
    """Whether this run judged a break's subject, so that not finding it again means that the facts agree."""

    def __init__(self, judged: Judged, settled: Settled, question: Question, known: Sequence[KnownBreak]) -> None:
        self._question = question
        books, scope = judged.books, judged.scope
        things = {
            "order": (books.orders, c.ORDER_ID, scope.orders),
            "charge": (books.charges, c.CHARGE_ID, scope.charges),
            "refund": (books.refunds, c.REFUND_ID, scope.refunds),
            "dispute": (books.disputes, c.DISPUTE_ID, scope.disputes),
            "transfer": (books.transfers, c.TRANSFER_ID, settled.transfers),
            "transaction": (books.transactions, c.TRANSACTION_ID, scope.transactions),
            "bank_line": (books.bank_lines, c.LINE_ID, scope.bank_lines),
        }
        self._things = {
            kind: _judged_ids(*thing, [one.found.subject_id for one in known if one.found.subject_type == kind])
            for kind, thing in things.items()
        }
        self._pulled = {asked.account.name for asked in question.asked if asked.pulled}
        self._shows_nameless = any(asked.unassigned for asked in question.asked)

    def __call__(self, known: Break) -> bool:
        if self._question.versions_at is not None:  # what was known then says nothing about now
            return False
        if known.code in AT_THE_BANK and not self._question.bank_read:
            return False
        if known.account is None and not self._shows_nameless:
            return False
        match known.subject_type:
            case kind if kind in self._things:
                return (known.account, known.subject_id) in self._things[kind]
            case "row":
                is_bank = known.code == BANK_LINE_INVALID.code
                return self._question.bank_read if is_bank else self._question.orders_read
            case "account":
                return known.account in self._pulled
            case _:
                return False


def _judged_ids(frame: pd.DataFrame, key: str, mask: Any, wanted: Sequence[str]) -> set[tuple[str | None, str]]:
    """Of the wanted ids those that were judged, with their accounts."""
    if not len(frame) or not wanted:
        return set()
    chosen = frame.iloc[np.flatnonzero(mask & frame[key].isin(wanted).to_numpy(dtype=bool))]
    return set(zip(chosen[c.ACCOUNT], chosen[key], strict=True))


def _result(asked: Asked, judged: Judged, settled: Settled, carried: Carried, question: Question) -> Result:
    names = {asked.account.name, None} if asked.unassigned else {asked.account.name}
    intake = Intake(
        window=asked.window,
        first_day=asked.first,
        last_day=asked.last,
        ignored_rows=asked.ignored_rows,
        duplicate_rows=asked.duplicate_rows,
        inputs=asked.inputs,
        complete=not asked.short,
        unassigned=asked.unassigned,
        notes=asked.notes,
    )
    lives = Lives(
        reported=[one for one in carried.reported if one.found.account in names],
        opened=sum(one.account in names for one in carried.opened),
        closed=sum(one.account in names for one in carried.closed),
    )
    result = summarise(asked.account, judged, intake, lives, question.context)
    return with_settlement(result, settled, asked.window, lives.reported, question.context)
