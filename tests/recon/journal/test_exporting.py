"""What an export holds: all of it once, then only what is new, what changed taken back first."""

from datetime import date

from recon import columns as c
from recon.journal.exporting import (
    BookCodes,
    entries_of,
    month_ends,
    other_span,
    to_export,
    unmapped,
)
from recon.model import JournalEntry
from tests.kit.books import DAY, TH
from tests.kit.journals import FIRST, of_shop
from tests.kit.ledgers import Merchant

_CODES = BookCodes({"clearing": "1150", "refunds": "4090"}, {"clearing": "NONE"})


def _drafts(shop: Merchant, span: str = "day") -> list[JournalEntry]:
    return entries_of(of_shop(shop), TH, span)


def _sold() -> Merchant:
    shop = Merchant()
    shop.refund(shop.charge(), 30_000)
    return shop


def _numbers(entries: list[JournalEntry]) -> list[str]:
    return [entry.number.removeprefix(f"OMISE-TH-{FIRST:%Y%m%d}-") for entry in entries]


def test_the_first_time_everything_goes_and_the_second_time_nothing() -> None:
    drafts = _drafts(_sold())
    first = to_export(drafts, [])
    assert _numbers(first) == ["SAL-01", "FEE-01", "VAT-01", "REF-01"]
    assert to_export(drafts, first) == []


def test_a_late_refund_is_one_reversal_and_one_new_entry() -> None:
    shop = _sold()
    exported = to_export(_drafts(shop), [])
    shop.refund(shop.charges[0], 5_000)
    late = to_export(_drafts(shop), exported)
    assert _numbers(late) == ["REF-01R", "REF-02"]
    assert [entry.reverses for entry in late] == [exported[3].number, None]
    assert [(line.ledger_account, line.debit, line.credit) for line in late[0].lines] == [
        ("refunds", None, 30_000),
        ("clearing", 30_000, None),
    ]
    assert [(line.ledger_account, line.debit, line.credit) for line in late[1].lines] == [
        ("refunds", 35_000, None),
        ("clearing", None, 35_000),
    ]
    assert to_export(_drafts(shop), [*exported, *late]) == []


def test_what_is_no_more_is_taken_back_alone_and_may_come_again() -> None:
    shop = _sold()
    drafts = _drafts(shop)
    exported = to_export(drafts, [])
    without = to_export(drafts[:-1], exported)
    assert _numbers(without) == ["REF-01R"]
    assert _numbers(to_export(drafts, [*exported, *without])) == ["REF-02"]


def test_another_code_in_the_books_is_no_other_entry_and_a_reversal_has_the_codes_of_then() -> None:
    shop = _sold()
    exported = to_export([_CODES.on(draft) for draft in _drafts(shop)], [])
    moved = BookCodes({"clearing": "9999", "refunds": "4091"})
    assert to_export([moved.on(draft) for draft in _drafts(shop)], exported) == []
    shop.refund(shop.charges[0], 5_000)
    late = to_export([moved.on(draft) for draft in _drafts(shop)], exported)
    assert [[line.code for line in entry.lines] for entry in late] == [["4090", "1150"], ["4091", "9999"]]


def test_a_month_is_one_entry_a_kind_dated_on_its_last_day() -> None:
    shop = _sold()
    shop.wait(2 * DAY)
    shop.charge()
    months = _drafts(shop, "month")
    assert [entry.base for entry in months] == [
        f"OMISE-TH-{FIRST:%Y%m}-{kind}" for kind in ("SAL", "FEE", "VAT", "REF")
    ]
    assert {entry.day for entry in months} == {date(2026, 8, 31)}
    assert months[0].lines[0].debit == 200_000
    assert months[0].lines[0].rows == 2


def test_a_day_and_a_month_are_told_apart() -> None:
    exported = to_export(_drafts(_sold()), [])
    clash = other_span(exported, "month")
    assert clash is not None
    assert clash.span == "day"
    assert other_span(exported, "day") is None
    taken_back = [*exported, *to_export([], exported)]
    assert other_span(taken_back, "month") is None


def test_whole_months() -> None:
    assert month_ends(date(2026, 1, 1), date(2026, 2, 28))
    assert not month_ends(date(2026, 1, 2), date(2026, 1, 31))
    assert not month_ends(date(2026, 1, 1), date(2026, 1, 30))


def test_what_has_no_code_is_named_once_in_the_order_of_the_closed_list() -> None:
    entries = [_CODES.on(draft) for draft in _drafts(_sold())]
    assert list(unmapped(entries, needs_tax=False)) == [
        ("th", "accounts", "orders_clearing"),
        ("th", "accounts", "fees"),
        ("th", "accounts", "fee_vat_pending"),
    ]
    assert ("th", "tax_codes", "refunds") in list(unmapped(entries, needs_tax=True))


def test_digests_are_of_the_lines_alone() -> None:
    shop = _sold()
    first = _drafts(shop)
    again = _drafts(shop)
    assert [entry.digest for entry in first] == [entry.digest for entry in again]
    assert len({entry.digest for entry in first}) == len(first)
    assert {len(entry.digest) for entry in first} == {64}
    assert set(of_shop(shop)[c.ENTRY]) == {entry.base for entry in first}
