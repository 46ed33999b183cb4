"""What a workbook is made of: one account's result, or the results of all."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo

from recon.calendars import Calendar
from recon.methods import MethodBook
from recon.model import Result
from recon.money import Currencies, Money
from recon.rules import CATALOGUE
from recon.settings import RuleSettings
from reports.shop_links import ShopLinks
from reports.verify.digests import result_digest, rules_digest

EXACT = 10**15  # a spreadsheet number keeps 15 significant digits; larger amounts are shown as text


@dataclass(frozen=True)
class Basis:
    """What all workbooks of a run rest on: the rules' settings, rule book, calendars, currencies, software."""

    software_version: str
    currencies: Currencies = field(default_factory=Currencies)
    book: MethodBook = field(default_factory=MethodBook)
    settings: Mapping[str, RuleSettings] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)  # by account
    audit_head: str | None = None
    book_codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by account, by LedgerAccount
    shop_links: ShopLinks = field(default_factory=ShopLinks)

    @cached_property
    def rules_digest(self) -> str:
        """SHA-256 of the rules in force, their settings included."""
        words = [(rule.code, rule.severity, rule.subject, rule.meaning, rule.action) for rule in CATALOGUE]
        return rules_digest(words, self.settings)

    def is_number(self, money: Money) -> bool:
        """Whether a spreadsheet can hold the amount as an exact number of its currency."""
        return self.currencies.knows(money.currency) and abs(money.amount) < EXACT


@dataclass(frozen=True)
class Report:
    """One account's result with its basis."""

    result: Result
    basis: Basis
    known_digest: str = ""  # the result's, where it has been computed: a million rows take a second
    beside: str = ""  # why its file stands beside a signed one, in words

    @cached_property
    def digest(self) -> str:
        return self.known_digest or result_digest(self.result)

    @property
    def name(self) -> str:
        return self.result.account.name

    @property
    def days(self) -> tuple[date, date]:
        return self.result.first_day, self.result.last_day

    @property
    def zone(self) -> ZoneInfo:
        return self.result.account.zone

    @property
    def as_of_day(self) -> date:
        """The as-of moment's day in the account's zone: all of the clock that a workbook shows."""
        return self.result.as_of.astimezone(self.zone).date()

    @property
    def codes(self) -> set[str]:
        """The account's currency, and those of the result's totals and proofs."""
        result = self.result
        of_totals = {total.currency for total in result.currencies}
        return {result.account.currency} | of_totals | {proof.currency for proof in result.proofs}


@dataclass(frozen=True)
class Group:
    """The reports of all accounts of a run, with the names of their files; at least one."""

    parts: tuple[Report, ...]
    files: tuple[str, ...]
    beside: str = ""  # as of a report

    name = "group"

    @property
    def basis(self) -> Basis:
        return self.parts[0].basis

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the accounts' digests."""
        lines = "\n".join(f"{part.name} {part.digest}" for part in self.parts)
        return hashlib.sha256(lines.encode()).hexdigest()

    @property
    def days(self) -> tuple[date, date]:
        """From the first day of any account to the last of any."""
        return min(part.days[0] for part in self.parts), max(part.days[1] for part in self.parts)

    @property
    def zone(self) -> ZoneInfo:
        """The first account's; each row's times are in its own account's."""
        return self.parts[0].zone

    @property
    def shares_zone(self) -> bool:
        """Whether all accounts go by one zone."""
        return len({part.zone.key for part in self.parts}) == 1

    @property
    def as_of_day(self) -> date:
        """The latest day that it is in any account's zone."""
        return max(part.as_of_day for part in self.parts)

    @property
    def codes(self) -> set[str]:
        """The currencies of all totals and proofs."""
        return {currency for part in self.parts for currency in part.codes}
