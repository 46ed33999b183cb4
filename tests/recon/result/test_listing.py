"""The lists of refunds, disputes and failed payments: what is in them, both sides' sums, each order's once."""

from datetime import timedelta

from recon import columns as c
from recon.model import Window
from recon.result.listing import NOT_AT_OMISE, details
from tests.kit.books import AS_OF, DAY, HOUR, NOON, TH, Job, books, charge, failed, order
from tests.kit.clocks import ACCOUNTS, context, dispute, refund

USING = context(AS_OF)
WINDOW = Window(NOON - HOUR, NOON + DAY)
OLD = NOON - 30 * DAY
LISTED = details(
    Job(context=USING, accounts=ACCOUNTS).judge_books(
        books(
            [
                order("A-1", refunded_amount=4_000),
                order("A-2", refunded_amount=10_000, status="refunded"),
                order("A-3", status="refund_requested", created_at=OLD),
                order("A-4"),
                order("A-5"),
                order("A-6", refunded_amount=10_000, created_at=OLD),
            ],
            [
                charge("chrg_1", "A-1", refunded_amount=5_000),
                charge("chrg_2", "A-2"),
                charge("chrg_3", "A-3"),
                charge("chrg_4", "A-4"),
                failed("chrg_5", "A-4"),
                failed("chrg_6", "A-4"),
                failed("chrg_7", "A-5"),
                failed("chrg_8", None, created_at=OLD),
                charge("chrg_9", None, status="expired", method="promptpay", amount=700),
            ],
            AS_OF,
            refunds=[
                refund("rfnd_1", "chrg_1", 3_000),
                refund("rfnd_2", "chrg_1", 2_000, created_at=NOON + 2 * HOUR),
                refund("rfnd_3", "chrg_x", 100, created_at=OLD, status="pending"),
                refund("rfnd_4", "chrg_x", 100, created_at=OLD),
            ],
            disputes=[
                dispute("dspt_1", "chrg_4"),
                dispute("dspt_2", "chrg_x", status="pending", created_at=OLD),
                dispute("dspt_3", "chrg_x", status="won", created_at=OLD, closed_at=NOON),
                dispute("dspt_4", "chrg_2", status="lost", closed_at=NOON + timedelta(days=1), reason_code="fraud"),
            ],
        )
    ),
    TH,
    WINDOW,
    USING,
)


def test_refunds_of_the_range_and_open_ones_with_what_both_sides_refunded() -> None:
    frame = c.REFUND_LIST.check(LISTED.refunds)
    names = [c.REFUND_ID, c.ORDER_ID, c.STATUS, c.SHOP_REFUNDED, c.OMISE_REFUNDED, c.DIFFERENCE]
    assert frame[names].astype(object).where(frame[names].notna(), None).values.tolist() == [
        ["rfnd_3", None, "pending", None, None, None],
        ["rfnd_1", "A-1", "closed", 4_000, 5_000, 1_000],
        ["rfnd_2", "A-1", "closed", None, None, None],  # the order's sums stand once
        [None, "A-3", NOT_AT_OMISE, 0, 0, 0],
        [None, "A-2", NOT_AT_OMISE, 10_000, 0, -10_000],
    ]
    assert frame[c.WINDOW_END].iloc[1] == NOON + timedelta(minutes=1) + 365 * DAY


def test_a_difference_that_is_no_break_says_what_it_is() -> None:
    """Contract: refunds of a charge that does not pay the order do not count, nor a cancelled order's in full."""
    frame = details(
        Job(context=USING, accounts=ACCOUNTS).judge_books(
            books(
                [
                    order("B-1"),
                    order("B-2", refunded_amount=10_000),
                    order("B-3", status="cancelled"),
                    order("B-4", status="refunded"),
                ],
                [
                    charge("chrg_1", "B-1"),
                    charge("chrg_2", "B-1", refunded_amount=10_000),
                    charge("chrg_3", "B-2", refunded_amount=4_000),
                    charge("chrg_4", "B-3", refunded_amount=10_000),
                    charge("chrg_5", "B-4", refunded_amount=10_000),
                ],
                AS_OF,
                refunds=[
                    refund("rfnd_1", "chrg_2", 6_000),
                    refund("rfnd_2", "chrg_2", 4_000, created_at=NOON + HOUR),
                    refund("rfnd_3", "chrg_3", 4_000, created_at=NOON + 2 * HOUR),
                    refund("rfnd_4", "chrg_4", 10_000, created_at=NOON + 3 * HOUR),
                    refund("rfnd_5", "chrg_5", 10_000, created_at=NOON + 4 * HOUR),
                ],
                disputes=[dispute("dspt_1", "chrg_3", status="lost", amount=6_000, funding_amount=6_000)],
            )
        ),
        TH,
        WINDOW,
        USING,
    ).refunds
    names = [c.REFUND_ID, c.SHOP_REFUNDED, c.OMISE_REFUNDED, c.DIFFERENCE, c.REFUND_NOTE]
    assert frame[names].astype(object).where(frame[names].notna(), None).values.tolist() == [
        ["rfnd_1", None, None, None, "of a charge that does not pay the order"],
        ["rfnd_2", None, None, None, "of a charge that does not pay the order"],
        ["rfnd_3", 10_000, 4_000, -6_000, "the rest was lost in a dispute"],
        ["rfnd_4", 0, 10_000, 10_000, "all of a cancelled order's payment"],
        ["rfnd_5", 10_000, 10_000, 0, None],  # a refunded order that does not say how much: all of it
    ]


def test_disputes_of_the_range_and_undecided_ones_first_with_their_age() -> None:
    frame = c.DISPUTE_LIST.check(LISTED.disputes)
    assert frame[[c.DISPUTE_ID, c.STATUS, c.AGE_DAYS]].values.tolist() == [
        ["dspt_2", "pending", 33],
        ["dspt_1", "open", 3],
        ["dspt_4", "lost", 1],
    ]
    assert frame[c.DUE_BY].iloc[1] == NOON + HOUR + 7 * DAY  # the others are answered or decided
    assert frame[c.DUE_BY].notna().tolist() == [False, True, False]
    assert frame[[c.ORDER_ID, c.ORDER_STATUS, c.REASON_CODE]].iloc[2].tolist() == ["A-2", "refunded", "fraud"]


def test_failed_payments_by_method_and_reason_with_the_orders_that_were_paid_after_all() -> None:
    frame = c.FAILURES.check(LISTED.failures)
    names = [c.METHOD, c.STATUS, c.ROWS, c.ATTEMPTS, c.RATE, c.PAID_OTHERWISE, c.AMOUNT]
    assert frame[names].values.tolist() == [
        ["card", "failed", 3, 7, 4_286, 2, 30_000],
        ["promptpay", "expired", 1, 1, 10_000, 0, 700],
    ]
    assert frame[c.FAILURE_CODE].iloc[0] == "insufficient_fund"


def test_another_account_has_none_of_it() -> None:
    job = Job(context=USING, accounts=ACCOUNTS)
    found = details(job.judge_books(books([], [], AS_OF)), TH, WINDOW, USING)
    assert [len(found.refunds), len(found.disputes), len(found.failures)] == [0, 0, 0]
    c.REFUND_LIST.check(found.refunds)
    c.DISPUTE_LIST.check(found.disputes)
    c.DISPUTE_RATES.check(found.dispute_rates)
    c.FAILURES.check(found.failures)
