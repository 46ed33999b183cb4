"""What people are told and what not: new, worse, gone; by account, code, currency; in scopes."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.alerts.decide import DUE, NEW, WORSE, About, Digest, Notice, Scope, compose, part
from jobs.alerts.letters import letter_of
from jobs.alerts.send import account_of
from recon.model import Severity
from recon.money import Currencies
from recon.store.runs.alerts import AlertState, WaitingClaim
from tests.kit.alert_samples import DAY, known, state, step
from tests.kit.store_samples import NOON

ABOUT = About(NOON)
ALL = (Scope(),)
MISSED = Notice("missed", "th", DAY, DAY, "did not run")
LATE = Notice("late", "th", DAY, DAY, "ran late")


def told(given: AlertState, *notices: Notice, scopes: tuple[Scope, ...] = ALL) -> Digest:
    digest, _, _ = compose(given, ABOUT, scopes, notices)
    return digest


@pytest.mark.parametrize("what", ["opened", "reopened", "fell", "expired"])
def test_a_break_that_opens_is_new(what: str) -> None:
    assert [one.what for one in told(state(step(known(), what))).news] == [NEW]


@pytest.mark.parametrize(
    ("detail", "news"),
    [
        ("severity: 2 -> 3", [WORSE]),
        ("expected: 1 -> 2; amount_at_risk: 5000 -> 10000", [WORSE]),
        ("amount_at_risk: None -> 10000; explanation: a -> b", [WORSE]),
        ("amount_at_risk: 20000 -> 10000", []),
        ("severity: 4 -> 3", []),
        ("explanation: a -> b", []),
    ],
)
def test_a_break_that_grows_is_worse(detail: str, news: list[str]) -> None:
    assert [one.what for one in told(state(step(known(), "changed", detail=detail))).news] == news


def test_a_break_that_is_soon_due_is_told_again() -> None:
    digest = told(state(step(known(), "due_soon", detail="due by 2026-10-27T06:00+00:00")))
    assert [one.what for one in digest.news] == [DUE]
    letter = letter_of(digest, Currencies())
    assert letter.title == "recon: 1 break due soon (high): th"
    assert "(charge_missing), due soon: th order A-1" in letter.text
    both = told(state(step(known(), "due_soon"), step(known("A-2"), "opened")))
    assert letter_of(both, Currencies()).title == "recon: 1 new break, 1 due soon (high): th"


def test_a_break_that_grows_back_to_what_was_told_is_no_news() -> None:
    growing = step(known(), "changed", detail="amount_at_risk: 5000 -> 10000")
    assert told(state(growing, last_claims={known().latest.id: (3, 100_00)})).news == ()
    assert len(told(state(growing, last_claims={known().latest.id: (3, 99_99)})).news) == 1


@pytest.mark.parametrize("what", ["note", "assign", "acknowledge"])
def test_what_people_write_is_no_news(what: str) -> None:
    assert told(state(step(known(), what))).empty


def test_a_break_with_several_events_is_told_once() -> None:
    grown = step(known(), "changed", 2, "amount_at_risk: 1 -> 10000")
    digest, claims, _ = compose(state(step(known()), grown), ABOUT, ALL)
    assert [(one.what, one.seq) for one in digest.news] == [(NEW, 2)]
    assert [(one.key, one.severity, one.amount_at_risk) for one in claims] == [("event:2", 3, 100_00)]


def test_lines_are_by_account_and_code_and_add_no_currencies() -> None:
    breaks = [
        known("1"),
        known("2", amount_at_risk=1),
        known("3", currency="USD"),
        known("4", amount_at_risk=None),
        known("5", account="jp", currency="JPY", code="order_missing", severity=Severity.CRITICAL),
        known("6", account="jp", currency="JPY"),
        known("7", account=None, currency=None, code="order_invalid"),
    ]
    lines = told(state(*(step(one, seq=at) for at, one in enumerate(breaks)))).lines
    assert [(one.account, one.code, one.new, one.amounts) for one in lines] == [
        ("", "order_invalid", 1, ()),
        ("jp", "order_missing", 1, (("JPY", 100_00),)),
        ("jp", "charge_missing", 1, (("JPY", 100_00),)),
        ("th", "charge_missing", 4, (("THB", 100_01), ("USD", 100_00))),
    ]


def test_the_top_is_the_gravest_then_the_largest_of_each_currency() -> None:
    breaks = [
        known("small", amount_at_risk=1),
        known("yen", currency="JPY", amount_at_risk=1_000_000),
        known("less yen", currency="JPY", amount_at_risk=900_000),
        known("large", amount_at_risk=5_000),
        known("grave", severity=Severity.CRITICAL, amount_at_risk=2),
        known("nothing", amount_at_risk=None),
    ]
    digest = told(state(*(step(one, seq=at) for at, one in enumerate(breaks))))
    found = [one.members[0].known.latest.subject_id for one in digest.told]
    assert found == ["grave", "yen", "large", "less yen", "small", "nothing"]
    assert len(told(state(*(step(known(str(at)), seq=at) for at in range(30)))).told) == 30


def test_a_scope_has_its_accounts_codes_and_severities() -> None:
    given = state(
        step(known("1")),
        step(known("2", account="jp")),
        step(known("3", code="order_missing")),
        step(known("4", severity=Severity.LOW)),
    )

    def subjects(scope: Scope) -> set[str]:
        return {one.known.latest.subject_id for one in part(told(given, MISSED), [scope]).news}

    assert subjects(Scope()) == {"1", "2", "3", "4"}
    assert subjects(Scope(accounts=("jp",))) == {"2"}
    assert subjects(Scope(codes=("order_missing",))) == {"3"}
    assert subjects(Scope(least=Severity.HIGH)) == {"1", "2", "3"}


def test_what_is_no_break_goes_to_scopes_of_all_codes() -> None:
    digest = told(state(), MISSED)
    assert part(digest, [Scope(least=Severity.CRITICAL)]).notices == (MISSED,)
    assert part(digest, [Scope(accounts=("th",))]).notices == (MISSED,)
    assert part(digest, [Scope(accounts=("jp",))]).empty
    assert part(digest, [Scope(codes=("charge_missing",))]).empty


def test_a_scope_of_some_accounts_names_no_workbook_of_others() -> None:
    books = tuple((name, f"settlement_{name}_2026-03-02_2026-03-02.xlsx") for name in ("th", "jp_shop", "group"))
    digest = replace(told(state(), MISSED), about=replace(ABOUT, workbooks=books))
    assert part(digest, [Scope(codes=("charge_missing",))]).about.workbooks == books
    own = letter_of(part(digest, [Scope(accounts=("th",))]), Currencies())
    assert (books[0][1] in own.text, "jp_shop" in own.text, "group" in own.html) == (True, False, False)
    assert all(name in letter_of(digest, Currencies()).html for _, name in books)
    paths = [Path("reports") / name for _, name in books]
    plain = Path("reports/settlement_jp_shop_2026-03-02_2026-03-02.csv/Breaks.csv")
    assert [account_of(path) for path in (*paths, plain)] == ["th", "jp_shop", "group", "jp_shop"]


def test_what_nobody_is_told_of_is_not_claimed() -> None:
    given = state(step(known("1")), step(known("2", account="jp"), seq=2))
    digest, claims, _ = compose(given, ABOUT, [Scope(accounts=("jp",))], [MISSED])
    assert [one.key for one in claims] == ["event:2"]
    assert digest.notices == ()


def test_a_night_is_told_once_until_it_is_made_good() -> None:
    days = ("missed", "th", DAY, DAY)
    assert told(state(), MISSED, MISSED).notices == (MISSED,)
    assert told(state(earlier={days: (1, True)}), MISSED).empty
    _, [again], _ = compose(state(earlier={days: (1, False)}), ABOUT, ALL, [MISSED])
    assert again.key == f"missed:th:{DAY}:{DAY}:2"
    tomorrow = Notice("missed", "th", DAY + timedelta(days=1), DAY + timedelta(days=1), "")
    assert told(state(earlier={days: (1, True)}), tomorrow).notices == (tomorrow,)


def test_a_night_whose_run_was_told_as_failed_is_not_told_again_as_incomplete() -> None:
    failed, incomplete = (Notice(kind, "th", DAY, DAY, "") for kind in ("failed", "incomplete"))
    assert told(state(earlier={("failed", "th", DAY, DAY): (1, True)}), incomplete).empty
    assert told(state(earlier={("incomplete", "th", DAY, DAY): (1, True)}), failed).empty
    assert told(state(earlier={("missed", "th", DAY, DAY): (1, True)}), failed).notices == (failed,)


def test_a_late_night_is_told_once_and_nothing_waits_for_it() -> None:
    _, [claim], _ = compose(state(), ABOUT, ALL, [LATE])
    assert not claim.waits
    assert told(state(earlier={("late", "th", DAY, DAY): (1, False)}), LATE).empty


@pytest.mark.parametrize(
    ("standing", "clear"),
    [
        ([], ()),
        ([("th", False)], ()),
        ([("th", True), ("th", False)], ()),
        ([("th", True), ("jp", False)], ("th",)),
        ([("th", True), ("th", True), ("jp", True)], ("jp", "th")),
    ],
)
def test_the_all_clear_comes_when_the_last_is_gone(standing: list[tuple[str, bool]], clear: tuple[str, ...]) -> None:
    given = state(waiting=tuple(WaitingClaim(str(at), *one) for at, one in enumerate(standing)))
    digest, _, cleared = compose(given, ABOUT, ALL)
    assert digest.clear == clear
    assert len(cleared) == sum(gone for _, gone in standing)


def test_no_all_clear_while_something_new_waits() -> None:
    gone = (WaitingClaim("a", "th", True),)
    assert told(state(step(known()), waiting=gone)).clear == ()
    assert told(state(waiting=gone), MISSED).clear == ()
    assert told(state(waiting=gone), LATE).clear == ("th",)


def test_a_proof_that_does_not_tie_is_told_unless_proofs_are_off() -> None:
    found = known()
    proof = replace(found, latest=replace(found.latest, code="proof_unexplained", subject_type="proof"))
    given = state(step(proof))
    assert [one.known for one in told(given, scopes=(Scope(least=Severity.HIGH),)).news] == [proof]
    assert told(given, scopes=(Scope(least=Severity.HIGH, proofs=False),)).empty
