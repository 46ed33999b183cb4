"""Omise's tax receipts against the fees and VAT of their days: dates, sums, voids, what waits, what is no break."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from recon import columns as c
from recon.model import Books, Severity, Window
from recon.result.coverage import Coverage, Sources
from recon.settings import Context, RuleSettings
from recon.triage import Judged
from recon.triage.scope import LastRunState, Range, scope
from tests.kit.books import AS_OF, SG, TH, build
from tests.kit.ledgers import Merchant, column_breaks, judged_whole

DAY = timedelta(days=1)
MORNING = datetime(2026, 8, 10, 3, tzinfo=UTC)  # 10:00 in Bangkok
CONTEXT = Context(as_of=AS_OF, regions={"th": "TH"})


def receipt(fees: int, vat: int, number: int = 1, **fields: Any) -> dict[str, Any]:
    """As Omise makes it: dated with the day that closed, created 18:00 UTC, which is 01:00 of the next in Bangkok."""
    created = datetime(2026, 8, 10, 18, 0, 6, tzinfo=UTC)
    return {
        "account": "th",
        "receipt_id": f"rcpt_{number:03d}",
        "currency": "THB",
        "vat": vat,
        "wht": 0,
        "total": fees + vat,
        "issued_on": "2026-08-10",
        "created_at": created,
        "livemode": True,
        "seen_at": created,
        "first_seen_at": created,
        **fields,
    }


@pytest.fixture
def merchant() -> Merchant:
    """A charge of 3,650 and 256 VAT on the day of the receipts."""
    merchant = Merchant(now=MORNING)
    merchant.charge(100_000)
    return merchant


def of(merchant: Merchant, *receipts: dict[str, Any]) -> Judged:
    return judged_whole(merchant.books(receipts=build(c.RECEIPTS, list(receipts))), CONTEXT)


def says(judged: Judged, context: Context = CONTEXT) -> list[str]:
    return [raised.subject_id for raised in column_breaks(judged, context, "receipt_mismatch")]


def days(judged: Judged) -> list[tuple[str, str]]:
    rows = judged.settled.receipts
    return list(zip(rows[c.DAY], rows[c.MATCH], strict=True))


@pytest.mark.parametrize(("fees", "vat"), [(3_650, 256), (3_651, 256), (3_650, 255), (3_649, 257)])
def test_a_unit_in_each_line_is_no_break(merchant: Merchant, fees: int, vat: int) -> None:
    assert says(of(merchant, receipt(fees, vat))) == []


@pytest.mark.parametrize(
    ("fees", "vat", "risk", "line"),
    [
        (3_652, 256, 2, "fees of THB 36.52 where the day's charges and transfers have THB 36.50"),
        (3_650, 156, 100, "VAT of THB 1.56 where the day's charges and transfers have THB 2.56"),
        (
            3_750,
            156,
            200,
            "fees of THB 37.50 where the day's charges and transfers have THB 36.50, and VAT of THB 1.56",
        ),
        (0, 0, 3_906, "fees of THB 0.00"),
    ],
)
def test_a_receipt_that_says_other_fees_or_vat(merchant: Merchant, fees: int, vat: int, risk: int, line: str) -> None:
    (found,) = column_breaks(of(merchant, receipt(fees, vat)), CONTEXT, "receipt_mismatch")
    assert (found.subject_type, found.subject_id, found.severity) == ("receipt", "rcpt_001", Severity.MEDIUM)
    assert (found.expected, found.actual, found.amount_at_risk) == (3_906, fees + vat, risk)
    assert line in found.explanation


def test_the_tolerance_is_configured_and_counts_for_each_receipt(merchant: Merchant) -> None:
    strict = replace(CONTEXT, settings={"receipt_mismatch": RuleSettings(thresholds={"tolerance": 0})})
    books = merchant.books(receipts=build(c.RECEIPTS, [receipt(3_651, 256)]))
    assert says(judged_whole(books, strict), strict) == ["rcpt_001"]
    assert says(of(merchant, receipt(3_000, 210), receipt(652, 46, 2))) == []
    assert says(of(merchant, receipt(3_000, 210), receipt(653, 46, 2))) == ["rcpt_001"]


def test_a_receipt_counts_on_its_day_and_not_on_that_of_its_creation(merchant: Merchant) -> None:
    merchant.wait(DAY)
    merchant.charge(50_000)
    first, second = receipt(3_650, 256), receipt(1_825, 128, 2, issued_on="2026-08-11")
    assert says(of(merchant, first, second)) == []
    assert days(of(merchant, first, second)) == [("2026-08-10", c.AGREES), ("2026-08-11", c.AGREES)]


def test_days_are_bangkok_s(merchant: Merchant) -> None:
    for hour in (16, 17):  # 23:59 and 00:59 in Bangkok
        merchant.now = datetime(2026, 8, 10, hour, 59, tzinfo=UTC)
        merchant.charge(50_000)
    both = (receipt(3_650 + 1_825, 256 + 128), receipt(1_825, 128, 2, issued_on="2026-08-11"))
    assert says(of(merchant, *both)) == []


def test_a_day_without_a_receipt_is_shown_and_no_break(merchant: Merchant) -> None:
    merchant.wait(DAY)
    merchant.charge(50_000)
    judged = of(merchant, receipt(3_650, 256))
    assert says(judged) == []
    assert days(judged) == [("2026-08-10", c.AGREES), ("2026-08-11", c.NO_RECEIPT)]
    assert judged.settled.receipts[c.BASE].isna().tolist() == [False, True]


def test_an_account_without_receipts_is_not_judged(merchant: Merchant) -> None:
    assert days(of(merchant)) == []
    elsewhere = receipt(0, 0, account="sg", currency="SGD")
    assert set(of(merchant, elsewhere).settled.receipts[c.ACCOUNT]) == {"sg"}
    assert says(of(merchant, elsewhere)) == []


def test_interest_and_transfers_have_fees_and_vat_too(merchant: Merchant) -> None:
    merchant.charge(1_000_000, interest=48_000, interest_vat=3_360)
    merchant.pay_out(10_000)
    merchant.pay_out(10_000, failure_code="invalid_recipient")  # this one costs nothing
    fees, vat = 3_650 + 36_500 + 48_000 + 2_804, 256 + 2_555 + 3_360 + 196
    assert says(of(merchant, receipt(fees, vat))) == []


def test_what_settles_the_rounding_of_vat_counts(merchant: Merchant) -> None:
    merchant.now = datetime(2026, 8, 10, 18, 0, 6, tzinfo=UTC)
    merchant.move(9, "rcpt_001", "receipt.vat_adjustment.credit")
    assert says(of(merchant, receipt(3_650, 256 - 9))) == []
    assert says(of(merchant, receipt(3_650, 256))) == ["rcpt_001"]


def test_the_fee_of_a_voided_charge_may_be_on_the_receipt_or_not(merchant: Merchant) -> None:
    voided = merchant.charge(50_000, voided=True)
    merchant.refund(voided, 50_000, voided=True)
    assert says(of(merchant, receipt(3_650, 256))) == []
    assert says(of(merchant, receipt(3_650 + 1_825, 256 + 128))) == []
    assert says(of(merchant, receipt(3_650 + 900, 256 + 64))) == ["rcpt_001"]


def masks(books: Books, as_of: datetime = AS_OF, **fields: Any) -> tuple[list[bool], list[bool]]:
    """Which receipts are judged, and which wait, in a run of one day."""
    judged = judged_whole(books, CONTEXT)
    window = Window(datetime(2026, 8, 9, 17, tzinfo=UTC), datetime(2026, 8, 10, 17, tzinfo=UTC))
    asked = Range({"th": TH, "sg": SG}, {"th": window}, **fields)
    seen = scope(replace(books, as_of=as_of), judged.matching, asked)
    return seen.receipts.tolist(), seen.unread_receipts.tolist()


def test_which_receipts_are_judged_and_which_wait(merchant: Merchant) -> None:
    rows = [receipt(3_650, 256), receipt(1, 0, 2, issued_on="2026-08-11"), receipt(1, 0, 3, account="sg")]
    books = merchant.books(receipts=build(c.RECEIPTS, rows))
    assert masks(books) == ([True, False, False], [False, False, False])
    # The day has not closed.
    assert masks(books, datetime(2026, 8, 10, 16, tzinfo=UTC)) == ([False] * 3, [True, False, False])
    # Its charges were pulled to noon alone.
    half = Window(datetime(2026, 8, 9, tzinfo=UTC), datetime(2026, 8, 10, 5, tzinfo=UTC))
    assert masks(books, covered={"th": (half,)}) == ([False] * 3, [True, False, False])
    # A receipt that came after the last run is judged, whatever its day; so is one in an open break.
    late = LastRunState(datetime(2026, 8, 10, 18, tzinfo=UTC))
    assert masks(books, last_runs={"th": late})[0] == [True, True, False]
    assert masks(books, open_subjects=frozenset({("th", "receipt", "rcpt_002")}))[0] == [True, True, False]
    nameless = merchant.books(receipts=build(c.RECEIPTS, [receipt(1, 0, issued_on=None)]))
    assert masks(nameless) == ([False], [False])  # it stands on the day it was created
    live = replace(TH, go_live=date(2026, 8, 11))
    window = Window(datetime(2026, 8, 9, 17, tzinfo=UTC), datetime(2026, 8, 11, 17, tzinfo=UTC))
    seen = scope(books, judged_whole(books, CONTEXT).matching, Range({"th": live}, {"th": window}))
    assert seen.receipts.tolist() == [False, True, False]


def test_where_a_list_does_not_add_up_a_difference_waits_and_an_open_break_stays(merchant: Merchant) -> None:
    judged = of(merchant, receipt(3_000, 210))
    (open_break,) = column_breaks(judged, CONTEXT, "receipt_mismatch")
    doubted = replace(judged, incomplete={"th": ["charges: 3 stored, 4 said"]})
    assert says(doubted) == []
    sources = Sources(orders=True, bank=True, pulled=frozenset({"th"}), nameless=True)
    assert Coverage(judged, sources, [open_break])(open_break)
    assert not Coverage(doubted, sources, [open_break])(open_break)
    unread = replace(judged, scope=replace(judged.scope, receipts=np.array([False])))
    assert not Coverage(unread, sources, [open_break])(open_break)
