"""Payouts of one fixed sum, as a schedule of Omise's makes them: which credit is whose, where no line names any."""

from datetime import UTC, date, datetime, timedelta
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon import columns as c
from recon.calendars import Calendar
from recon.settings import Context
from recon.settlement.in_time import Fit, paired
from tests.kit.books import BANGKOK, Row, build
from tests.kit.ledgers import Merchant, column_breaks, judged_whole

DAY = timedelta(days=1)
FIRST = datetime(2026, 8, 24, 12, tzinfo=BANGKOK).astimezone(UTC)
NET = 100_000
CODES = ("bank_credit_missing", "bank_amount_mismatch", "bank_credit_unexplained")


def credit(number: int, booked: date, amount: int, text: str = "OMISE") -> Row:
    return {
        "account": "th",
        "line_id": f"line_{number:03d}",
        "source": "bank.th",
        "booked_on": booked.isoformat(),
        "amount": amount,
        "currency": "THB",
        "description": text,
        "payout": True,
        "file": "b.csv",
        "file_hash": "0",
        "row": number,
        "seen_at": FIRST,
        "first_seen_at": FIRST,
    }


def says(merchant: Merchant, credits: list[Row], fee_bound: int = 0) -> list[str]:
    as_of = merchant.now + 30 * DAY
    context = Context(as_of, calendars={"th": Calendar(BANGKOK)}, bank_fees={"th": fee_bound})
    books = merchant.books(as_of, bank_lines=build(c.BANK_LINES, credits))
    return [f"{one.code} {one.subject_id}" for one in column_breaks(judged_whole(books, context), context, *CODES)]


def series(payouts: int, every: int, lag: int, fee: int = 0) -> tuple[Merchant, list[Row]]:
    """So many payouts of one sum, every so many days, each at the bank some days later, less a bank's fee."""
    merchant = Merchant(now=FIRST)
    credits = []
    for number in range(1, payouts + 1):
        merchant.pay_out(NET + 3_000)
        credits.append(credit(number, (merchant.now + lag * DAY).astimezone(BANGKOK).date(), NET - fee))
        merchant.wait(every * DAY)
    return merchant, credits


@pytest.mark.parametrize("fee", [0, 1_000])
@pytest.mark.parametrize("every", [1, 7])
@pytest.mark.parametrize("lag", [0, 1, 3])
def test_a_fixed_sum_each_day_or_week_finds_its_credits(lag: int, every: int, fee: int) -> None:
    assert says(*series(15, every, lag, fee), fee_bound=fee) == []


@pytest.mark.parametrize("fee", [0, 1_000])
def test_of_equal_payouts_the_one_without_a_near_credit_is_missing(fee: int) -> None:
    merchant, credits = series(6, 7, 1, fee)
    del credits[2]
    assert says(merchant, credits, fee_bound=fee) == ["bank_credit_missing trsf_003"]


def test_two_fixed_sums_that_cross_each_other() -> None:
    merchant = Merchant(now=FIRST)
    credits: list[Row] = []
    for _ in range(4):
        for net, lag in ((NET, 3), (5 * NET, 0)):
            merchant.pay_out(net + 3_000)
            day = (merchant.now + lag * DAY).astimezone(BANGKOK).date()
            credits.append(credit(len(credits), day, net - 1_000))
            merchant.wait(DAY)
    assert says(merchant, credits, fee_bound=1_000) == []


@pytest.mark.parametrize("back", [1_000, 600])
def test_a_fee_that_the_bank_gives_back_belongs_to_the_payout_that_both_lines_name(back: int) -> None:
    merchant, _ = series(1, 1, 0)
    paid = credit(1, date(2026, 8, 24), NET - 1_000, "OMISE trsf_001")
    given_back = credit(2, date(2026, 8, 27), back, "OMISE FEE trsf_001")
    assert says(merchant, [paid, given_back], fee_bound=1_000) == []
    too_much = credit(2, date(2026, 8, 27), 1_001, "OMISE FEE trsf_001")
    assert says(merchant, [paid, too_much], fee_bound=1_000) == ["bank_credit_unexplained line_002"]


FITS = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(0, 5), max_size=8)


@given(FITS)
def test_there_is_no_better_choice(days: dict[tuple[int, int], int]) -> None:
    fits = [Fit(left, right, apart) for (left, right), apart in days.items()]
    made = list(paired(fits))
    assert all(one.left < next_.left and one.right < next_.right for one, next_ in pairwise(made))
    chains = (
        (len(chain), -sum(fit.days for fit in chain))
        for size in range(len(fits) + 1)
        for chain in combinations(sorted(fits), size)
        if all(one.left < next_.left and one.right < next_.right for one, next_ in pairwise(chain))
    )
    assert (len(made), -sum(fit.days for fit in made)) == max(chains)
