"""What people are told of a run or a night, and what not: one digest of what is new, worse or gone; tells nobody.

Pure: the stored events and claims and what the run says come in, one digest for each channel and its claims come out.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from recon.model import KnownBreak, Severity
from recon.rules import cause_of, exposure_of
from recon.rulings.life import DUE_SOON
from recon.store.runs.alerts import BREAK_KIND, WATCH_FAILED, AlertClaim, AlertState, BreakStep, Days

NEW = "new"
WORSE = "worse"
DUE = "due soon"
RANGE_CHANGED = "range_changed"  # of the kinds of notices
INCOMPLETE = "incomplete"
TOP = 10  # breaks, or groups of one cause, that are named one by one
# What makes a break new to people: a ruling that fell or expired leaves it open again.
_OPENED = frozenset({"opened", "reopened", "fell", "expired"})
_CHANGED = "changed"
_GREW = re.compile(r"(?:^|; )(severity|amount_at_risk): (-?\d+|None) -> (-?\d+)(?=;|$)", re.ASCII)
# What a later complete run of the days makes good, or the next look at the day; the rest is news alone, and no
# all-clear waits for it.
_OWED = frozenset({"failed", INCOMPLETE, "missed", WATCH_FAILED})
# The watchdog's word for a night whose run was told as one of these: the same trouble.
_SPOILED = ("failed", INCOMPLETE)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is no break: a run failed or incomplete, a night missed, late or thin, a signed range that changed.

    `again`: it is told though its days still wait for what was told of them, since the reason is another one.
    """

    kind: str  # failed, incomplete, missed, late, thin, watch_failed, range_changed
    account: str
    first: date
    last: date
    words: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """A break that is new to people, worse than they were told, or soon due."""

    what: str
    seq: int
    known: KnownBreak


@dataclass(frozen=True, slots=True)
class Told:
    """A break that is told by itself, or the breaks of one cause, which are one thing to do."""

    cause: str  # empty: the break has its own
    members: tuple[News, ...]

    @property
    def amounts(self) -> tuple[tuple[str, int], ...]:
        """What is at risk, in minor units by currency."""
        return _amounts(self.members)


@dataclass(frozen=True, slots=True)
class Line:
    """The breaks of one account and code; minor units by currency, never added across."""

    account: str
    code: str
    severity: Severity
    new: int
    worse: int
    amounts: tuple[tuple[str, int], ...]
    due: int = 0


@dataclass(frozen=True)
class About:
    """What the digest of a run says beside its breaks: moments are aware; a workbook's file behind its account."""

    at: datetime
    as_of: datetime | None = None
    run_id: int | None = None
    reason: str = ""
    workbooks: tuple[tuple[str, str], ...] = ()
    link: str = ""
    audit_head: str | None = None


@dataclass(frozen=True)
class Digest:
    """One message: `told` are its `news` by cause, `open` counts all that is open in the accounts it speaks of."""

    about: About
    notices: tuple[Notice, ...] = ()
    news: tuple[News, ...] = ()
    clear: tuple[str, ...] = ()
    open: Mapping[str, int] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.notices or self.news or self.clear)

    @property
    def worst(self) -> Severity | None:
        """The highest severity of its breaks; null without any."""
        return max((news.known.latest.severity for news in self.news), default=None)

    @property
    def accounts(self) -> tuple[str, ...]:
        """Every account that it speaks of, by name; a break of no known account has an empty one."""
        of_news = {_account(news.known) for news in self.news}
        of_notices = {notice.account for notice in self.notices}
        return tuple(sorted(of_news | of_notices | {*self.clear}))

    @property
    def told(self) -> tuple[Told, ...]:
        """The gravest, then the largest of each currency, since amounts of two do not compare; one cause once.

        Where a cause cuts both ways (owed to us, owed to customers) it stands once for each: they are never added.
        """
        groups: dict[tuple[str, str], list[News]] = {}
        for news in self.news:
            latest = news.known.latest
            cause = cause_of(latest.code, latest.account or "", latest.currency or "")
            exposure = exposure_of(latest.code, latest.expected, latest.actual)
            groups.setdefault((cause or latest.id, exposure), []).append(news)
        return tuple(Told(key[0] if len(members) > 1 else "", tuple(members)) for key, members in groups.items())

    @property
    def lines(self) -> tuple[Line, ...]:
        """By account, then the gravest code first."""
        groups: dict[tuple[str, str, Severity], list[News]] = {}
        for news in self.news:
            latest = news.known.latest
            groups.setdefault((_account(news.known), latest.code, latest.severity), []).append(news)
        order = sorted(groups, key=lambda key: (key[0], -key[2], key[1]))
        return tuple(_line(*key, groups[key]) for key in order)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of a digest somebody gets; no accounts, no codes: any. What is no break has no code, so that only a
    scope of all codes has it."""

    accounts: Collection[str] = ()
    codes: Collection[str] = ()
    least: Severity = Severity.LOW
    proofs: bool = True  # false: not of a proof that does not tie

    def has(self, known: KnownBreak) -> bool:
        """Whether a break is in it."""
        latest = known.latest
        return (
            latest.severity >= self.least
            and (self.proofs or latest.subject_type != "proof")
            and (not self.codes or latest.code in self.codes)
            and self.has_account(latest.account or "")
        )

    def has_account(self, account: str) -> bool:
        """Whether an account is in it."""
        return not self.accounts or account in self.accounts


def compose(
    state: AlertState, about: About, scopes: Sequence[Scope], notices: Sequence[Notice] = ()
) -> tuple[Digest, tuple[AlertClaim, ...], tuple[str, ...]]:
    """Everything there is to tell in the scopes, the claims that telling it makes, and the keys that are cleared.

    A notice of days that were told and still wait is not told again. The all-clear of an account comes once, when the
    last thing that it waited for is gone and nothing new waits.
    """
    fresh = tuple(notice for notice in dict.fromkeys(notices) if _is_fresh(notice, state))
    told = part(Digest(about, fresh, tuple(_news(state))), scopes)
    claims = (*(_break_claim(news) for news in told.news), *(_notice_claim(notice, state) for notice in told.notices))
    settled = [claim for claim in state.waiting if claim.is_settled]
    waiting = {claim.account for claim in state.waiting if not claim.is_settled}
    waiting |= {claim.account for claim in claims if claim.waits}
    clear = tuple(sorted({claim.account for claim in settled} - waiting))
    ordered = sorted(told.notices, key=lambda notice: (notice.kind, notice.account, notice.first))
    digest = Digest(about, tuple(ordered), tuple(_ordered(told.news)), clear, state.open)
    return digest, claims, tuple(claim.key for claim in settled)


def part(digest: Digest, scopes: Iterable[Scope]) -> Digest:
    """What is in any of the scopes; a scope of some accounts has no workbook of others, nor that of all."""
    chosen = tuple(scopes)
    books = (book for book in digest.about.workbooks if any(scope.has_account(book[0]) for scope in chosen))
    whole = [scope for scope in chosen if not scope.codes]
    return replace(
        digest,
        about=replace(digest.about, workbooks=tuple(books)),
        notices=tuple(
            notice for notice in digest.notices if any(scope.has_account(notice.account) for scope in whole)
        ),
        news=tuple(news for news in digest.news if any(scope.has(news.known) for scope in chosen)),
        clear=tuple(name for name in digest.clear if any(scope.has_account(name) for scope in whole)),
    )


def asked_about(notices: Iterable[Notice]) -> list[Days]:
    """The days about which a decision on the notices must know what was told."""
    return [days for notice in notices for days in _known_as(notice)]


def _known_as(notice: Notice) -> list[Days]:
    """What a notice is known by, its own kind first."""
    others = [kind for kind in _SPOILED if kind != notice.kind] if notice.kind in _SPOILED else []
    return [(kind, notice.account, notice.first, notice.last) for kind in (notice.kind, *others)]


def _news(state: AlertState) -> list[News]:
    """Each break once, however many of its events nobody has looked at."""
    by_break: dict[str, list[BreakStep]] = {}
    for step in state.steps:
        by_break.setdefault(step.known.latest.id, []).append(step)
    news = []
    for break_id, steps in by_break.items():
        known_break = steps[-1].known
        last = steps[-1].seq
        if any(step.what in _OPENED for step in steps):
            news.append(News(NEW, last, known_break))
        elif any(_grew(step) for step in steps) and _is_worse(known_break, state.last_claims.get(break_id)):
            news.append(News(WORSE, last, known_break))
        elif any(step.what == DUE_SOON for step in steps):
            news.append(News(DUE, last, known_break))
    return news


def _grew(step: BreakStep) -> bool:
    if step.what != _CHANGED:
        return False
    pairs = _GREW.findall(step.detail)
    return any(int(new) > (0 if old == "None" else int(old)) for _, old, new in pairs)


def _is_worse(known_break: KnownBreak, last_claim: tuple[int, int] | None) -> bool:
    if last_claim is None:
        return True
    severity, amount = last_claim
    return known_break.latest.severity > severity or (known_break.latest.amount_at_risk or 0) > amount


def _ordered(news: Sequence[News]) -> list[News]:
    def by_size(item: News) -> tuple[int, int, str]:
        latest = item.known.latest
        return (-latest.severity, -(latest.amount_at_risk or 0), latest.id)

    ranks: Counter[tuple[Severity, str]] = Counter()
    places: dict[str, tuple[int, int, str]] = {}
    largest_first = sorted(news, key=by_size)
    for item in largest_first:
        latest = item.known.latest
        currency = latest.currency or ""
        ranks[latest.severity, currency] += 1
        rank = ranks[latest.severity, currency] if latest.amount_at_risk else len(news)
        places[latest.id] = (-latest.severity, rank, currency)
    return sorted(largest_first, key=lambda item: places[item.known.latest.id])


def _line(account: str, code: str, severity: Severity, news: Sequence[News]) -> Line:
    counts = Counter(item.what for item in news)
    return Line(account, code, severity, counts[NEW], counts[WORSE], _amounts(news), counts[DUE])


def _amounts(news: Sequence[News]) -> tuple[tuple[str, int], ...]:
    amounts: Counter[str] = Counter()
    for item in news:
        latest = item.known.latest
        if latest.currency and latest.amount_at_risk:
            amounts[latest.currency] += latest.amount_at_risk
    return tuple(sorted(amounts.items()))


def _is_fresh(notice: Notice, state: AlertState) -> bool:
    earlier = [state.earlier.get(days, (0, False)) for days in _known_as(notice)]
    if notice.again:
        return True
    return not any(waits for _, waits in earlier) and (earlier[0][0] == 0 or notice.kind in _OWED)


def _notice_claim(notice: Notice, state: AlertState) -> AlertClaim:
    times, _ = state.earlier.get(_known_as(notice)[0], (0, False))
    key = f"{notice.kind}:{notice.account}:{notice.first}:{notice.last}" + (f":{times + 1}" if times else "")
    return AlertClaim(
        key, notice.kind, notice.account, first_day=notice.first, last_day=notice.last, waits=notice.kind in _OWED
    )


def _break_claim(news: News) -> AlertClaim:
    latest = news.known.latest
    severity = int(latest.severity)
    amount = latest.amount_at_risk
    return AlertClaim(f"event:{news.seq}", BREAK_KIND, latest.account or "", latest.id, severity, amount)


def _account(known: KnownBreak) -> str:
    return known.latest.account or ""
