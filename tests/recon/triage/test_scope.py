"""Which cases a run judges: its range, what changed, what is not final; and which it must leave alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from recon.calendars import days_window
from recon.model import Window
from recon.rules import judge
from recon.triage.scope import LastRunState, Range
from tests.kit.books import (
    AS_OF,
    DAY,
    EVER,
    HOUR,
    MINUTE,
    NOON,
    SG,
    TH,
    Job,
    Row,
    books,
    charge,
    day,
    failed,
    order,
    pending,
)
from tests.kit.clocks import context, dispute, refund

TODAY = days_window(day(2026, 10, 20), day(2026, 10, 20), TH.zone)
LONG_AGO = NOON - 90 * DAY
RUN = NOON + HOUR  # when the last run was recorded


def seen(what: Range, orders: list[Row], charges: list[Row]) -> tuple[list[bool], list[bool]]:
    """Which orders and which charges are judged."""
    scope = Job(what=what, accounts=what.accounts).judged(orders, charges).scope
    return scope.orders.tolist(), scope.charges.tolist()


def of(window: Window = TODAY, **fields: object) -> Range:
    return replace(Range({"th": TH}, {"th": window}), **fields)  # type: ignore[arg-type]


def test_a_case_is_judged_whole_if_any_part_of_it_was_made_in_the_range() -> None:
    early, late = order(created_at=LONG_AGO), charge(created_at=NOON)
    assert seen(of(), [early], [late]) == ([True], [True])
    assert seen(of(), [order()], [charge(created_at=NOON + 9 * DAY)]) == ([True], [True])
    assert seen(of(), [early], [charge(created_at=LONG_AGO)]) == ([False], [False])
    assert seen(of(), [], [late, charge("chrg_2", None, created_at=LONG_AGO)]) == ([], [True, False])


def test_orders_that_share_a_charge_are_judged_together() -> None:
    orders = [order("A-1", created_at=LONG_AGO), order("A-2"), order("A-3", created_at=LONG_AGO)]
    charges = [charge(of="A-1,A-2", created_at=LONG_AGO), charge("chrg_3", "A-3", created_at=LONG_AGO)]
    assert seen(of(), orders, charges) == ([True, True, False], [True, False])


def test_an_ambiguous_order_is_judged_when_one_of_its_candidates_is_touched() -> None:
    before = order(created_at=NOON - DAY)
    charges = [charge("chrg_1", None, created_at=NOON - DAY), charge("chrg_2", None)]
    assert seen(of(), [before], charges)[0] == [True]


def test_what_is_not_final_is_judged_whenever_it_was_made() -> None:
    waiting = order("A-1", status="pending", created_at=LONG_AGO)
    asked = order("A-2", status="refund_requested", created_at=LONG_AGO)
    charges = [pending("chrg_1", created_at=LONG_AGO), charge("chrg_2", "A-2", created_at=LONG_AGO)]
    assert seen(of(), [waiting, asked], charges) == ([True, True], [True, True])


def test_an_open_break_keeps_its_subject_in_sight() -> None:
    subjects = frozenset({("th", "order", "A-1"), ("th", "charge", "chrg_9")})
    orders, charges = [order(created_at=LONG_AGO)], [charge("chrg_9", None, created_at=LONG_AGO)]
    assert seen(of(open_subjects=subjects), orders, charges) == ([True], [True])
    elsewhere = frozenset({("sg", "order", "A-1"), ("sg", "charge", "chrg_9")})
    assert seen(of(open_subjects=elsewhere), orders, charges) == ([False], [False])


@pytest.mark.parametrize(("at", "judged"), [(RUN - MINUTE, False), (RUN, False), (RUN + MINUTE, True)])
def test_what_changed_since_the_last_run_is_judged(at: datetime, judged: bool) -> None:
    old: dict[str, Any] = {"created_at": LONG_AGO, "first_seen_at": LONG_AGO, "seen_at": at}
    what = of(last_runs={"th": LastRunState(RUN)})
    assert seen(what, [order(**old)], [charge(created_at=LONG_AGO)]) == ([judged], [judged])
    assert seen(what, [], [charge(of=None, **old)]) == ([], [judged])


def test_an_order_that_arrives_late_is_judged_and_a_charge_only_within_days_that_were_pulled() -> None:
    late: dict[str, Any] = {"created_at": LONG_AGO, "seen_at": RUN + MINUTE, "first_seen_at": RUN + MINUTE}
    unknown, known = LastRunState(RUN), LastRunState(RUN, (Window(LONG_AGO - DAY, LONG_AGO + DAY),))
    assert seen(of(last_runs={"th": unknown}), [order(**late)], []) == ([True], [])
    assert seen(of(last_runs={"th": unknown}), [], [charge(of=None, **late)]) == ([], [False])
    assert seen(of(last_runs={"th": known}), [], [charge(of=None, **late)]) == ([], [True])


@pytest.mark.parametrize("judged", [False, True])
def test_what_waited_for_its_other_side_in_the_last_run_is_judged(judged: bool) -> None:
    made: dict[str, Any] = {"created_at": LONG_AGO, "first_seen_at": LONG_AGO, "seen_at": LONG_AGO}
    waits = Window(LONG_AGO if judged else LONG_AGO + MINUTE, RUN)
    what = of(last_runs={"th": LastRunState(RUN, waits=waits)})
    assert seen(what, [order(**made)], []) == ([judged], [])
    assert seen(what, [], [charge(of=None, **made)]) == ([], [judged])
    paid = {**made, "created_at": LONG_AGO - 2 * DAY}
    assert seen(what, [], [charge(of=None, **paid, paid_at=LONG_AGO)]) == ([], [judged])


def test_days_that_were_not_pulled_are_not_judged_but_counted() -> None:
    what = of(EVER, covered={"th": (Window(NOON, NOON + DAY),)})
    orders = [
        order("A-1", created_at=NOON - MINUTE),
        order("A-2", created_at=NOON),
        order("A-3", created_at=LONG_AGO),
    ]
    scope = Job(what=what).judged(orders, [charge(of="A-3")]).scope
    assert scope.orders.tolist() == [False, True, True]  # A-3 has its charge: nothing is missing for want of a day
    assert scope.unpulled.tolist() == [True, False, False]


def test_nothing_earlier_than_the_go_live_is_judged() -> None:
    start = datetime(2026, 10, 19, 17, tzinfo=UTC)  # 20 October in Bangkok
    account = replace(TH, go_live=date(2026, 10, 20))
    what = Range({"th": account}, {"th": EVER})
    before, after = start - MINUTE, start
    orders = [order("A-1", created_at=before), order("A-2", created_at=after)]
    charges = [
        charge("chrg_1", "A-1", created_at=before, amount=5),
        charge("chrg_2", None, 7, created_at=before),
        charge("chrg_3", "nobody", created_at=after),
    ]
    assert seen(what, orders, charges) == ([False, True], [False, False, True])
    assert Job(what=what).says(orders, charges) == ["charge_missing A-2", "order_missing chrg_3"]


LIVE = replace(TH, go_live=date(2026, 10, 20))
SINCE = Range({"th": LIVE}, {"th": EVER})


def test_an_earlier_order_that_is_charged_since_the_go_live_is_judged() -> None:
    early: dict[str, Any] = {"created_at": NOON - DAY}
    late: dict[str, Any] = {"created_at": NOON}
    duplicate = [charge("chrg_1", **early), charge("chrg_2", **late)]
    assert Job(what=SINCE).says([order(**early)], duplicate) == ["duplicate_charge A-1"]
    shared = [order("A-1", **early), order("A-2", **late)]
    assert Job(what=SINCE).says(shared, [charge(of="A-1,A-2", amount=5, **early)]) == ["amount_mismatch A-1"]


@pytest.mark.parametrize("order_known", [True, False])
def test_a_dispute_since_the_go_live_is_told_though_its_charge_is_earlier(order_known: bool) -> None:
    early: dict[str, Any] = {"created_at": NOON - 60 * DAY}
    rows = [order(**early)] if order_known else []
    job = Job(what=SINCE, context=context(AS_OF), group=None)

    def told(refunds: Sequence[Row] = (), disputes: Sequence[Row] = ()) -> list[str]:
        known = books(rows, [charge(**early)], refunds=refunds, disputes=disputes)
        return [found.code for found in judge(job.judge_books(known).triage.cases, job.context)]

    assert told(disputes=[dispute()]) == ["dispute_open"]
    assert told(disputes=[dispute(**early)]) == []
    assert told([refund(status="pending", created_at=NOON)]) == []  # there is still time
    assert told([refund(status="pending", created_at=NOON - 10 * DAY)]) == []
    late = replace(job, what=replace(SINCE, accounts={"th": replace(TH, go_live=date(2026, 10, 5))}))
    known = books(rows, [charge(**early)], refunds=[refund(status="pending", created_at=NOON - 10 * DAY)])
    assert [one.code for one in judge(late.judge_books(known).triage.cases, job.context)] == ["refund_overdue"]


def test_only_the_accounts_that_were_asked_for_are_judged() -> None:
    what = Range({"th": TH, "sg": SG}, {"th": EVER})
    orders = [order(), order(account="sg")]
    charges = [charge("chrg_1", None, account="sg"), failed("chrg_2", None)]
    assert seen(what, orders, charges) == ([True, False], [False, True])


def test_opening_items_are_judged_in_every_run_though_they_are_older_than_the_go_live() -> None:
    account = replace(TH, go_live=date(2026, 10, 20))
    items = frozenset(
        {("th", "order", "A-1"), ("th", "charge", "chrg_2"), ("th", "charge", "chrg_3"), ("sg", "order", "A-3")}
    )
    what = Range({"th": account}, {"th": TODAY}, opening=items)
    orders = [order(id, created_at=LONG_AGO) for id in ("A-1", "A-2", "A-3")]
    charges = [
        charge("chrg_1", "A-1", created_at=LONG_AGO, amount=5),  # with its order
        charge("chrg_2", "A-2", created_at=LONG_AGO),  # an item, and its order with it
        charge("chrg_3", None, 7, created_at=LONG_AGO),
        charge("chrg_4", None, 8, created_at=LONG_AGO),
    ]
    assert seen(what, orders, charges) == ([True, True, False], [True, True, True, False])


def test_what_may_lie_in_an_account_that_was_not_pulled_is_not_missing() -> None:
    own, linked = order("A-1"), order("A-2")
    charges = [charge("chrg_2", "A-2")]
    assert seen(of(failed={"sg": ()}), [own, linked], charges)[0] == [False, True]
    assert seen(of(failed={"sg": (EVER,)}), [own, linked], charges)[0] == [True, True], "that day of it is known"
