"""What is to be judged: accounts, ranges, the moment, and by which settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from jobs.config.config import Config
from recon.model import Account, InputFile, KnownBreak, Note, Window
from recon.settings import Context, MatchSettings


@dataclass(frozen=True)
class AccountRequest:
    """One account to judge: its days, and what its sources said beside the objects."""

    account: Account
    first: date
    last: date
    window: Window
    short: Sequence[str] = ()  # lists whose totals and rows differ
    unreadable: Sequence[str] = ()  # files of its sources, each with why
    pulled: bool = False
    ignored_rows: int = 0
    duplicate_rows: int = 0
    inputs: tuple[InputFile, ...] = ()
    unassigned: bool = True  # this account shows the rows that name no known account
    notes: Sequence[Note] = ()  # shown beside what the judging counts
    unread_sources: Mapping[str, str] = field(default_factory=dict)  # of which too much was not read, in words


@dataclass(frozen=True)
class JudgingRequest:
    """What is to be judged, as of when, by which settings."""

    accounts: tuple[AccountRequest, ...]
    all_accounts: Mapping[str, Account]
    as_of: datetime
    context: Context
    match_settings: MatchSettings
    customer_keys: Sequence[str]
    orders_read: bool
    versions_at: datetime | None = None
    # Order sources that could not be read -> the one each alone serves.
    unread_orders: Mapping[str, str | None] = field(default_factory=dict)
    account_of_source: Mapping[str, str | None] = field(default_factory=dict)  # order source -> the one it serves
    unread_sources: Mapping[str, str | None] = field(default_factory=dict)  # of which too much was not read, likewise
    bank_read: bool = False  # what could be read of the bank sources
    bank_unread: frozenset[str] = frozenset()  # accounts with a file of the bank that could not be read
    failed: frozenset[str] = frozenset()  # accounts whose pull failed: what may lie in them is not missing
    # Asked again: the lives of the breaks then, instead of the store's.
    known_breaks: Sequence[KnownBreak] | None = None
    of_today: bool = False  # of a day that is not over: its totals prove nothing yet, its links are not kept
    whole: bool = False  # look at the whole history, and not only near the range: what is found is the same

    @property
    def unread_accounts(self) -> frozenset[str]:
        """Accounts whose orders may stand in what could not be read of the order sources."""
        alone = self.unread_orders.values()
        return frozenset(name for name in self.all_accounts if None in alone or name in alone)

    @property
    def shows_nameless(self) -> bool:
        """Whether one of the asked accounts shows the rows that name no known account."""
        return any(part.unassigned for part in self.accounts)


def context_of(config: Config, as_of: datetime) -> Context:
    """What the configuration has the rules go by at a moment."""
    return Context(
        as_of=as_of,
        currencies=config.currencies(),
        tolerance=config.tolerance(),
        methods=config.method_book(),
        settings=config.rule_settings(),
        regions={account.name: account.region for account in config.as_accounts()},
        calendars=config.calendars(as_of.date()),
        split_sources=config.split_sources,
        without_orders=config.without_orders(),
        settle=config.matching.settle,
        fees=config.contract_rates(),
        bank_fees=config.bank_fees(),
    )


def judging_request(
    config: Config, requests: tuple[AccountRequest, ...], as_of: datetime, *, orders_read: bool
) -> JudgingRequest:
    """What is to be judged of some accounts by the settings of the configuration."""
    return JudgingRequest(
        accounts=requests,
        all_accounts=config.accounts_by_name(),
        as_of=as_of,
        context=context_of(config, as_of),
        match_settings=config.match_settings(),
        customer_keys=config.matching.customer_keys,
        orders_read=orders_read,
        account_of_source=config.account_of_source,
    )
