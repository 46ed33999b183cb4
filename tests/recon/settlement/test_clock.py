"""When money that is not paid out should have arrived: by Omise's word, by a method's hold, by its business days."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from recon import columns as c
from recon.methods import MethodBook
from recon.settings import RuleSettings
from recon.settlement import rebuild
from recon.settlement.ledger import read
from tests.kit.books import BANGKOK
from tests.kit.ledgers import Merchant, readings
from tests.recon.rules.test_settlement import DAY, MONDAY, context, known, overdue


def waiting(transferable: datetime | None, overrides: dict[str, Any], days: int | None = None) -> list[str]:
    """The days since which a charge of two Mondays ago, still not paid out a month later, is overdue."""
    merchant = Merchant(now=MONDAY - 7 * DAY)
    merchant.charge(100_000)
    books = known(merchant, MONDAY + 14 * DAY)
    moment = c.typed([transferable] * len(books.transactions), c.MOMENT)
    books = replace(books, transactions=books.transactions.assign(**{c.TRANSFERABLE_AT: moment}))
    method = str(books.charges[c.METHOD].iloc[0])
    settings = {"settlement_overdue": RuleSettings(thresholds={"business_days": days})} if days is not None else {}
    book = MethodBook(overrides={(method, ""): overrides} if overrides else {})
    rules = context(books.as_of, methods=book, regions={"th": "TH"}, settings=settings)
    return [f"{found.due_by:%m-%d} {found.explanation}" for found in overdue(books, rules)]


def test_a_missing_transferable_at_is_the_hold_of_the_method() -> None:
    (found,) = waiting(None, {})
    assert found.startswith("08-27")  # paid on the 17th, held for 7 days by the book, 3 business days
    assert "transferable since 2026-08-24" in found
    assert found.endswith("by the hold of their method, not by Omise's word.")
    assert "since 2026-08-18" in waiting(None, {"hold": timedelta(days=1)})[0]


def test_a_hold_that_is_longer_than_the_configured_one_is_told() -> None:
    late = datetime(2026, 10, 1, tzinfo=BANGKOK).astimezone(UTC)
    assert waiting(late, {}) == []  # the book's hold shortens nothing
    (found,) = waiting(late, {"hold": timedelta(days=7)})
    assert "transferable since 2026-08-24" in found
    assert "by the hold of their method" in found
    early = datetime(2026, 8, 20, tzinfo=BANGKOK).astimezone(UTC)
    assert "by the hold" not in waiting(early, {"hold": timedelta(days=7)})[0]


def test_business_days_of_a_method_beat_those_of_the_rule() -> None:
    free = datetime(2026, 8, 24, 12, tzinfo=BANGKOK).astimezone(UTC)
    assert "3 business days" in waiting(free, {})[0]
    assert "6 business days" in waiting(free, {"settlement_business_days": 6})[0]
    assert "6 business days" in waiting(free, {"settlement_business_days": 6}, days=2)[0]
    assert "2 business days" in waiting(free, {}, days=2)[0]
    assert waiting(free, {"settlement_business_days": 30}) == []


def test_what_was_paid_out_before_the_store_begins_makes_no_later_sale_overdue() -> None:
    merchant = Merchant(now=MONDAY - 200 * DAY)
    merchant.charge(77_000)  # fetched by id: its payout, of long ago, is not stored
    merchant.wait(186 * DAY)
    sales = merchant.charge(100_000), merchant.charge(50_000)
    merchant.wait(8 * DAY)
    merchant.pay_out(merchant.free() - int(merchant.transactions[0]["amount"]))
    later = merchant.now + 20 * DAY
    total = merchant.total() - merchant.transactions[0]["amount"]
    books = merchant.books(
        as_of=later, readings=readings((later, total, 0)).assign(before=-merchant.transactions[0]["amount"])
    )
    assert overdue(books, context(later)) == []
    rebuilt = rebuild(books, read(books))
    assert set(rebuilt.parts[c.CHARGE_ID]) == {sale["charge_id"] for sale in sales}
    unread = replace(books, readings=books.readings.iloc[:0])
    assert len(overdue(unread, context(later))) == 1  # where no balance was read, nobody knows
