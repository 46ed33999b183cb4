"""Books with refunds, disputes and transfers at a moment, and what the job says of them; for the tests of clocks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from recon import rules
from recon.calendars import Calendar, business_calendar
from recon.methods import MethodBook
from recon.model import Account, Break
from recon.rules import find_breaks, judge
from recon.rules.rule import Rule
from recon.settings import Context, RuleSettings
from tests.kit.books import NOON, Job, Row, books

SECOND = timedelta(seconds=1)
ZONES = {
    "th": ("TH", "Asia/Bangkok"),
    "sg": ("SG", "Asia/Singapore"),
    "jp": ("JP", "Asia/Tokyo"),
    "my": ("MY", "Asia/Kuala_Lumpur"),
    "kr": ("KR", "Asia/Seoul"),
    "us": ("US", "America/New_York"),  # Omise has no account there: a zone whose clocks change
}
ACCOUNTS = {name: Account(name, region, "", ZoneInfo(zone)) for name, (region, zone) in ZONES.items()}


@cache
def calendars(around: date) -> Mapping[str, Calendar]:
    """Every account's business days."""
    found = {name: business_calendar(one.region, one.zone, around) for name, one in ACCOUNTS.items()}
    return MappingProxyType(found)


def context(as_of: datetime, **fields: Any) -> Context:
    """All accounts with their regions and calendars, at a moment; `thresholds` by code."""
    thresholds = fields.pop("thresholds", {})
    settings = {code: RuleSettings(thresholds=own) for code, own in thresholds.items()}
    regions = {name: one.region for name, one in ACCOUNTS.items()}
    return Context(as_of, regions=regions, calendars=calendars(as_of.date()), settings=settings, **fields)


def breaks(
    as_of: datetime,
    orders: Sequence[Row] = (),
    charges: Sequence[Row] = (),
    *,
    using: Context | None = None,
    **others: Sequence[Row],
) -> list[Break]:
    """Every break at a moment; judging all cases must find what judging the triaged ones finds."""
    job = Job(context=using or context(as_of), accounts=ACCOUNTS)
    known = books(orders, charges, as_of, **others)
    results = job.triaged(known, False, True, of=(orders, charges))
    of_cases = [sorted(judge(judged.triage.cases, job.context, _by_the_clock()), key=_key) for judged in results]
    assert of_cases[0] == of_cases[1], "triage hides a break"
    return sorted(find_breaks(results[0], job.context, _by_the_clock()), key=_key)


def _key(raised: Break) -> tuple[str, str]:
    return raised.code, raised.subject_id


def _by_the_clock() -> list[Rule]:
    """All rules but those that miss a ledger, or a bank, where there is none."""
    books_alone = ("Ledger and fees", "Settlement and bank")
    return [rule for rule in rules.CATALOGUE if rule.group not in books_alone or rule.code == "transfer_stuck"]


def codes(as_of: datetime, *rows: Sequence[Row], **others: Any) -> list[str]:
    """Their codes alone."""
    return [one.code for one in breaks(as_of, *rows, **others)]


def only(as_of: datetime, *rows: Sequence[Row], **others: Any) -> Break:
    """The only break."""
    (found,) = breaks(as_of, *rows, **others)
    return found


def refund(id: str = "rfnd_1", of: str = "chrg_1", amount: int = 10_000, **fields: Any) -> Row:
    """A closed refund of all of `chrg_1`, an hour after noon."""
    made = fields.get("created_at", NOON + timedelta(hours=1))
    return {
        "account": "th",
        "refund_id": id,
        "charge_id": of,
        "status": "closed",
        "amount": amount,
        "currency": "THB",
        "funding_amount": amount,
        "funding_currency": "THB",
        "created_at": made,
        "seen_at": made,
        "first_seen_at": made,
        **fields,
    }


def dispute(id: str = "dspt_1", of: str = "chrg_1", amount: int = 10_000, **fields: Any) -> Row:
    """An open dispute of all of `chrg_1`, an hour after noon."""
    made = fields.get("created_at", NOON + timedelta(hours=1))
    return {
        "account": "th",
        "dispute_id": id,
        "charge_id": of,
        "status": "open",
        "amount": amount,
        "currency": "THB",
        "funding_amount": amount,
        "funding_currency": "THB",
        "created_at": made,
        "seen_at": made,
        "first_seen_at": made,
        **fields,
    }


def transfer(sent_at: datetime, id: str = "trsf_1", **fields: Any) -> Row:
    """A transfer over THB 1,000.00 that was sent and is not paid."""
    return {
        "account": "th",
        "transfer_id": id,
        "amount": 100_000,
        "currency": "THB",
        "fee": 2_804,
        "fee_vat": 196,
        "total_fee": 3_000,
        "net": 97_000,
        "sendable": True,
        "sent": True,
        "paid": False,
        "created_at": sent_at,
        "sent_at": sent_at,
        "seen_at": sent_at,
        "first_seen_at": sent_at,
        **fields,
    }


def with_book(as_of: datetime, **overrides: dict[str, Any]) -> Context:
    """A context whose configuration says more of some methods."""
    return replace(context(as_of), methods=MethodBook(overrides={(name, ""): own for name, own in overrides.items()}))
