"""The desk: what is asked is applied in one transaction and answered in words; who is second is told."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from recon.model import Account, Break, BreakStatus, KnownBreak, Severity
from recon.model.rulings import DECIDING, Answer, ApprovalLimits, Outcome, Ruling, RulingKind, RulingRequest
from recon.rulings.life import carry
from recon.store.desk import audit, rulings
from recon.store.engine import Store, open_store
from recon.store.runs.record import RunAccount, RunFindings, RunRecord, list_breaks, record_run
from recon.store.versions.save import save_objects, save_orders
from tests.kit.store_samples import DATABASES, NOON, charge, fresh_url, opened, orders, rejected
from tests.recon.store.runs.test_record import RUN

TH = {"th": Account("th", "TH", "THB", ZoneInfo("Asia/Bangkok"))}
LIMITS = ApprovalLimits({"THB": 1_000}, {"THB": 1_000})
UNTIL = date(2026, 3, 9)


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from opened(request.param, tmp_path)


def found(subject: str = "1", at_risk: int | None = 500, **more: Any) -> Break:
    plain = {"currency": "THB", "expected": at_risk, "actual": 0, "amount_at_risk": at_risk, "order_id": subject}
    return Break("charge_missing", Severity.HIGH, "th", "order", subject, "no charge", "ask", **{**plain, **more})


def a_run(
    store: Store,
    breaks: Sequence[Break],
    as_of: datetime = NOON,
    meanwhile: Sequence[RulingRequest] = (),
    key: bytes | None = None,
) -> None:
    """A run that judges everything; between its judging and its recording people may ask for something."""

    def carry_breaks(known_breaks: Sequence[KnownBreak], _lasting: Sequence[Ruling]) -> Any:
        return carry(known_breaks, breaks, lambda _: True, as_of)

    ask(store, *meanwhile)
    run: RunRecord = replace(RUN, as_of=as_of, recorded_at=as_of)
    part = RunAccount("th", date(2026, 3, 1), date(2026, 3, 1), {}, "r0")
    record_run(store, run, RunFindings([part], carry_breaks, [break_.id for break_ in breaks]), key)


def ask(store: Store, *asks: RulingRequest, now: datetime = NOON, key: bytes | None = None) -> list[Answer]:
    return rulings.rule(store, asks, LIMITS, now, key, TH) if asks else []


def one(store: Store, kind: RulingKind, who: str = "Malee", **more: Any) -> Answer:
    (answer,) = ask(store, RulingRequest(kind, who, **{"break_id": found().id, **more}))
    return answer


def life(store: Store, subject: str = "1") -> KnownBreak:
    return next(known for known in list_breaks(store) if known.latest.subject_id == subject)


def steps(store: Store) -> list[str]:
    return [event.what for event in rulings.events_of(store, found().id)]


def test_a_resolved_break_stays_so_until_its_facts_change(store: Store) -> None:
    a_run(store, [found()])
    assert one(store, RulingKind.RESOLVE, reason="refunded").outcome == Outcome.APPLIED
    a_run(store, [replace(found(), explanation="other words")])
    assert life(store).status == BreakStatus.RESOLVED
    a_run(store, [found(at_risk=700)])
    assert life(store).status == BreakStatus.OPEN
    assert steps(store) == ["opened", "resolved", "changed", "fell"]
    (ruling,) = rulings.rulings(store, found().id)
    assert (ruling.standing, ruling.ended_why) == (
        "fell",
        "expected: 500 -> 700; amount_at_risk: 500 -> 700",
    )
    assert audit.prove(store, ()) == []


def test_an_acknowledgement_ends_after_its_last_local_day(store: Store) -> None:
    from recon.rulings.life import RulingsInForce

    a_run(store, [found()])
    one(store, RulingKind.ACKNOWLEDGE, until=UNTIL)
    evening = datetime(2026, 3, 9, 16, 59, tzinfo=UTC)  # in Bangkok one minute before midnight
    said = RulingsInForce({"th": TH["th"].zone})
    (kept,) = carry([life(store)], [found()], lambda _: True, evening, said).reported
    assert kept.status == BreakStatus.ACKNOWLEDGED
    later = carry([life(store)], [found()], lambda _: True, evening + timedelta(minutes=1), said)
    assert later.reported[0].status == BreakStatus.OPEN
    assert [event.what for event in later.events] == ["expired"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"kind": RulingKind.RESOLVE}, "a reason is needed"),
        ({"kind": RulingKind.NOTE, "reason": " "}, "needs a text"),
        ({"kind": RulingKind.ACKNOWLEDGE}, "a day is needed"),
        ({"kind": RulingKind.ACKNOWLEDGE, "until": date(2026, 2, 28)}, "2026-02-28 has passed"),
        ({"kind": RulingKind.RESOLVE, "reason": "x", "break_id": "brk_none"}, 'no break "brk_none"'),
        ({"kind": RulingKind.RESOLVE, "reason": "a\x00b"}, "cannot be kept"),
        ({"kind": RulingKind.NOTE, "reason": "x", "who": " "}, "nobody is named"),
        ({"kind": RulingKind.UNDO}, "nothing to undo"),
        ({"kind": RulingKind.UNDO, "target": 99}, "rul_99 is not about"),
        ({"kind": RulingKind.APPROVE}, "nothing waits for approval"),
        ({"kind": RulingKind.REOPEN}, "is not closed"),
        ({"kind": RulingKind.LINK, "order_id": "1", "charge_id": "chrg_9"}, "order 1 is not known"),
        (
            {"kind": RulingKind.IGNORE, "code": "charge_missing", "reason": "x", "until": UNTIL, "account": "xx"},
            "no account",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_changes_nothing(
    tmp_path: Path, asked: dict[str, Any], words: str
) -> None:
    for store in opened("sqlite", tmp_path):
        a_run(store, [found()])
        before = life(store), steps(store)
        answer = one(store, **asked)
        assert (answer.outcome, words in answer.words) == (Outcome.REFUSED, True), answer.words
        assert (life(store), steps(store)) == before


def test_no_amount_no_write_off(store: Store) -> None:
    a_run(store, [found(at_risk=None)])
    assert "no amount" in one(store, RulingKind.WRITE_OFF, reason="small").words


def test_a_write_off_above_the_limit_waits_for_a_second_person(store: Store) -> None:
    a_run(store, [found(at_risk=-1_001)])
    assert one(store, RulingKind.WRITE_OFF, reason="bad debt").outcome == Outcome.PENDING
    assert life(store).status == BreakStatus.PENDING_APPROVAL
    assert "a second person" in one(store, RulingKind.APPROVE, " MALEE  ").words
    assert one(store, RulingKind.APPROVE, "Somchai").outcome == Outcome.APPLIED
    assert life(store).status == BreakStatus.WRITTEN_OFF
    assert [(r.kind, r.who, r.approved_by) for r in rulings.rulings(store, found().id)] == [
        ("write_off", "Malee", "Somchai"),
        ("approve", "Somchai", None),
    ]
    assert one(store, RulingKind.APPROVE, "Niran").outcome == Outcome.REFUSED
    assert one(store, RulingKind.UNDO, "Malee").outcome == Outcome.APPLIED
    assert life(store).status == BreakStatus.OPEN
    assert audit.prove(store, ()) == []


def test_what_was_taken_back_before_anybody_approved_it_is_known_as_such(store: Store) -> None:
    a_run(store, [found(at_risk=-1_001), found("2"), found("3", at_risk=-1_001)])
    for subject in ("1", "2", "3"):
        one(store, RulingKind.WRITE_OFF, break_id=found(subject).id, reason="bad debt")
    one(store, RulingKind.IGNORE, break_id=None, code="charge_missing", pattern="X*", until=UNTIL, reason="test")
    one(store, RulingKind.APPROVE, "Somchai", break_id=found("3").id)
    (pattern,) = [ruling.id for ruling in rulings.lasting(store)]
    for subject in ("1", "2", "3"):
        one(store, RulingKind.UNDO, break_id=found(subject).id)
    one(store, RulingKind.UNDO, break_id=None, target=pattern)
    decided = [ruling for ruling in rulings.find(store, range(20)) if ruling.kind in DECIDING]
    assert {ruling.standing for ruling in decided} == {"undone"}
    assert rulings.never_approved(store, decided, NOON - timedelta(hours=1)) == {1, pattern}
    assert rulings.never_approved(store, decided, NOON) == frozenset()


def test_a_write_off_at_the_limit_needs_nobody_else(store: Store) -> None:
    a_run(store, [found(at_risk=1_000)])
    assert one(store, RulingKind.WRITE_OFF, reason="small").outcome == Outcome.APPLIED
    assert life(store).status == BreakStatus.WRITTEN_OFF


def test_undo_gives_back_the_life_before_and_keeps_its_history(store: Store) -> None:
    a_run(store, [found()])
    one(store, RulingKind.ACKNOWLEDGE, until=UNTIL)
    acknowledged = life(store)
    one(store, RulingKind.RESOLVE, reason="refunded")
    assert [ruling.standing for ruling in rulings.rulings(store, found().id)] == ["replaced", "stands"]
    one(store, RulingKind.UNDO)
    assert (life(store).status, life(store).standing) == (acknowledged.status, acknowledged.standing)
    one(store, RulingKind.UNDO)
    assert life(store).status == BreakStatus.OPEN
    assert "nothing to undo" in one(store, RulingKind.UNDO).words
    assert steps(store) == ["opened", "acknowledged", "resolved", "undone", "undone"]
    assert audit.prove(store, ()) == []


def test_a_closed_break_can_be_opened_again(store: Store) -> None:
    a_run(store, [found()])
    one(store, RulingKind.RESOLVE, reason="refunded")
    assert one(store, RulingKind.REOPEN, "Somchai").outcome == Outcome.APPLIED
    assert life(store).status == BreakStatus.OPEN
    assert audit.prove(store, ()) == []


def test_a_break_has_an_owner_and_notes_in_any_state(store: Store) -> None:
    a_run(store, [found()])
    one(store, RulingKind.RESOLVE, reason="refunded")
    one(store, RulingKind.ASSIGN, owner="Niran")
    one(store, RulingKind.NOTE, reason="asked the bank")
    assert (life(store).owner, life(store).status) == ("Niran", BreakStatus.RESOLVED)
    assert one(store, RulingKind.ASSIGN, owner="Niran").outcome == Outcome.ALREADY
    assert one(store, RulingKind.ASSIGN, owner="n" * 101).words == "an owner's name has at most 100 characters"
    one(store, RulingKind.ASSIGN, owner="")
    assert life(store).owner is None


def test_a_pattern_acknowledges_what_is_open_and_its_undo_opens_it_again(store: Store) -> None:
    a_run(store, [found("TEST-1"), found("TEST-2"), found("1")])
    one(store, RulingKind.RESOLVE, break_id=found("TEST-2").id, reason="x")
    answer = one(
        store, RulingKind.IGNORE, break_id=None, code="charge_missing", pattern="TEST-*", until=UNTIL, reason="trials"
    )
    assert (answer.outcome, answer.covers) == (Outcome.PENDING, (found("TEST-1").id,))
    assert [life(store, s).status.value for s in ("TEST-1", "TEST-2", "1")] == ["open", "resolved", "open"]
    approved = one(store, RulingKind.APPROVE, "Niran", break_id=None, target=answer.ruling_id)
    assert "1 break acknowledged by it" in approved.words
    assert rulings.rulings(store, found("TEST-1").id)[-1].approved_by == "Niran"
    assert [life(store, s).status.value for s in ("TEST-1", "TEST-2", "1")] == ["acknowledged", "resolved", "open"]
    (pattern,) = rulings.lasting(store)
    assert (pattern.pattern, pattern.until) == ("TEST-*", UNTIL)
    one(store, RulingKind.UNDO, break_id=None, target=answer.ruling_id)
    assert [life(store, s).status.value for s in ("TEST-1", "TEST-2", "1")] == ["open", "resolved", "open"]
    assert rulings.lasting(store) == []
    assert audit.prove(store, ()) == []


def test_a_link_by_hand_needs_both_sides_and_gives_a_charge_to_one_order(store: Store) -> None:
    save_orders(store, orders({"order_id": "1"}, {"order_id": "2"}), rejected(), NOON)
    save_objects(store, "th", "charge", [charge("chrg_1", amount=900, currency="THB")], NOON)
    a_run(store, [found("1"), found("2")])
    both = {"order_id": "1", "charge_id": "chrg_1"}
    assert "is about order 2, not 1" in one(store, RulingKind.LINK, break_id=found("2").id, **both).words
    assert "not known" in one(store, RulingKind.LINK, order_id="1", charge_id="chrg_2").words
    assert one(store, RulingKind.LINK, **both).outcome == Outcome.APPLIED
    assert life(store).status == BreakStatus.RESOLVED
    second = one(store, RulingKind.LINK, break_id=found("2").id, order_id="2", charge_id="chrg_1")
    assert "is linked by hand to order 1" in second.words
    a_run(store, [found("2")])
    assert life(store).status == BreakStatus.AUTO_CLOSED
    assert [ruling.standing for ruling in rulings.rulings(store, found().id)] == ["stands"]
    one(store, RulingKind.UNDO)
    assert life(store).status == BreakStatus.OPEN
    assert audit.prove(store, ()) == []


def test_a_repeated_ask_is_known_by_its_key(store: Store) -> None:
    a_run(store, [found()])
    asked = RulingRequest(RulingKind.RESOLVE, "Malee", found().id, "refunded", key="file row 2")
    assert [answer.outcome for answer in ask(store, asked, asked)] == [Outcome.APPLIED, Outcome.ALREADY]
    assert ask(store, asked)[0].outcome == Outcome.ALREADY
    assert steps(store) == ["opened", "resolved"]


def test_what_changed_since_a_person_saw_it_is_refused_and_told(store: Store) -> None:
    a_run(store, [found()])
    seen = life(store).version
    one(store, RulingKind.RESOLVE, "Somchai", reason="refunded")
    answer = one(store, RulingKind.ACKNOWLEDGE, until=UNTIL, version=seen)
    assert "changed since: resolved by Somchai" in answer.words
    assert "is already resolved by Somchai on 2026-03-01" in one(store, RulingKind.ACKNOWLEDGE, until=UNTIL).words


def test_a_ruling_made_while_a_run_judges_survives_it(store: Store) -> None:
    a_run(store, [found()])
    a_run(
        store,
        [found()],
        NOON + timedelta(days=1),
        [RulingRequest(RulingKind.RESOLVE, "Malee", found().id, "refunded")],
    )
    assert life(store).status == BreakStatus.RESOLVED
    assert life(store).last_seen == NOON + timedelta(days=1)
    assert steps(store) == ["opened", "resolved"]


@pytest.mark.parametrize("database", DATABASES)
def test_of_two_people_at_the_same_moment_one_wins_and_the_other_is_told(database: str, tmp_path: Path) -> None:
    url = fresh_url(database, tmp_path)
    engines = [open_store(url), open_store(url)]
    subjects = [str(number) for number in range(10)]
    a_run(engines[0], [found(subject) for subject in subjects])
    start, answers = threading.Barrier(2), {}

    def person(name: str, store: Store) -> None:
        start.wait()
        answers[name] = [
            rulings.rule(
                store, [RulingRequest(RulingKind.RESOLVE, name, found(s).id, "x", version=0)], LIMITS, NOON, None, TH
            )[0]
            for s in subjects
        ]

    threads = [threading.Thread(target=person, args=pair) for pair in zip(("Malee", "Niran"), engines, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for subject, ours, theirs in zip(subjects, answers["Malee"], answers["Niran"], strict=True):
        won, lost = (ours, theirs) if ours.outcome == Outcome.APPLIED else (theirs, ours)
        assert (won.outcome, lost.outcome) == (Outcome.APPLIED, Outcome.REFUSED)
        assert f"changed since: resolved by {won.request.who}" in lost.words
        standing = life(engines[0], subject).standing
        assert standing is not None
        assert standing.who == won.request.who
    assert audit.prove(engines[0], ()) == []
    for store in engines:
        store.dispose()
