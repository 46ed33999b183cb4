"""From stored books to results: load, match, triage, judge, carry, sum up; asks no source and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from jobs.run.carrying import Proven, RaisedBreaks, carry_with_proofs, closed_before, decided_about
from jobs.run.judging_request import AccountRequest, JudgingRequest
from jobs.run.related import books_of, last_run_states, links_of
from recon import columns as c
from recon.columnar import np, pd
from recon.journal import journal
from recon.matching import match
from recon.matching.by_hand import changed_links, with_hand_links
from recon.memory import at_work, give_back
from recon.model import CLOSED, Books, Break, KnownBreak, Note, Proof, Result, Window
from recon.model.rulings import Ruling, RulingKind
from recon.result import Intake, Lives, summarise, with_settlement
from recon.result.closing import Closing
from recon.result.coverage import Coverage, Sources
from recon.result.register import Decision, register, write_offs_standing
from recon.rules import case_rules, find_breaks
from recon.rules.orders import candidates_of
from recon.rulings.life import CarriedBreaks, as_left
from recon.settlement import settle
from recon.settlement.fifo import histories_of
from recon.store.desk import opening, rulings
from recon.store.desk.decisions import decisions_about
from recon.store.engine import Store
from recon.store.runs import record
from recon.store.runs.links import Links, judged_windows
from recon.store.versions import load
from recon.triage import Judged, triage
from recon.triage.scope import LastRunState, Range, Subjects, scope

_TOO_MANY = "more of its rows than max_rejected allows cannot be read."  # where its own words stand elsewhere
_TOGETHER = 2  # accounts summed up side by side


@dataclass(frozen=True)
class Findings:
    """Results by account, and what the store must write of breaks and links."""

    results: tuple[Result, ...] = ()
    carried: CarriedBreaks | None = None
    links: Links = field(default_factory=Links)
    unpulled: tuple[str, ...] = ()  # accounts of which no part of the asked days was ever pulled
    current: bool = True  # false: a look at the past, which rewrites no links
    raised: RaisedBreaks | None = None


def find(store: Store, request: JudgingRequest) -> Findings:
    """Judge every asked account over one state of the store."""
    with at_work():
        return _find(store, request)


def _find(store: Store, request: JudgingRequest) -> Findings:
    request = _with_countries(store, request)
    known = record.breaks_to_carry(store) if request.known_breaks is None else request.known_breaks
    current = _is_current(store, request)
    lasting = _lasting(store, request)
    items = opening.load(store)
    hand_links = [ruling for ruling in lasting if ruling.kind == RulingKind.LINK]
    earlier = judged_windows(store)
    run_range = replace(_range(store, request, known, earlier), opening=frozenset(items))
    books, recorded = books_of(store, request, run_range, hand_links, earlier)
    give_back()
    books = replace(books, histories=histories_of(books))
    changed = changed_links(hand_links, books.orders, books.charges)
    links = recorded if current or request.known_breaks is not None else c.LINKS.empty()
    unchanged = [ruling for ruling in hand_links if ruling.id not in changed]
    links = with_hand_links(links, unchanged)
    judged = _judge(books, links, run_range, request, known)
    give_back()
    names: set[str | None] = {*judged.accounts, *([None] if request.shows_nameless else [])}
    breaks = [raised for raised in find_breaks(judged, request.context) if raised.account in names]
    decided = decided_about(store, request, books)
    of_changed = {ruling.break_id for ruling in hand_links if ruling.id in changed and ruling.break_id}
    closed = closed_before(store, request, {*decided.standing, *(raised.id for raised in breaks), *of_changed})
    known_here = [known_break for known_break in (*known, *closed) if known_break.latest.account in names]
    raised_breaks = RaisedBreaks(
        breaks,
        _is_judged(judged, request, known_here),
        request.as_of,
        {name: account.zone for name, account in request.all_accounts.items()},
        items,
        changed if current else {},
        Closing(judged, request.context),
        frozenset(known_break.latest.id for known_break in known_here),
        linked=unchanged,
    )
    unread = _unread_sources(judged, request, known)
    proven = carry_with_proofs(store, request, judged, raised_breaks, known_here, lasting, decided.needless)
    decisions, numbers = _decisions(store, request, proven)
    write_offs = write_offs_standing(decisions, request.as_of)
    give_back()
    with ThreadPoolExecutor(_TOGETHER) as pool:
        results = tuple(
            pool.map(
                lambda part, proofs: _result(part, proofs, judged, proven.carried, request, unread, write_offs),
                request.accounts,
                proven.proofs,
            )
        )
    never_approved = rulings.never_approved(store, [ruling for ruling, _ in decisions], request.as_of)
    results = tuple(
        replace(result, register=register(result, decisions, numbers[result.account.name], never_approved))
        for result in results
    )
    new_links = links_of(judged, recorded, run_range) if current and not request.of_today else Links()
    return Findings(results, proven.carried, new_links, _unpulled(run_range), current, proven.raised)


def _decisions(
    store: Store, request: JudgingRequest, proven: Proven
) -> tuple[list[Decision], Mapping[str, Mapping[int, int]]]:
    """Those of which a result of the request may show something, as it leaves them, and by account their numbers."""
    parts = request.accounts
    if not parts:  # every account failed
        return [], {}
    rows = frozenset(id_ for own in proven.proofs for proof in own for item in proof.items for id_, _ in item.rows)
    first, last = min(part.first for part in parts), max(part.last for part in parts)
    ended = {end.ruling_id: end for end in proven.carried.ended}
    decided = decisions_about(store, [part.account.name for part in parts], first, last, rows, ended)
    left = [(as_left(ruling, ended.get(ruling.id), request.as_of), known) for ruling, known in decided.about]
    return left, decided.numbers


def find_cases(store: Store, request: JudgingRequest, subjects: Subjects) -> RaisedBreaks:
    """What the rules say of the cases that these objects are in, and of no other; it closes nothing.

    The request's windows are empty: what is judged are the subjects, and what is not final anyway.
    """
    lasting = _lasting(store, request)
    hand_links = [ruling for ruling in lasting if ruling.kind == RulingKind.LINK]
    items = opening.load(store)
    earlier = judged_windows(store)
    run_range = _range(store, request, (), earlier)
    run_range = replace(run_range, last_runs={}, open_subjects=subjects, opening=frozenset(items))
    books, recorded = books_of(store, request, run_range, hand_links, earlier)
    books = replace(books, histories=histories_of(books))
    changed = changed_links(hand_links, books.orders, books.charges)
    links = with_hand_links(recorded, [ruling for ruling in hand_links if ruling.id not in changed])
    judged = _judge(books, links, run_range, request, ())
    ids = _ids_of_cases(judged, {subject_id for _, _, subject_id in subjects})
    named = ("order_id", "charge_id", "refund_id", "dispute_id", "transfer_id")
    return RaisedBreaks(
        [
            raised
            for raised in find_breaks(judged, request.context)
            if raised.account in judged.accounts and any(getattr(raised, name) in ids for name in named)
        ],
        lambda _: False,
        request.as_of,
        {name: account.zone for name, account in request.all_accounts.items()},
        items,
        {},
        Closing(judged, request.context),
    )


def _ids_of_cases(judged: Judged, ids: set[str]) -> set[str]:
    """The ids, and those of the orders that the charges among them pay, or may pay, with all their charges."""
    books = judged.books
    matching = judged.matching
    named = c.is_in(books.charges[c.CHARGE_ID], ids)
    roots = {*matching.stands_for[matching.orders[named[matching.charges]]]}
    roots |= {order for order, candidates in matching.ambiguous.items() if named[list(candidates)].any()}
    orders = np.isin(matching.stands_for, list(roots))
    charges = matching.charges[orders[matching.orders]]
    return {*ids, *books.orders[c.ORDER_ID][orders], *books.charges[c.CHARGE_ID].iloc[charges]}


def _with_countries(store: Store, request: JudgingRequest) -> JudgingRequest:
    """The request with a note on each account of which Omise does not say the country."""
    unnamed = load.accounts_without_country(store)
    note = Note("account whose country Omise does not name: only its currency was compared", 1)
    parts = [
        replace(part, notes=(*part.notes, note)) if part.account.name in unnamed else part
        for part in request.accounts
    ]
    return replace(request, accounts=tuple(parts))


def _judge(
    books: Books, links: pd.DataFrame, run_range: Range, request: JudgingRequest, known: Sequence[KnownBreak]
) -> Judged:
    """All that rules look at; `links` are those that earlier runs and people made.

    Of a source of which too much was not read an open break of an account that is not asked for tells already; what
    earlier runs left open stays where this run has not read the sources itself.
    """
    accounts = {part.account.name: part.account for part in request.accounts}
    context = request.context
    odd = {"kept_aside": books.kept_aside, "rejected": books.rejected}
    unread_accounts = request.unread_accounts
    matching = match(
        books.orders, books.charges, request.match_settings, links, unread_accounts=unread_accounts, **odd
    )
    judged_scope = scope(books, matching, run_range)
    with ThreadPoolExecutor(_TOGETHER) as pool:  # columns and values: hardly in each other's way
        settling = pool.submit(settle, books, judged_scope.charges, accounts, context)
        triaged = triage(books, matching, judged_scope, context, case_rules(context))
        settled = settling.result()
    incomplete = {part.account.name: part.short for part in request.accounts}
    open_sources = _open_sources(known)
    elsewhere = {break_.subject_id for break_ in open_sources if break_.account not in accounts}
    unread_sources = {
        part.account.name: {place: why for place, why in part.unread_sources.items() if place not in elsewhere}
        for part in request.accounts
    }
    for break_ in [] if request.orders_read else open_sources:
        if break_.account in unread_sources:
            unread_sources[break_.account][break_.subject_id] = break_.explanation
    return Judged(
        books, matching, judged_scope, triaged, settled, accounts, incomplete, unread_sources, unread_accounts
    )


@dataclass(frozen=True, slots=True)
class UnreadSource:
    """A source of which too much was not read: the account that it alone serves (null: any), and the words for it."""

    place: str
    account: str | None
    words: str


def _unread_sources(
    judged: Judged, request: JudgingRequest, known_breaks: Sequence[KnownBreak]
) -> list[UnreadSource]:
    """Those that this run read, and where it read none those that earlier runs left open."""
    owners = dict(request.unread_sources)
    for break_ in [] if request.orders_read else _open_sources(known_breaks):
        owners[break_.subject_id] = request.account_of_source.get(break_.subject_id, break_.account)
    words: dict[str, str] = {}
    for of_account in (*judged.unread_sources.values(), *(part.unread_sources for part in request.accounts)):
        words |= of_account
    return [
        UnreadSource(place, account, words.get(place, f"{place}: {_TOO_MANY}")) for place, account in owners.items()
    ]


def _open_sources(known_breaks: Sequence[KnownBreak]) -> list[Break]:
    """What the last run that read the sources left open of them."""
    still_open = (known_break.latest for known_break in known_breaks if known_break.status not in CLOSED)
    return [break_ for break_ in still_open if break_.subject_type == "source"]


def _is_judged(judged: Judged, request: JudgingRequest, known: Sequence[KnownBreak]) -> Callable[[Break], bool]:
    """Which of the known breaks would have been raised again; what was known then says nothing about now."""
    if request.versions_at is not None:
        return lambda _: False
    pulled = frozenset(part.account.name for part in request.accounts if part.pulled and not request.of_today)
    sources = Sources(
        orders=request.orders_read,
        bank=request.bank_read,
        bank_unread=request.bank_unread,
        orders_unread=request.unread_accounts,
        pulled=pulled,
        nameless=request.shows_nameless,
    )
    return Coverage(judged, sources, [known_break.latest for known_break in known])


def _lasting(store: Store, request: JudgingRequest) -> list[Ruling]:
    """The patterns and links that the run goes by: those in force; at a moment, of these what had been ruled then."""
    at = request.versions_at
    return [ruling for ruling in rulings.lasting(store) if at is None or (ruling.approved_at or ruling.at) <= at]


def _is_current(store: Store, request: JudgingRequest) -> bool:
    """Whether all that is known was looked at, and no run as of a later moment is recorded."""
    last_runs = [record.last_run(store, part.account.name) for part in request.accounts]
    return request.versions_at is None and all(last is None or last.as_of <= request.as_of for last in last_runs)


def _range(
    store: Store,
    request: JudgingRequest,
    known_breaks: Sequence[KnownBreak],
    judged: Mapping[str, Sequence[Window]],
) -> Range:
    """The asked windows with what earlier runs knew and looked at (`judged`), and which days were pulled."""
    windows = {}
    covered = {}
    for part in request.accounts:
        name = part.account.name
        windows[name] = part.window
        covered[name] = load.covered(store, name, "charge")
    in_sight = [
        known_break.latest
        for known_break in known_breaks
        if known_break.status not in CLOSED
        or (known_break.standing is not None and known_break.standing.kind == RulingKind.LINK)
    ]
    subjects = frozenset((break_.account or "", break_.subject_type, break_.subject_id) for break_ in in_sight)
    # What an order could be paid by is nobody's once the order is another, or has one of them by name or by hand.
    subjects |= {(break_.account or "", "charge", id) for break_ in in_sight for id in candidates_of(break_)}
    failed = {name: load.covered(store, name, "charge") for name in request.failed}
    last_runs = last_run_states(store, windows, judged)
    if request.known_breaks is None:
        subjects |= _parted(rulings.ended_links(store), last_runs)
    return Range(
        request.all_accounts,
        windows,
        last_runs,
        covered,
        failed,
        subjects,
        unread_orders=frozenset(request.unread_orders),
    )


def _parted(links: Iterable[Ruling], last_runs: Mapping[str, LastRunState]) -> Subjects:
    """Orders and charges whose link by hand ended since their account's last run: of both the case is another now."""
    sides = [
        (link.ended_at, (account, kind, id))
        for link in links
        for account, kind, id in (
            (link.order_account, "order", link.order_id),
            (link.charge_account, "charge", link.charge_id),
        )
        if link.ended_at and account and id and account in last_runs
    ]
    return frozenset(side for ended_at, side in sides if ended_at > last_runs[side[0]].looked_at)


def _unpulled(run_range: Range) -> tuple[str, ...]:
    return tuple(
        name
        for name, asked in run_range.windows.items()
        if not any(done.start < asked.end and asked.start < done.end for done in run_range.covered[name])
    )


def _result(
    part: AccountRequest,
    proofs: tuple[Proof, ...],
    judged: Judged,
    carried: CarriedBreaks,
    request: JudgingRequest,
    unread: Sequence[UnreadSource],
    write_offs: Sequence[tuple[Ruling, Break]],
) -> Result:
    names = {part.account.name, None} if part.unassigned else {part.account.name}
    own_unread = [source for source in unread if source.account in (None, part.account.name)]
    intake = Intake(
        window=part.window,
        first_day=part.first,
        last_day=part.last,
        ignored_rows=part.ignored_rows,
        duplicate_rows=part.duplicate_rows,
        inputs=part.inputs,
        lacking=(*part.short, *part.unreadable, *(source.words for source in own_unread)),
        rate_known=part.account.name not in request.unread_accounts
        and not any(source.place in request.account_of_source for source in own_unread),
        unassigned=part.unassigned,
        notes=part.notes,
    )
    lives = Lives(
        reported=[known_break for known_break in carried.reported if known_break.latest.account in names],
        opened=sum(break_.account in names for break_ in carried.opened),
        closed=sum(break_.account in names for break_ in carried.closed),
        proofs=proofs,
    )
    summary = summarise(part.account, judged, intake, lives, request.context)
    result = with_settlement(summary, judged, part.window, request.context.calendar(part.account.name))
    booked = journal(
        judged.books,
        judged.settled.ledger,
        result.settlement,
        part.account,
        (part.first, part.last),
        write_offs,
        request.context.currencies,
    )
    return replace(result, journal=booked)
