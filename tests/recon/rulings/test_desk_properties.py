"""Runs, rulings, undo, changing facts in any order: no break is lost or doubled, states move along the graph."""

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from recon.model import CLOSED, BreakStatus, KnownBreak
from recon.model.rulings import Answer, Outcome, RulingKind, RulingRequest
from recon.rulings.decide import MOVES
from recon.rulings.life import RulingsInForce, carry
from recon.rulings.patterns import expected_by, standing_patterns
from recon.store.desk import audit, rulings
from recon.store.engine import open_store
from recon.store.runs.record import RunAccount, RunFindings, list_breaks, record_run
from tests.kit.properties import DEAR
from tests.kit.store_samples import NOON, fresh_url
from tests.recon.store.desk.test_rulings import LIMITS, TH, found
from tests.recon.store.runs.test_record import RUN

SUBJECTS = ("1", "2", "TEST-3")
PEOPLE = st.sampled_from(["Malee", "Niran"])
KEY = b"a key"
STEPS = {  # events that move a break; all others leave it where it is
    what for moves in MOVES.values() for what in moves
}


class Desk(RuleBasedStateMachine):
    """One account, three subjects whose facts come, change and go; `expected` says what must be known of each."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = open_store(fresh_url("sqlite", Path(self.folder.name)))
        self.now = NOON
        self.wrong: dict[str, int] = {}  # subject -> amount at risk, of what does not agree now
        self.ever: set[str] = set()
        self.rulings = 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.dispose()
            self.folder.cleanup()

    @rule(subject=st.sampled_from(SUBJECTS), amount=st.sampled_from([0, 500, 2_000]))
    def facts_change(self, subject: str, amount: int) -> None:
        self.wrong[subject] = amount
        if not amount:
            del self.wrong[subject]

    @rule(days=st.integers(0, 2), meanwhile=st.none() | st.sampled_from(SUBJECTS))
    def run(self, days: int, meanwhile: str | None) -> None:
        self.now += timedelta(days=days, seconds=1)
        breaks = [found(subject, amount) for subject, amount in self.wrong.items()]

        def carry_breaks(known: Any, lasting: Any) -> Any:
            said = RulingsInForce({"th": TH["th"].zone})
            ignored = expected_by(standing_patterns(lasting), lambda account: said.today(account, self.now))
            return carry(known, breaks, lambda _: True, self.now, replace(said, expected=ignored))

        looked_at = {break_.id for break_ in breaks} | {known.latest.id for known in list_breaks(self.store)}
        if meanwhile:
            self.ask(RulingKind.RESOLVE, "Niran", meanwhile, reason="meanwhile")
        part = RunAccount("th", NOON.date(), NOON.date(), {}, "r0")
        run = replace(RUN, as_of=self.now, recorded_at=self.now)
        record_run(self.store, run, RunFindings([part], carry_breaks, looked_at), KEY)
        self.ever |= set(self.wrong)
        lives = self.lives()
        for subject in self.ever:
            closed = lives[subject].status == BreakStatus.AUTO_CLOSED
            assert closed == (subject not in self.wrong), subject
            if subject in self.wrong:
                assert lives[subject].latest.amount_at_risk == self.wrong[subject]

    @rule(
        subject=st.sampled_from(SUBJECTS),
        who=PEOPLE,
        kind=st.sampled_from(
            [
                RulingKind.RESOLVE,
                RulingKind.WRITE_OFF,
                RulingKind.ACKNOWLEDGE,
                RulingKind.APPROVE,
                RulingKind.REJECT,
                RulingKind.UNDO,
                RulingKind.REOPEN,
                RulingKind.NOTE,
                RulingKind.ASSIGN,
            ]
        ),
        days=st.integers(0, 3),
    )
    def people_rule(self, subject: str, who: str, kind: RulingKind, days: int) -> None:
        before = self.lives().get(subject)
        until = (self.now + timedelta(days=days)).date()
        answer = self.ask(kind, who, subject, reason="because", until=until, owner=who)
        after = self.lives().get(subject)
        if answer.outcome in (Outcome.REFUSED, Outcome.ALREADY):
            assert after == before
        if kind == RulingKind.APPROVE and answer.outcome == Outcome.APPLIED:
            assert before is not None
            assert before.standing is not None
            assert before.standing.who != who

    @rule(who=PEOPLE, days=st.integers(0, 3))
    def a_pattern_is_ignored(self, who: str, days: int) -> None:
        until = (self.now + timedelta(days=days)).date()
        self.ask(RulingKind.IGNORE, who, None, code="charge_missing", pattern="TEST-*", reason="trials", until=until)

    @rule(
        who=PEOPLE,
        place=st.integers(0, 3),
        kind=st.sampled_from([RulingKind.APPROVE, RulingKind.REJECT, RulingKind.UNDO]),
    )
    def a_pattern_is_decided_on(self, who: str, place: int, kind: RulingKind) -> None:
        patterns = [ruling for ruling in rulings.lasting(self.store) if ruling.kind == RulingKind.IGNORE]
        if patterns:
            pattern = patterns[place % len(patterns)]
            answer = self.ask(kind, who, None, target=pattern.id, reason="looked at")
            if kind != RulingKind.UNDO and answer.outcome == Outcome.APPLIED:
                assert (pattern.standing, pattern.who != who) == ("pending", True)

    @invariant()
    def no_break_is_lost_or_doubled(self) -> None:
        if hasattr(self, "store"):
            subjects = [known.latest.subject_id for known in list_breaks(self.store)]
            assert sorted(subjects) == sorted(self.ever)

    @invariant()
    def every_break_came_along_the_graph(self) -> None:
        for known in self.lives().values() if hasattr(self, "store") else ():
            reachable = {BreakStatus.OPEN}
            first, *events = rulings.events_of(self.store, known.latest.id)
            assert first.what == "opened"
            for event in events:
                if event.what in STEPS:
                    reachable = {to for at in reachable for to in MOVES[at].get(event.what, ())}
                    assert reachable, (known.latest.subject_id, event.what)
            assert known.status in reachable
            assert (known.standing is None) == (known.status in (BreakStatus.OPEN, BreakStatus.AUTO_CLOSED))
            assert known.status in CLOSED or known.status in MOVES

    @invariant()
    def the_audit_log_is_proved(self) -> None:
        if hasattr(self, "store"):
            assert audit.prove(self.store, [KEY]) == []

    def ask(self, kind: RulingKind, who: str, subject: str | None, **more: Any) -> Answer:
        break_id = found(subject).id if subject else None
        asked = RulingRequest(kind, who, break_id, **more)
        (answer,) = rulings.rule(self.store, [asked], LIMITS, self.now, KEY, TH)
        return answer

    def lives(self) -> dict[str, KnownBreak]:
        return {known.latest.subject_id: known for known in list_breaks(self.store)}


TestDesk = Desk.TestCase
TestDesk.settings = settings(DEAR, stateful_step_count=25, suppress_health_check=list(HealthCheck))
