"""The sections of config.toml with their keys and defaults, frozen."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from jobs.config import fields
from jobs.config.fields import is_postgresql, mistakes, suggest, with_library
from jobs.config.secrets import read_context
from recon.journal.exporting import BookCodes
from recon.model import Account, Severity
from recon.people import Role
from recon.settings import SETTLE

_UNLESS_EMPTY = BeforeValidator(lambda value: value or None)


class Section(BaseModel):
    """A table of the file: a key that is not declared is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def whole(cls) -> "type[Section]":
        """The model that reads this section, with every key that may stand in it."""
        return cls


def _must_be_accounts(names: Iterable[str], info: ValidationInfo) -> None:
    unknown = [name for name in names if name not in read_context(info).accounts]
    if unknown:
        accounts = read_context(info).accounts
        raise mistakes([((name,), f"is no account{suggest(name, accounts)}") for name in unknown])


class StoreSection(Section):
    """Where everything is kept."""

    url: fields.StoreUrl
    audit_key: fields.KeyField | None = None
    archive: fields.FilePath | None = None  # where `recon db archive` moves old evidence; else beside the SQLite file


class PrivacySection(Section):
    """How customer fields are kept: hashed with this key, or not at all."""

    hash_key: fields.KeyField | None = None


class RetentionSection(Section):
    """How long what tells of people is kept, for `recon retention apply`."""

    customer_fields: fields.PositiveDuration = timedelta(days=730)
    access_log: fields.PositiveDuration = timedelta(days=730)


class OmiseSection(Section):
    """How Omise is asked; days are those beyond the range on each side."""

    base_url: fields.Url = "https://api.omise.co"
    requests_per_second: fields.Rate = 10.0
    concurrency: int = Field(default=8, strict=True, ge=1, le=10)
    deadline: fields.PositiveDuration = timedelta(hours=2)
    lookback_days: fields.Count = 35
    lookahead_days: fields.Count = 35
    proxy: fields.SecretOrText = None  # its password is a secret
    ca_file: Annotated[fields.FilePath | None, _UNLESS_EMPTY] = None

    @property
    def proxy_url(self) -> str:
        """The configured proxy; empty where there is none, or its secret is not set."""
        return self.proxy.reveal() if self.proxy and self.proxy.is_set else ""


class Holidays(Section):
    """Days that the calendar of the region gets wrong."""

    add: tuple[fields.Day, ...] = ()
    remove: tuple[fields.Day, ...] = ()


class AccountSection(Section):
    """One Omise account: one country, one settlement currency, one key."""

    region: fields.Region
    currency: fields.Currency
    timezone: fields.Zone
    secret_key: fields.AccountKey
    webhook_secret: fields.WebhookSecrets = ()
    livemode: fields.Flag | None = None
    go_live: fields.Day | None = None
    holidays: Holidays = Holidays()

    def as_account(self, name: str) -> Account:
        """The account as the road knows it, under its name in the file."""
        return Account(name, self.region, self.currency, self.timezone, self.go_live)


class WithoutOrders(Section):
    """Charges that have no order by design."""

    kinds: tuple[Literal["link", "schedule"], ...] = ("link", "schedule")
    description: fields.Pattern = ""


class MatchingSection(Section):
    """How orders and charges find each other, and how far amounts may be apart."""

    amount_tolerance: fields.Amounts = Field(default={})
    amount_tolerance_percent: fields.Percents = Field(default={})
    window: fields.PositiveDuration = timedelta(hours=72)
    settle: fields.Duration = SETTLE
    metadata_keys: fields.Words = ("order_id",)
    customer_keys: fields.Words = ("customer_email",)
    charges_without_orders: WithoutOrders = WithoutOrders()


class CurrencySection(Section):
    """How many decimals a currency has."""

    exponent: int = Field(strict=True, ge=0, le=4)


class MethodFigures(Section):
    """What the configuration says of a payment method instead of the rule book."""

    expires_after: fields.PositiveDuration | None = None
    minimum: fields.Amounts | None = None
    maximum: fields.Amounts | None = None
    refund: Literal["none", "full", "partial"] | None = None
    refund_window: fields.PositiveDuration | None = None
    hold: fields.Duration | None = None
    settlement_business_days: fields.Count | None = None
    refund_business_days: fields.Count | None = None

    @property
    def figures(self) -> Mapping[str, Any]:
        """What is given, by its name in the rule book."""
        names = MethodFigures.model_fields
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class MethodSection(MethodFigures):
    """A method's figures for every account, and in tables by name those of one account."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, MethodFigures] = Field(init=False)

    @model_validator(mode="after")
    def _extras_are_accounts(self, info: ValidationInfo) -> "MethodSection":
        _must_be_accounts(self.accounts, info)
        return self

    @property
    def accounts(self) -> Mapping[str, MethodFigures]:
        """Account -> its own figures."""
        return self.__pydantic_extra__


class FeeRate(Section):
    """A contract rate from a day on; percent, and the flat part in major units of the account's currency."""

    brand: str = ""
    rate: fields.Number
    flat: fields.Number = Decimal(0)
    vat: fields.Number = Decimal(7)
    since: fields.Day = Field(alias="from")


class RulingsSection(Section):
    """What one person decides alone, for how long, and under whose name."""

    write_off_limit: fields.Amounts = Field(default={"THB": 100_00})
    link_limit: fields.Amounts = Field(default={"THB": 10_000_00})
    longest: fields.PositiveDuration = timedelta(days=90)
    pattern_needs_approval: fields.Flag = True
    critical_needs_approval: fields.Flag = True
    trusted_names: fields.Flag = False


class JournalCodes(Section):
    """What the books call their accounts and tax codes, by the words of the journal."""

    accounts: fields.LedgerCodes = Field(default={})
    tax_codes: fields.LedgerCodes = Field(default={})


class JournalSection(JournalCodes):
    """The journal: how it is laid out, its codes for every account, and in tables by name those of one account."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JournalCodes] = Field(init=False)

    format: fields.JournalFormat = "csv"
    detail: Literal["day", "month"] = "day"
    date_format: fields.DayFormat = ""  # of books whose layout leaves it open

    @model_validator(mode="after")
    def _extras_are_accounts(self, info: ValidationInfo) -> "JournalSection":
        _must_be_accounts(self.__pydantic_extra__, info)
        return self

    def codes(self, account: str) -> BookCodes:
        """The codes that hold for an account: its own before those of all."""
        own = self.__pydantic_extra__.get(account, JournalCodes())
        return BookCodes({**self.accounts, **own.accounts}, {**self.tax_codes, **own.tax_codes})


class ReportsSection(Section):
    """Where workbooks go."""

    folder: fields.FilePath = Field(default=Path("reports-out"), validate_default=True)
    deliver: tuple[fields.Place, ...] = ()
    mail: fields.Words = ()


class Job(Section):
    """A command at its own hours."""

    name: str = Field(min_length=1)
    cron: fields.Cron
    command: str = Field(min_length=1)


class ScheduleSection(Section):
    """When things run by themselves, in each account's zone."""

    nightly: fields.Cron = "30 1 * * *"
    sweep_again: fields.PositiveDuration = timedelta(days=14)
    watch: fields.CronOrNothing = ""  # looks at the day
    jobs: tuple[Job, ...] = ()
    catch_up_days: fields.Count = 7


class Route(Section):
    """Alerts about some accounts or codes go to these channels, too."""

    accounts: tuple[fields.KnownAccount, ...] = ()
    codes: tuple[fields.BreakCode, ...] = ()
    min_severity: fields.SeverityWord = Severity.LOW
    urls: fields.ChannelUrls


class AlertsSection(Section):
    """Who is told, when, and of what."""

    urls: fields.ChannelUrls | None = None
    min_severity: fields.SeverityWord = Severity.HIGH
    quiet_hours: fields.Hours = ""
    routes: tuple[Route, ...] = ()
    heartbeat_url: fields.SecretOrText = None
    proofs: fields.Flag = True
    smtp_url: fields.SecretOrText = None
    smtp_plain: fields.Flag = False
    mail_from: str = ""


class Tls(Section):
    """Certificate and key files of the page; empty: none."""

    cert: Annotated[fields.FilePath | None, _UNLESS_EMPTY] = None
    key: Annotated[fields.FilePath | None, _UNLESS_EMPTY] = None


class OidcSection(Section):
    """Single sign-on of the page (OpenID Connect): the provider, and what its groups give."""

    issuer: fields.Issuer
    client_id: str = Field(min_length=1)
    client_secret: fields.SecretField | None = None
    roles_claim: str = Field(default="groups", min_length=1)
    roles: Mapping[str, Role] = Field(min_length=1)
    accounts: Mapping[str, tuple[Literal["*"] | fields.KnownAccount, ...]] = Field(default={})


class PageSection(Section):
    """Where the finance page listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, strict=True, ge=1, le=65535)
    public_url: Annotated[fields.Url | None, _UNLESS_EMPTY] = None
    behind_proxy: fields.Flag = False
    tls: Tls = Tls()
    webhooks: fields.Flag = False  # POST /webhooks/omise/{account}
    oidc: Annotated[OidcSection | None, AfterValidator(with_library("joserfc"))] = None

    @model_validator(mode="after")
    def _has_an_address(self) -> "PageSection":
        if self.oidc is not None and self.public_url is None:
            raise ValueError("public_url is missing: oidc leads people back to it")
        return self


class QueueSection(Section):
    """The database through which several machines share the work; the store must be PostgreSQL, too."""

    url: fields.QueueUrl

    def beside(self, store: StoreSection | None) -> "QueueSection":
        """Itself, where the store is one that several machines can share, and what carries it is installed."""
        if store is not None and self.url.is_set and not is_postgresql(store.url):
            raise ValueError("needs a store that hosts share: store.url must be postgresql://…, too")
        return with_library("procrastinate")(self)
