"""Settlement, Balance proof, Fees and VAT, Bank: a small merchant's sheets, row by row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from recon import columns as c
from recon import settlement
from recon.calendars import Calendar
from recon.model import Result, Settlement
from recon.settlement import ledger
from recon.settlement.receipts import receipt_lines
from reports.codes import BREAK_CODES
from reports.report import Basis, Report
from reports.sheet import Sheet, place
from reports.sheets.balance_proof import SHEET as BALANCE
from reports.sheets.bank import SHEET as BANK
from reports.sheets.fees_and_vat import SHEET as FEES
from reports.sheets.settlement import SHEET as SETTLEMENT
from tests.kit.books import BANGKOK, EVER, TH, build
from tests.kit.ledgers import START, Merchant
from tests.kit.report_example import breaks as breaks_of
from tests.kit.report_example import known_break
from tests.recon.rules.test_settlement import line

DAY = timedelta(days=1)
DAYS = (date(2026, 8, 21), date(2026, 9, 5))
CALENDAR = Calendar(BANGKOK)


def report(part: Settlement) -> Report:
    nothing: dict[str, Any] = dict.fromkeys(
        (
            "orders",
            "charges",
            "refunds",
            "transfers",
            "transactions",
            "matched_orders",
            "expecting_orders",
            "rejected_rows",
            "ignored_rows",
        ),
        0,
    )
    result = Result(TH, *DAYS, as_of=datetime(2026, 9, 5, 12, tzinfo=UTC), settlement=part, **nothing)
    return Report(result, Basis("0"))


@pytest.fixture
def merchant() -> Report:
    """Two charges and a refund, a transfer of what is free and its credit, a charge that waits, a receipt."""
    made = Merchant()
    first = made.charge(100_000)
    made.charge(31_000, method="promptpay", card_brand=None, fee_rate=None, fee=100, fee_vat=7, net=30_893)
    made.wait(8 * DAY)
    made.refund(first, 10_000)
    made.pay_out()
    made.charge(5_000)
    receipt = {
        "account": "th",
        "receipt_id": "rcpt_001",
        "currency": "THB",
        "vat": 500,
        "wht": 30,
        "total": 7_643,
        "created_at": made.now,
        "seen_at": made.now,
        "first_seen_at": made.now,
    }
    bank = (line(113_987, "2026-08-29"), line(77, "2026-08-30", "l2"))
    books = made.books(receipts=build(c.RECEIPTS, [receipt]), bank_lines=build(c.BANK_LINES, bank))
    read = ledger.read(books)
    found = settlement.with_bank(settlement.rebuild(books, read), books, {"th": BANGKOK}, {"th": 0})
    return report(settlement.of_range(found, books, read, TH, EVER, DAYS, CALENDAR))


def cells(frame: pd.DataFrame, *names: str) -> list[list[Any]]:
    """Some columns of all rows; what is empty is None."""
    return frame[list(names)].astype(object).where(frame[list(names)].notna(), None).values.tolist()


def shown(sheet: Sheet, given: Report, names: Sequence[str]) -> list[list[Any]]:
    frame = sheet.arrange(sheet.rows(given))
    assert {one.name for one in sheet.columns} <= set(frame.columns)
    for block in sheet.below:
        assert {one.name for one in block.columns} <= set(block.rows(given).columns)
    return cells(frame, *names)


def test_settlement_shows_each_transfer_above_its_credits(merchant: Report) -> None:
    names = (c.KIND, c.CHARGE_ID, c.AMOUNT, c.EXPLAINED, c.UNEXPLAINED, c.GROSS, c.NET)
    assert shown(SETTLEMENT, merchant, names) == [
        ["transfer", None, 116_987, 116_987, 0, 120_595, 113_987],
        ["charge", "chrg_001", 86_094, None, None, 89_595, None],
        ["charge", "chrg_002", 30_893, None, None, 31_000, None],
    ]
    waiting = SETTLEMENT.below[0].rows(merchant)
    assert cells(waiting, c.DAY, c.ROWS, c.AMOUNT) == [["2026-09-05", 1, 4_804]]


def test_the_balance_is_proved_by_day_and_by_kind(merchant: Report) -> None:
    rows = shown(BALANCE, merchant, (c.DAY, c.OPENING, c.CREDITS, c.DEBITS, c.CLOSING, c.TOTAL, c.DIFFERENCE))
    assert rows[0] == ["2026-08-21", 0, 126_987, 0, 126_987, None, None]
    assert [row for row in rows if row[2] or row[3]][1] == ["2026-08-29", 126_987, 4_804, 126_987, 4_804, None, None]
    assert rows[-1][4:] == [4_804, 4_804, 0]
    kinds = BALANCE.below[0].rows(merchant)
    assert cells(kinds, c.KIND, c.ROWS, c.AMOUNT) == [
        ["charge", 3, 131_791],
        ["refund", 1, -10_000],
        ["transfer", 1, -116_987],
    ]


def test_fees_by_month_and_method_and_vat_with_that_on_interest_in_its_place(merchant: Report) -> None:
    names = (c.MONTH, c.KIND, c.METHOD, c.ROWS, c.GROSS, c.FEE, c.EXPECTED_FEE, c.FEE_VAT, c.WHT)
    assert shown(FEES, merchant, names) == [
        ["2026-08", "charge", "card", 2, 105_000, 3_833, 3_833, 269, None],
        ["2026-08", "charge", "promptpay", 1, 31_000, 100, None, 7, None],
        ["2026-08", "receipt", None, 1, 0, 7_143, None, 500, 30],
        ["2026-08", "transfer", None, 1, 116_987, 2_804, None, 196, None],
    ]
    totals = {line.keys[c.KIND]: line.sums for line in place(FEES, merchant).totals}
    of_charges = [totals["charge"][name].amount for name in (c.FEE, c.EXPECTED_FEE)]
    assert of_charges == [3_933, None]  # not all of them carry a rate: a sum of some would be held against all fees
    months = FEES.below[0].rows(merchant)
    of_month = (c.MONTH, c.FEE, c.FEE_VAT, c.INTEREST, c.INTEREST_VAT, c.BASE, c.VAT, c.WHT)
    assert cells(months, *of_month) == [["2026-08", 6_737, 472, 0, 0, 7_143, 500, 30]]


def test_each_receipt_has_its_number_its_base_and_what_the_ledger_has_of_its_day() -> None:
    """Numbers and sums as recorded: two receipts of one day, and a day that has none."""
    made = datetime(2020, 11, 5, 18, 2, 5, tzinfo=UTC)
    receipts = build(
        c.RECEIPTS,
        [
            {
                "account": "th",
                "receipt_id": f"rcpt_{serial}",
                "receipt_number": f"OMTH2020110500{serial}",
                "currency": "THB",
                "vat": vat,
                "total": total,
                "issued_on": "2020-11-05",
                "created_at": made,
            }
            for serial, total, vat in ((18, 107, 7), (19, 7, 0))
        ],
    )
    days = c.RECEIPT_DAYS.from_rows(
        [
            ("th", "2020-11-05", "THB", 2, 107, 100, 7, 7, 7, 0, 0, c.DIFFERS),
            ("th", "2020-11-06", "THB", 0, None, 50, None, None, 4, None, None, c.NO_RECEIPT),
        ]
    )
    lines = receipt_lines(receipts, days)
    known = known_break("fee_vat_mismatch", 1)
    differs = replace(known, latest=replace(known.latest, code="receipt_mismatch", subject_id="rcpt_18"))
    breaks = breaks_of([differs])
    shown_report = report(Settlement(receipt_lines=lines))
    shown_report = replace(shown_report, result=replace(shown_report.result, breaks=breaks))
    shown_lines = FEES.below[1].rows(shown_report)
    names = (c.DAY, "numbered", c.RECEIPT_NUMBER, c.BASE, c.FEE, c.BASE_DIFFERENCE, c.VAT, c.FEE_VAT, BREAK_CODES)
    assert cells(shown_lines, *names) == [
        ["2020-11-05", 1, "OMTH202011050018", 100, 100, 7, 7, 7, "receipt_mismatch"],
        ["2020-11-05", 2, "OMTH202011050019", 7, None, None, 0, None, None],
        ["2020-11-06", None, None, None, 50, None, None, 4, None],
    ]
    assert lines[c.BASE].sum() == days[c.BASE].sum()
    assert lines[c.FEE].sum() == days[c.FEE].sum()


def test_the_bank_shows_what_is_open_first(merchant: Report) -> None:
    rows = shown(BANK, merchant, (c.MATCH, c.TRANSFER_ID, c.LINE_ID, c.NET, c.AMOUNT, c.DIFFERENCE))
    assert rows == [
        [c.NO_TRANSFER, None, "l2", None, 77, 77],
        [c.SAME_DAY, "trsf_001", "l1", 113_987, 113_987, 0],
    ]


def test_nothing_at_all_still_has_its_columns() -> None:
    for empty in (Settlement(), rebuilt_nothing()):
        for sheet in (SETTLEMENT, BALANCE, FEES, BANK):
            assert len(shown(sheet, report(empty), (sheet.columns[0].name,))) in (
                0,
                16,
                17,
            )  # days stand there anyway


def rebuilt_nothing() -> Settlement:
    books = Merchant(now=START).books()
    read = ledger.read(books)
    made = settlement.with_bank(settlement.rebuild(books, read), books, {"th": BANGKOK}, {"th": 0})
    return replace(settlement.of_range(made, books, read, TH, EVER, DAYS, CALENDAR))
