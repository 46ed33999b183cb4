"""What is not final yet: shown with its due time, counted while it is in time, never a break."""

from datetime import timedelta

from recon import columns as c
from recon.result.waiting import not_yet_due, waiting
from tests.kit.books import AS_OF, DAY, HOUR, MINUTE, NOON, Job, books, charge, order, pending
from tests.kit.clocks import ACCOUNTS, context, refund, transfer

USING = context(AS_OF)
JOB = Job(context=USING, accounts=ACCOUNTS)
ORDERS = [
    order("A-1", status="pending"),
    order("A-2", status="refund_requested"),
    order("A-3", status="refunded", refunded_amount=10_000),
    order("A-4", status="pending"),
    order("A-5"),
    order("A-6", 600, created_at=AS_OF - 5 * MINUTE),
    order("A-7", 700, status="refund_requested", created_at=AS_OF - 5 * MINUTE),  # asks, and waits: one row
]
CHARGES = [
    pending("chrg_1", "A-1", expires_at=AS_OF + 3 * HOUR),
    charge("chrg_2", "A-2", paid_at=NOON),
    charge("chrg_3", "A-3", refunded_amount=10_000),
    charge("chrg_4", "A-4", paid_at=AS_OF - 10 * MINUTE),
    charge("chrg_5", "A-5"),
    pending("chrg_6", None, expires_at=AS_OF - DAY),
    pending("chrg_7", None, expires_at=None, method="grabpay"),
    pending("chrg_8", None, expires_at=AS_OF + DAY, authorized=True),
    charge("chrg_9", None, 900, created_at=AS_OF - DAY, paid_at=AS_OF - 10 * MINUTE),
]
JUDGED = JOB.judge_books(
    books(
        ORDERS,
        CHARGES,
        AS_OF,
        refunds=[refund(of="chrg_3", status="pending", created_at=AS_OF - DAY), refund("rfnd_2", of="chrg_3")],
        transfers=[transfer(AS_OF - HOUR), transfer(NOON - 30 * DAY, "trsf_2", paid=True)],
    )
)


def test_the_most_urgent_first_and_the_unknown_last() -> None:
    frame = waiting(JUDGED, "th", USING)
    assert c.WAITING.check(frame) is frame
    assert frame[c.SUBJECT_ID].tolist() == [
        "chrg_6",
        "chrg_9",
        "A-6",
        "A-7",
        "chrg_1",
        "chrg_8",
        "trsf_1",
        "rfnd_1",
        "A-2",
        "chrg_7",
    ]
    assert frame[c.HOURS_LEFT].iloc[:6].tolist() == [-24, 0, 0, 0, 3, 24]
    assert frame[c.STATUS].iloc[5] == "authorised"
    assert frame[c.ORDER_ID].iloc[7] == "A-3"
    assert frame[c.DUE_BY].isna().tolist() == [False] * 9 + [True]


def test_only_what_is_in_time_is_counted() -> None:
    assert {note.words: note.count for note in not_yet_due(JUDGED, "th", USING)} == {
        "charges pending and not yet due": 3,
        "refunds pending and not yet due": 1,
        "transfers on their way and not yet due": 1,
        "orders not yet due to be marked as paid": 1,
        "orders too young to miss their charge": 2,
        "charges too young to miss their order": 1,
    }
    assert {note.count for note in not_yet_due(JUDGED, "sg", USING)} == {0}
    assert waiting(JUDGED, "sg", USING).empty


def test_hours_count_from_the_full_hour_so_that_a_second_run_says_the_same() -> None:
    later = context(AS_OF + timedelta(minutes=59))
    first, second = waiting(JUDGED, "th", USING), waiting(JUDGED, "th", later)
    assert first[c.HOURS_LEFT].equals(second[c.HOURS_LEFT])
