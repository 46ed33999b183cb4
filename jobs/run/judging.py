"""From stored books to results: load, match, triage, judge, carry, sum up; asks no source and writes nothing."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

import pandas as pd

from jobs.run.question import Asked, Question
from jobs.run.related import books_of, known_of, links_of
from recon import columns as c
from recon.calendars import joined
from recon.matching import match
from recon.matching.by_hand import changed_links, with_hand_links
from recon.model import CLOSED, Books, Break, KnownBreak, Result
from recon.model.rulings import EndedRuling, Ruling, RulingKind, RulingState
from recon.result import Intake, Lives, summarise, with_settlement
from recon.result.coverage import Coverage, Sources
from recon.rules import case_rules, find_breaks
from recon.rulings.life import CarriedBreaks, RulingsInForce, carry
from recon.rulings.opening_items import Items, standing_of, why_not_covered
from recon.rulings.patterns import as_ignore, expected_by
from recon.settlement import settle
from recon.settlement.fifo import histories_of
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
    carried: CarriedBreaks | None = None
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
    current = _is_current(store, question)
    lasting = _lasting(store, question)
    items = opening.load(store)
    hand_links = [ruling for ruling in lasting if ruling.kind == RulingKind.LINK]
    run_range = replace(_range(store, question, known), opening=frozenset(items))
    books, recorded = books_of(store, question, run_range, hand_links)
    books = replace(books, histories=histories_of(books))
    changed = changed_links(hand_links, books.orders, books.charges)
    links = recorded if current or question.known is not None else c.LINKS.empty()
    links = with_hand_links(links, [ruling for ruling in hand_links if ruling.id not in changed])
    judged = _judge(books, links, run_range, question)
    names: set[str | None] = {*judged.accounts, *([None] if question.shows_nameless else [])}
    breaks = [raised for raised in find_breaks(judged, question.context) if raised.account in names]
    raised_again = (
        () if question.known is not None else record.breaks_to_carry(store, {raised.id for raised in breaks})
    )
    known_here = [known_break for known_break in (*known, *raised_again) if known_break.found.account in names]
    again = _Again(
        breaks,
        _is_judged(judged, question, known_here),
        question.as_of,
        {name: account.zone for name, account in question.all_accounts.items()},
        items,
        changed if current else {},
    )
    carried = again(known_here, lasting)
    with ThreadPoolExecutor(_TOGETHER) as pool:
        results = tuple(pool.map(lambda asked: _result(asked, judged, carried, question), question.asked))
    new_links = links_of(judged, recorded, run_range) if current else Links()
    ever_pulled = any(map(len, run_range.covered.values()))
    return Findings(results, carried, new_links, ever_pulled, current, again)


def _judge(books: Books, links: pd.DataFrame, run_range: Range, question: Question) -> Judged:
    """All that rules look at; `links` are those that earlier runs and people made."""
    accounts = {asked.account.name: asked.account for asked in question.asked}
    context = question.context
    matching = match(books.orders, books.charges, question.match_settings, links)
    judged_scope = scope(books, matching, run_range)
    with ThreadPoolExecutor(_TOGETHER) as pool:  # columns and values: hardly in each other's way
        settling = pool.submit(settle, books, judged_scope.charges, accounts, context)
        triaged = triage(books, matching, judged_scope, context, case_rules(context))
        settled = settling.result()
    incomplete = {asked.account.name: asked.short for asked in question.asked}
    return Judged(books, matching, judged_scope, triaged, settled, accounts, incomplete)


def _is_judged(judged: Judged, question: Question, known: Sequence[KnownBreak]) -> Callable[[Break], bool]:
    """Which of the known breaks would have been raised again; what was known then says nothing about now."""
    if question.versions_at is not None:
        return lambda _: False
    pulled = frozenset(asked.account.name for asked in question.asked if asked.pulled)
    sources = Sources(question.orders_read, question.bank_read, pulled, question.shows_nameless)
    return Coverage(judged, sources, [known_break.latest for known_break in known])


def _lasting(store: Store, question: Question) -> list[Ruling]:
    """The patterns and links that the run goes by: those in force; at a moment, of these what had been ruled then."""
    at = question.versions_at
    return [ruling for ruling in rulings.lasting(store) if at is None or ruling.at <= at]


@dataclass(frozen=True)
class _Again:
    """Carries what was found from whatever is known of the breaks: once to report, and again when it is recorded."""

    found: Sequence[Break]
    is_judged: Callable[[Break], bool]
    as_of: datetime
    zones: Mapping[str, tzinfo]
    items: Items
    changed: Mapping[int, str]  # links by hand whose order or charge is not what it was

    def __call__(self, known: Sequence[KnownBreak], lasting: Sequence[Ruling]) -> CarriedBreaks:
        """Shaped as `recon.store.record.Again`."""
        whose = {one.latest.id for one in known}
        fallen = [
            (one.break_id, EndedRuling(one.id, RulingState.FELL, self.changed[one.id]))
            for one in lasting
            if one.id in self.changed and one.break_id in whose
        ]
        said = RulingsInForce(self.zones, fallen=fallen)
        patterns = [as_ignore(one) for one in lasting if one.kind == RulingKind.IGNORE]
        ignored = expected_by(patterns, lambda account: said.today(account, self.as_of))
        rests = replace(said, expected=ignored)
        if self.items:
            rests = replace(
                said,
                expected=lambda one: ignored(one) or standing_of(one, self.items),
                remark=lambda one: why_not_covered(one, self.items),
            )
        return carry(known, self.found, self.is_judged, self.as_of, rests)


def _is_current(store: Store, question: Question) -> bool:
    """Whether all that is known was looked at, and no run as of a later moment is recorded."""
    last_runs = [record.last_run(store, asked.account.name) for asked in question.asked]
    return question.versions_at is None and all(last is None or last.as_of <= question.as_of for last in last_runs)


def _range(store: Store, question: Question, known_breaks: Sequence[KnownBreak]) -> Range:
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
        (known_break.latest.account or "", known_break.latest.subject_type, known_break.latest.subject_id)
        for known_break in known_breaks
        if known_break.status not in CLOSED
        or (known_break.standing is not None and known_break.standing.kind == RulingKind.LINK)
    )
    return Range(question.all_accounts, windows, earlier, covered, subjects)


def _result(asked: Asked, judged: Judged, carried: CarriedBreaks, question: Question) -> Result:
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
        reported=[one for one in carried.reported if one.latest.account in names],
        opened=sum(one.account in names for one in carried.opened),
        closed=sum(one.account in names for one in carried.closed),
    )
    result = summarise(asked.account, judged, intake, lives, question.context)
    return with_settlement(result, judged, asked.window, lives.reported, question.context)
