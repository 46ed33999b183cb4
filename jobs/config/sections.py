"""The sections of config.toml with their keys and defaults, frozen."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from jobs.config.fields import (
    AccountKey,
    Amounts,
    ChannelUrls,
    Count,
    Cron,
    CronOrNothing,
    Currency,
    Day,
    DayFormat,
    Duration,
    FilePath,
    Flag,
    Hours,
    Issuer,
    JournalFormat,
    KeyField,
    KnownAccount,
    LedgerCodes,
    Number,
    Pattern,
    Percents,
    Place,
    PositiveDuration,
    QueueUrl,
    Rate,
    Region,
    SecretField,
    SecretOrText,
    SeverityWord,
    StoreUrl,
    Url,
    WebhookSecrets,
    Words,
    Zone,
    is_postgresql,
    mistakes,
    suggest,
    with_library,
)
from jobs.config.secrets import read_context
from recon.journal.exporting import BookCodes
from recon.model import Account, Severity
from recon.people import Role
from recon.settings import SETTLE


class Section(BaseModel):
    """A table of the file: a key that is not declared is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def whole(cls) -> "type[Section]":
        """The model that reads this section, with every key that may stand in it."""
        return cls


class StoreSection(Section):
    """Where everything is kept."""

    url: StoreUrl
    audit_key: KeyField | None = None
    archive: FilePath | None = None  # where `recon db archive` moves old evidence; else beside the SQLite file


class PrivacySection(Section):
    """How customer fields are kept: hashed with this key, or not at all."""

    hash_key: KeyField | None = None


class RetentionSection(Section):
    """How long customer fields are kept, for `recon retention apply`."""

    customer_fields: PositiveDuration = timedelta(days=730)


class OmiseSection(Section):
    """How Omise is asked; days are those beyond the range on each side."""

    base_url: Url = "https://api.omise.co"
    requests_per_second: Rate = 10.0
    concurrency: int = Field(default=8, strict=True, ge=1, le=10)
    deadline: PositiveDuration = timedelta(hours=2)
    lookback_days: Count = 35
    lookahead_days: Count = 35
    proxy: SecretOrText = None  # its password is a secret
    ca_file: Annotated[FilePath | None, BeforeValidator(lambda value: value or None)] = None


class Holidays(Section):
    """Days that the calendar of the region gets wrong."""

    add: tuple[Day, ...] = ()
    remove: tuple[Day, ...] = ()


class AccountSection(Section):
    """One Omise account: one country, one settlement currency, one key."""

    region: Region
    currency: Currency
    timezone: Zone
    secret_key: AccountKey
    webhook_secret: WebhookSecrets = ()
    livemode: Flag | None = None
    go_live: Day | None = None
    holidays: Holidays = Holidays()

    def as_account(self, name: str) -> Account:
        """The account as the road knows it, under its name in the file."""
        return Account(name, self.region, self.currency, self.timezone, self.go_live)


class WithoutOrders(Section):
    """Charges that have no order by design."""

    kinds: tuple[Literal["link", "schedule"], ...] = ("link", "schedule")
    description: Pattern = ""


class MatchingSection(Section):
    """How orders and charges find each other, and how far amounts may be apart."""

    amount_tolerance: Amounts = Field(default={})
    amount_tolerance_percent: Percents = Field(default={})
    window: PositiveDuration = timedelta(hours=72)
    settle: Duration = SETTLE
    metadata_keys: Words = ("order_id",)
    customer_keys: Words = ("customer_email",)
    charges_without_orders: WithoutOrders = WithoutOrders()


class CurrencySection(Section):
    """How many decimals a currency has."""

    exponent: int = Field(strict=True, ge=0, le=4)


class MethodFigures(Section):
    """What the configuration says of a payment method instead of the rule book."""

    expires_after: PositiveDuration | None = None
    minimum: Amounts | None = None
    maximum: Amounts | None = None
    refund: Literal["none", "full", "partial"] | None = None
    refund_window: PositiveDuration | None = None
    hold: Duration | None = None
    settlement_business_days: Count | None = None
    refund_business_days: Count | None = None

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
        accounts = read_context(info).accounts
        unknown = [name for name in self.accounts if name not in accounts]
        if unknown:
            raise mistakes([((name,), f"is no account{suggest(name, accounts)}") for name in unknown])
        return self

    @property
    def accounts(self) -> Mapping[str, MethodFigures]:
        """Account -> its own figures."""
        return self.__pydantic_extra__


class FeeRate(Section):
    """A contract rate from a day on; percent, and the flat part in major units of the account's currency."""

    brand: str = ""
    rate: Number
    flat: Number = Decimal(0)
    vat: Number = Decimal(7)
    since: Day = Field(alias="from")


class RulingsSection(Section):
    """What one person decides alone, for how long, and under whose name."""

    write_off_limit: Amounts = Field(default={"THB": 100_00})
    link_limit: Amounts = Field(default={"THB": 10_000_00})
    longest: PositiveDuration = timedelta(days=90)
    pattern_needs_approval: Flag = True
    critical_needs_approval: Flag = True
    trusted_names: Flag = False


class JournalCodes(Section):
    """What the books call their accounts and tax codes, by the words of the journal."""

    accounts: LedgerCodes = Field(default={})
    tax_codes: LedgerCodes = Field(default={})


class JournalSection(JournalCodes):
    """The journal: how it is laid out, its codes for every account, and in tables by name those of one account."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JournalCodes] = Field(init=False)

    format: JournalFormat = "csv"
    detail: Literal["day", "month"] = "day"
    date_format: DayFormat = ""  # of books whose layout leaves it open

    @model_validator(mode="after")
    def _extras_are_accounts(self, info: ValidationInfo) -> "JournalSection":
        if not self.__pydantic_extra__:
            return self
        accounts = read_context(info).accounts
        unknown = [name for name in self.__pydantic_extra__ if name not in accounts]
        if unknown:
            raise mistakes([((name,), f"is no account{suggest(name, accounts)}") for name in unknown])
        return self

    def codes(self, account: str) -> BookCodes:
        """The codes that hold for an account: its own before those of all."""
        own = self.__pydantic_extra__.get(account, JournalCodes())
        return BookCodes({**self.accounts, **own.accounts}, {**self.tax_codes, **own.tax_codes})


class ReportsSection(Section):
    """Where workbooks go."""

    folder: FilePath = Field(default=Path("reports-out"), validate_default=True)
    deliver: tuple[Place, ...] = ()
    mail: Words = ()


class Job(Section):
    """A command at its own hours."""

    name: str = Field(min_length=1)
    cron: Cron
    command: str = Field(min_length=1)


class ScheduleSection(Section):
    """When things run by themselves, in each account's zone."""

    nightly: Cron = "30 1 * * *"
    sweep_again: PositiveDuration = timedelta(days=14)
    watch: CronOrNothing = ""  # looks at the day
    jobs: tuple[Job, ...] = ()
    catch_up_days: Count = 7


class Route(Section):
    """Alerts about some accounts or codes go to these channels, too."""

    accounts: tuple[KnownAccount, ...] = ()
    codes: Words = ()
    min_severity: SeverityWord = Severity.LOW
    urls: ChannelUrls


class AlertsSection(Section):
    """Who is told, when, and of what."""

    urls: ChannelUrls | None = None
    min_severity: SeverityWord = Severity.HIGH
    quiet_hours: Hours = ""
    routes: tuple[Route, ...] = ()
    heartbeat_url: SecretOrText = None
    proofs: bool = True
    smtp_url: SecretOrText = None
    mail_from: str = ""


class Tls(Section):
    """Certificate and key files of the page; empty: none."""

    cert: Annotated[FilePath | None, BeforeValidator(lambda value: value or None)] = None
    key: Annotated[FilePath | None, BeforeValidator(lambda value: value or None)] = None


class OidcSection(Section):
    """Single sign-on of the page (OpenID Connect): the provider, and what its groups give."""

    issuer: Issuer
    client_id: str = Field(min_length=1)
    client_secret: SecretField | None = None
    roles_claim: str = Field(default="groups", min_length=1)
    roles: Mapping[str, Role] = Field(min_length=1)
    accounts: Mapping[str, tuple[Literal["*"] | KnownAccount, ...]] = Field(default={})


class PageSection(Section):
    """Where the finance page listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, strict=True, ge=1, le=65535)
    public_url: Annotated[Url | None, BeforeValidator(lambda value: value or None)] = None
    behind_proxy: Flag = False
    tls: Tls = Tls()
    webhooks: Flag = False  # POST /webhooks/omise/{account}
    oidc: Annotated[OidcSection | None, AfterValidator(with_library("joserfc"))] = None

    @model_validator(mode="after")
    def _has_an_address(self) -> "PageSection":
        if self.oidc is not None and self.public_url is None:
            raise ValueError("public_url is missing: oidc leads people back to it")
        return self


class QueueSection(Section):
    """The database through which several machines share the work; the store must be PostgreSQL, too."""

    url: QueueUrl

    def beside(self, store: StoreSection | None) -> "QueueSection":
        """Itself, where the store is one that several machines can share, and what carries it is installed."""
        if store is not None and self.url.is_set and not is_postgresql(store.url):
            raise ValueError("needs a store that hosts share: store.url must be postgresql://…, too")
        return with_library("procrastinate")(self)
