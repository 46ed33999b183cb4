"""Applies what people ask for, all of it in one transaction, each answered in words."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from recon.model import CLOSED, Account, BreakEvent, BreakStatus, KnownBreak, zone_of
from recon.model.rulings import (
    Answer,
    ApprovalLimits,
    Outcome,
    Ruling,
    RulingKind,
    RulingRequest,
    RulingState,
    Standing,
)
from recon.rulings.decide import (
    AlreadyInForce,
    BreakContext,
    RulingDecision,
    RulingRefused,
    decide,
    move_break,
    status_of,
)
from recon.rulings.patterns import covers, decide_pattern, holds_on, needs_second_person, standing_by
from recon.store import bulk
from recon.store.desk.audit import Entry, append_all
from recon.store.desk.pairs import Pairs
from recon.store.desk.patterns import covered, earliest_day, ignore_asked
from recon.store.engine import Store, reading, writing
from recon.store.runs import break_rows
from recon.store.runs.break_rows import LASTING
from recon.store.tables import BREAK, BREAK_EVENT
from recon.store.tables.desk import AUDIT, RULING

# What no cell, terminal or database takes well; line breaks and tabs are fine.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_PROPOSED = "proposed"  # in the audit log: it waits for a second person
_TEXTS = ("who", "reason", "owner", "order_id", "charge_id", "code", "account", "pattern", "key", "break_id")


def rule(
    store: Store,
    asks: Sequence[RulingRequest],
    limits: ApprovalLimits,
    now: datetime,
    audit_key: bytes | None,
    accounts: Mapping[str, Account],
) -> list[Answer]:
    """Apply every ask that is allowed, in one transaction, and answer each, in their order.

    Who comes second at the same moment waits, and is then told what the first did.
    """
    with writing(store, "record") as connection:
        work = _Work(connection, limits, now, accounts)
        work.load([ask for ask in asks if not _unwritable(ask)])
        answers = [work.answer(ask) for ask in asks]
        work.write(audit_key)
    return answers


def rulings(store: Store, break_id: str) -> list[Ruling]:
    """Every ruling on a break, in the order in which they were made; the pattern that it rests on is one of them."""
    with reading(store) as connection:
        own = break_rows.rulings_by(connection, "break_id", [break_id])
        resting = connection.execute(select(BREAK.c.ruling_id).where(BREAK.c.id == break_id)).scalar()
        missing = {resting} - {None, *(ruling.id for ruling in own)}
        return sorted([*own, *break_rows.rulings_by(connection, "id", missing)], key=lambda ruling: ruling.id)


def find(store: Store, ruling_ids: Collection[int]) -> list[Ruling]:
    """Those of these rulings that there are, in order."""
    with reading(store) as connection:
        return break_rows.rulings_by(connection, "id", ruling_ids)


def lasting(store: Store) -> list[Ruling]:
    """The rulings that later runs go by: patterns and links by hand, those that stand or wait."""
    with reading(store) as connection:
        return break_rows.in_force(connection, *LASTING)


def ended_links(store: Store) -> list[Ruling]:
    """The links by hand that are over."""
    with reading(store) as connection:
        links = break_rows.rulings_by(connection, "kind", [RulingKind.LINK])
    return [ruling for ruling in links if ruling.ended_at is not None]


def closed_by(store: Store, break_ids: Collection[str], moment: datetime) -> dict[str, Ruling]:
    """By break the ruling that had closed it at a moment, of those that one had."""
    with reading(store) as connection:
        of_breaks = break_rows.rulings_by(connection, "break_id", break_ids)
    return {
        str(ruling.break_id): ruling
        for ruling in of_breaks
        if status_of(ruling.kind, ruling.standing) in CLOSED
        if ruling.at <= moment and (ruling.ended_at is None or ruling.ended_at > moment)
    }


def never_approved(store: Store, decided: Iterable[Ruling], as_of: datetime) -> frozenset[int]:
    """Of rulings that ended after a moment those that waited for a second person until then, by the audit log."""
    over = {
        ruling.id: ruling.at
        for ruling in decided
        if ruling.ended_at is not None and ruling.ended_at > as_of and ruling.approved_at is None
    }
    if not over:
        return frozenset()
    asked = select(AUDIT.c.detail).where(AUDIT.c.what == _PROPOSED, AUDIT.c.at >= min(over.values()))
    with reading(store) as connection:
        details = [json.loads(detail) for detail in connection.execute(asked).scalars()]
    return frozenset(detail["rulings"][0]["id"] for detail in details) & over.keys()


def events_of(store: Store, break_id: str) -> list[BreakEvent]:
    """The history of a break, in order."""
    with reading(store) as connection:
        return _events(connection, break_id)


def _events(connection: Connection, break_id: str) -> list[BreakEvent]:
    table = BREAK_EVENT.c
    statement = select(table.break_id, table.what, table.at, table.who, table.detail)
    rows = connection.execute(statement.where(table.break_id == break_id).order_by(table.seq))
    return [BreakEvent(*row) for row in rows]


def _unwritable(ask: RulingRequest) -> bool:
    return any(_UNWRITABLE.search(getattr(ask, name) or "") for name in _TEXTS)


@dataclass
class _Work:
    """One transaction's breaks and rulings, as they become ask by ask."""

    connection: Connection
    limits: ApprovalLimits
    now: datetime
    accounts: Mapping[str, Account]
    breaks: dict[str, KnownBreak] = field(default_factory=dict)
    read: dict[str, KnownBreak] = field(default_factory=dict)  # as they were before the first ask
    rulings: dict[int, Ruling] = field(default_factory=dict)
    of_break: dict[str, list[int]] = field(default_factory=dict)
    by_key: dict[str, Ruling] = field(default_factory=dict)
    new: list[int] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)
    events: list[BreakEvent] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    next_id: int = 1
    asks_by: str | None = None  # the token of the ask that is applied

    def load(self, asks: Sequence[RulingRequest]) -> None:
        """Read once all that the asks speak of."""
        connection = self.connection
        self.next_id = (connection.execute(select(func.max(RULING.c.id))).scalar() or 0) + 1
        keys = {ask.key for ask in asks if ask.key}
        self.by_key = {str(ruling.key): ruling for ruling in break_rows.rulings_by(connection, "key", keys)}
        self._keep_rulings(break_rows.rulings_by(connection, "id", {ask.target for ask in asks if ask.target}))
        named = {ask.break_id for ask in asks if ask.break_id}
        named |= {ruling.break_id for ruling in self.rulings.values() if ruling.break_id}
        self._keep(break_rows.breaks_by(connection, "id", named))
        self._keep_rulings(break_rows.rulings_by(connection, "break_id", named))
        standings = _standings(self.breaks.values(), self.rulings.values())
        missing = {standing.ruling_id for standing in standings} - self.rulings.keys()
        self._keep_rulings(break_rows.rulings_by(connection, "id", missing))
        links = [ask for ask in asks if ask.kind == RulingKind.LINK]
        orders = {ask.order_id for ask in links}
        charges = {ask.charge_id for ask in links}
        self.pairs = Pairs(connection, orders - {None}, charges - {None})  # type: ignore[arg-type]

    def answer(self, ask: RulingRequest) -> Answer:
        """Apply one ask, if it is allowed."""
        self.asks_by = ask.token
        try:
            return self._apply(ask)
        except AlreadyInForce as reason:
            return Answer(ask, Outcome.ALREADY, str(reason))
        except RulingRefused as reason:
            return Answer(ask, Outcome.REFUSED, str(reason))

    def _apply(self, ask: RulingRequest) -> Answer:
        if _unwritable(ask):
            raise RulingRefused("a text holds characters that cannot be kept")
        if not ask.who.strip():
            raise RulingRefused("nobody is named who asks")
        if ask.key in self.by_key:
            done = self.by_key[str(ask.key)]
            return Answer(ask, Outcome.ALREADY, f"was done before: {done.name} by {done.who}", done.id)
        target = self.rulings.get(ask.target or 0)
        if ask.kind == RulingKind.IGNORE:
            return self._ignore(ask)
        if target is not None and target.kind == RulingKind.IGNORE and ask.kind in _ON_PATTERNS:
            return _ON_PATTERNS[ask.kind](self, ask, target)
        break_id = ask.break_id or (target.break_id if target else None)
        if break_id not in self.breaks:
            subject = f"rul_{ask.target}" if ask.target and not ask.break_id else f'break "{ask.break_id or ""}"'
            raise RulingRefused(f"there is no {subject}")
        return self._on_break(replace(ask, break_id=break_id), self.breaks[str(break_id)], ask)

    def _on_break(self, ask: RulingRequest, known_break: KnownBreak, original: RulingRequest) -> Answer:
        self._check_version(ask, known_break)
        break_ = known_break.latest
        pair = self.pairs.of(break_.account, ask.order_id, ask.charge_id) if ask.kind == RulingKind.LINK else None
        zone = zone_of(break_.account, self.accounts)
        decision = decide(
            ask, BreakContext(known_break, self.next_id, self.now, zone, self.limits, self._about(known_break), pair)
        )
        self._decided(decision)
        return Answer(original, decision.outcome, decision.words, decision.ruling.id, decision.after.status.value)

    def _about(self, known_break: KnownBreak) -> dict[int, Ruling]:
        """The rulings on a break, and those that it rests on, or rested on before one of them."""
        own_ids = self.of_break.get(known_break.latest.id, ())
        standings = _standings([known_break], [self.rulings[ruling_id] for ruling_id in own_ids])
        ids = [*own_ids, *(standing.ruling_id for standing in standings)]
        return {ruling_id: self.rulings[ruling_id] for ruling_id in ids if ruling_id in self.rulings}

    def _check_version(self, ask: RulingRequest, known_break: KnownBreak) -> None:
        """Two asks of one file about one break are one person's: what counts is how it stood before the first."""
        before = self.read[known_break.latest.id]
        if ask.version is None or ask.version == before.version:
            return
        last = next(reversed(_events(self.connection, known_break.latest.id)), None)
        how = (
            f"{last.what.replace('_', ' ')} by {last.who} on {last.at.date()}: {last.detail}" if last else "by a run"
        )
        raise RulingRefused(f"{known_break.latest.id} changed since: {how}")

    def _decided(self, decision: RulingDecision) -> None:
        after = decision.after
        ruling = decision.ruling
        if ruling.kind == RulingKind.LINK:
            self.pairs.held[ruling.charge_account, ruling.charge_id] = ruling
        for changed in decision.changed_rulings:
            if changed.kind == RulingKind.LINK and changed.standing not in (RulingState.STANDS, RulingState.PENDING):
                self.pairs.held.pop((changed.charge_account, changed.charge_id), None)
        self.breaks[after.latest.id] = after
        self._add(ruling, decision.changed_rulings)
        self._say(after, decision.event, ruling.who, decision.detail)
        state = {"status": after.status.value, "owner": after.owner, "version": after.version}
        self._keep_entry(ruling, decision.event, after.latest.id, decision.changed_rulings, {"break": state})

    def _ignore(self, ask: RulingRequest) -> Answer:
        ruling = ignore_asked(ask, self.next_id, self.limits, self.accounts, self.now)
        open_breaks = self._covered(ruling)
        waits = needs_second_person(ruling, [known.latest for known in open_breaks], self.limits)
        if waits:
            ruling = replace(ruling, standing=RulingState.PENDING.value)
            words = f"{ruling.name} waits for a second person: it would acknowledge {_counted(open_breaks)}"
        else:
            words = self._expect(open_breaks, ruling, ruling.who)
        self._add(ruling, ())
        self._keep_entry(ruling, _PROPOSED if waits else "ignored", ruling.name, (), {"breaks": len(open_breaks)})
        outcome = Outcome.PENDING if waits else Outcome.APPLIED
        return Answer(ask, outcome, words, ruling.id, covers=tuple(known.latest.id for known in open_breaks))

    def _approve_pattern(self, ask: RulingRequest, target: Ruling) -> Answer:
        today = earliest_day(target.account, self.accounts, self.now)
        ruling, pattern = decide_pattern(ask, target, self.next_id, self.now, today)
        open_breaks = self._covered(pattern)
        words = self._expect(open_breaks, pattern, ruling.who)
        self._add(ruling, (pattern,))
        self._keep_entry(ruling, "approved", target.name, (pattern,), {"breaks": len(open_breaks)})
        return Answer(ask, Outcome.APPLIED, words, ruling.id, covers=tuple(known.latest.id for known in open_breaks))

    def _end_pattern(self, ask: RulingRequest, target: Ruling) -> Answer:
        """A pattern is taken back, or rejected before it stood."""
        today = earliest_day(target.account, self.accounts, self.now)
        ruling, pattern = decide_pattern(ask, target, self.next_id, self.now, today)
        self._keep(break_rows.breaks_by(self.connection, "ruling_id", [target.id]))
        resting = [
            known_break
            for known_break in self.breaks.values()
            if known_break.standing and known_break.standing.ruling_id == target.id
        ]
        self._add(ruling, (pattern,))
        for known_break in resting:
            detail = f"ignore by {target.who} ({target.name})"
            self._move(known_break, "undone", BreakStatus.OPEN, None, ruling.who, detail)
        self._keep_entry(ruling, pattern.standing, target.name, (pattern,), {"breaks": len(resting)})
        words = f"{target.name} is {pattern.standing}: {_counted(resting)} open again; asked for by {target.who}"
        return Answer(ask, Outcome.APPLIED, words, ruling.id)

    def _covered(self, pattern: Ruling) -> list[KnownBreak]:
        """The open breaks, as they have become, that a pattern speaks of."""
        self._keep(covered(self.connection, pattern))
        return [
            known_break
            for known_break in self.breaks.values()
            if known_break.status == BreakStatus.OPEN
            and covers(pattern, known_break.latest)
            and holds_on(pattern, self._today(known_break.latest.account))
        ]

    def _expect(self, covered_breaks: Sequence[KnownBreak], pattern: Ruling, who: str) -> str:
        """Breaks rest on a pattern from now on; returns it in words."""
        standing = standing_by(pattern)
        detail = f"until {pattern.until}: {pattern.reason} ({pattern.name} by {pattern.who})"
        for known_break in covered_breaks:
            self._move(known_break, "ignored", BreakStatus.ACKNOWLEDGED, standing, who, detail)
        words = f"{_counted(covered_breaks)} acknowledged by it; asked for by {pattern.who}"
        return f"{pattern.name} holds until {pattern.until}: {words}"

    def _move(
        self,
        known_break: KnownBreak,
        event: str,
        status: BreakStatus,
        standing: Standing | None,
        who: str,
        detail: str,
    ) -> None:
        self.breaks[known_break.latest.id] = move_break(known_break, event, status, standing)
        self._say(known_break, event, who, detail)

    def _say(self, known_break: KnownBreak, event: str, who: str, detail: str) -> None:
        self.events.append(BreakEvent(known_break.latest.id, event, self.now, who, detail))

    def _add(self, ruling: Ruling, changed: Iterable[Ruling]) -> None:
        self.next_id += 1
        self.new.append(ruling.id)
        self._keep_rulings([ruling])
        if ruling.key:
            self.by_key[ruling.key] = ruling
        for changed_ruling in changed:
            self.rulings[changed_ruling.id] = changed_ruling
            self.touched.add(changed_ruling.id)

    def _keep_entry(
        self, ruling: Ruling, event: str, subject: str, changed: Iterable[Ruling], more: Mapping[str, Any]
    ) -> None:
        detail = {**more, "rulings": [break_rows.content(written) for written in (ruling, *changed)]}
        if self.asks_by is not None:
            detail["token"] = self.asks_by
        self.entries.append(Entry(ruling.who, event, subject, detail))

    def _keep(self, known_breaks: Iterable[KnownBreak]) -> None:
        """What was read before stays as it has become."""
        for known_break in known_breaks:
            self.read.setdefault(known_break.latest.id, known_break)
            self.breaks.setdefault(known_break.latest.id, known_break)

    def _keep_rulings(self, rulings_read: Iterable[Ruling]) -> None:
        for ruling in rulings_read:
            if ruling.id not in self.rulings:
                self.rulings[ruling.id] = ruling
                if ruling.break_id:
                    self.of_break.setdefault(ruling.break_id, []).append(ruling.id)

    def _today(self, account: str | None) -> date:
        return self.now.astimezone(zone_of(account, self.accounts)).date()

    def write(self, audit_key: bytes | None) -> None:
        """All that has changed, the audit log last: it seals the events."""
        if not self.entries:
            return
        changed = [known_break for break_id, known_break in self.breaks.items() if known_break != self.read[break_id]]
        bulk.upsert(self.connection, BREAK, [break_rows.break_row(known_break) for known_break in changed])
        break_rows.insert_rulings(self.connection, [self.rulings[ruling_id] for ruling_id in self.new])
        break_rows.update_rulings(
            self.connection, [self.rulings[ruling_id] for ruling_id in sorted(self.touched - set(self.new))]
        )
        break_rows.insert_events(self.connection, self.events, None, self.now)
        append_all(self.connection, self.entries, self.now, audit_key)


_ON_PATTERNS = {
    RulingKind.APPROVE: _Work._approve_pattern,
    RulingKind.REJECT: _Work._end_pattern,
    RulingKind.UNDO: _Work._end_pattern,
}


def _counted(known_breaks: Sequence[KnownBreak]) -> str:
    return f"{len(known_breaks):,} {'break' if len(known_breaks) == 1 else 'breaks'}"


def _standings(known_breaks: Iterable[KnownBreak], rulings_: Iterable[Ruling]) -> list[Standing]:
    """What breaks rest on, and what rulings found them resting on; opening items are no rulings."""
    standings = [
        *(known_break.standing for known_break in known_breaks),
        *(ruling.before.standing for ruling in rulings_ if ruling.before),
    ]
    return [standing for standing in standings if standing is not None and standing.kind != RulingKind.OPENING]
