"""Reads config.toml and the environment into frozen sections, naming every mistake at once; acts on nothing."""

import hashlib
import json
import tomllib
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from datetime import date, datetime, time
from fractions import Fraction
from pathlib import Path
from ssl import SSLContext
from typing import Any, get_args
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from jobs.config.fields import AccountName, CurrencyCode, KnownAccount, mistakes, shown, suggest
from jobs.config.proxies import proxies_in, proxy_for, share
from jobs.config.secrets import ReadContext, Secret, read_context
from jobs.config.sections import (
    AccountSection,
    AlertsSection,
    CurrencySection,
    FeeRate,
    JournalSection,
    MatchingSection,
    MethodSection,
    OmiseSection,
    PageSection,
    PrivacySection,
    QueueSection,
    ReportsSection,
    RetentionSection,
    RulingsSection,
    ScheduleSection,
    Section,
    StoreSection,
)
from jobs.config.sources import Bank, BankSection, OrderSection, OrderSource
from jobs.config.thresholds import Rules, sections
from recon.bank.source import BankSource
from recon.calendars import Calendar, business_calendar
from recon.expressions import compiled
from recon.matching.names import with_plugin_keys
from recon.methods import MethodBook
from recon.model import Account, Severity
from recon.model.rulings import ApprovalLimits
from recon.money import Currencies, Tolerance
from recon.omise.line import Line, tls_with
from recon.orders import source as orders
from recon.orders.source import ORDERS_PLACE
from recon.privacy import HashKey, redact
from recon.rules import CATALOGUE
from recon.settings import ContractRate, MatchSettings, RuleSettings, WithoutOrders
from recon.tabular.amounts import Marks
from recon.tabular.date_forms import COMMON, DateForms
from recon.tabular.layout import Direction, Layout

FeeRates = Mapping[KnownAccount, Mapping[str, tuple[FeeRate, ...]]]
EVERY_SECRET = ("accounts", "orders")

_WORDS = {
    "missing": "is missing",
    "string_type": "must be text in quotes",
    "string_too_short": "is empty",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "tuple_type": "must be a list in [ ]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "mapping_type": "must be a table",
    "finite_number": "must be a number",
}
# Where a key that is no field would be a table by an account's name.
_EXTRAS = ((("methods",), 3), (("journal",), 2))


class ConfigError(Exception):
    """Everything that is wrong with a configuration: `messages`, one for each mistake, without secrets."""

    def __init__(self, messages: tuple[str, ...]) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


class Config(Section):
    """The whole configuration."""

    store: StoreSection
    privacy: PrivacySection = PrivacySection()
    omise: OmiseSection = OmiseSection()
    accounts: Mapping[AccountName, AccountSection] = Field(min_length=1)
    order_sources: Mapping[str, OrderSource] = Field(min_length=1, alias="orders")
    bank: Mapping[str, Bank] = Field(default={})
    matching: MatchingSection = MatchingSection()
    currency_overrides: Mapping[CurrencyCode, CurrencySection] = Field(default={}, alias="currencies")
    rules: Rules = Field(default={})
    methods: Mapping[str, MethodSection] = Field(default={})
    fees: FeeRates = Field(default={})
    rulings: RulingsSection = RulingsSection()
    reports: ReportsSection
    journal: JournalSection = JournalSection()
    retention: RetentionSection = RetentionSection()
    schedule: ScheduleSection = ScheduleSection()
    alerts: AlertsSection = AlertsSection()
    page: PageSection = PageSection()
    queue: QueueSection | None = None

    _folder: Path = PrivateAttr(default=Path())
    _proxies: Mapping[str, str] = PrivateAttr(default={})

    @field_validator("fees")
    @classmethod
    def _exact_flat_fees(cls, fees: FeeRates, info: ValidationInfo) -> FeeRates:
        context = read_context(info)
        wrong: list[tuple[tuple[str, ...], str]] = []
        for account, methods in fees.items():
            for method, rates in methods.items():
                for place, rate in enumerate(rates):
                    try:
                        context.currencies.parse_major(f"{rate.flat:f}", context.accounts[account])
                    except ValueError as error:
                        wrong.append(((account, method, str(place), "flat"), str(error)))
        if wrong:
            raise mistakes(wrong)
        return fees

    @field_validator("queue")
    @classmethod
    def _store_for_many(cls, queue: QueueSection | None, info: ValidationInfo) -> QueueSection | None:
        return queue and queue.beside(info.data.get("store"))

    @property
    def store_url(self) -> str:
        """The store's database URL, a SQLite path made absolute; may hold a password."""
        return self.store.url.reveal()

    def line(self, url: str) -> Line:
        """The way to a server, Omise or any other, by [omise] proxy and ca_file; raises ConfigError."""
        try:
            proxy = proxy_for(url, self.omise.proxy_url, self._proxies)
        except ValueError as error:
            raise ConfigError((str(error),)) from None
        return Line(proxy, self.tls())

    def share_line(self, environ: MutableMapping[str, str]) -> None:
        """Has libraries that read their proxy and CAs in the environment go the same way; raises ConfigError."""
        self.line(self.omise.base_url)
        share(environ, self.omise.proxy_url, self.omise.ca_file)

    def tls(self) -> SSLContext | None:
        """By which CAs servers are believed; null: by the system's. Raises ConfigError."""
        if self.omise.ca_file is None:
            return None
        try:
            return tls_with(str(self.omise.ca_file))
        except ValueError as error:
            raise ConfigError((f"omise.ca_file: {self.omise.ca_file} {error}",)) from None

    @property
    def hash_key(self) -> HashKey | None:
        """The key of customer hashes; null: customer fields are dropped."""
        keys = self.privacy.hash_key.keys if self.privacy.hash_key else ()
        return HashKey(keys[::-1]) if keys else None

    @property
    def audit_keys(self) -> tuple[bytes, ...]:
        """The keys of the audit chain, today's first."""
        return self.store.audit_key.keys if self.store.audit_key else ()

    @property
    def audit_key(self) -> bytes | None:
        """Today's key of the audit chain; null: its hashes are plain."""
        return next(iter(self.audit_keys), None)

    def limits(self) -> ApprovalLimits:
        """What one person decides alone, and for how long."""
        severities = {rule.code: rule.default for rule in CATALOGUE}
        severities |= {code: section.severity for code, section in self.rules.items() if section.severity is not None}
        return ApprovalLimits(
            self.rulings.write_off_limit,
            self.rulings.link_limit,
            self.rulings.longest,
            self.rulings.pattern_needs_approval,
            self.rulings.critical_needs_approval,
            frozenset(code for code, severity in severities.items() if severity == Severity.CRITICAL),
            self.currencies(),
        )

    @property
    def digest(self) -> str:
        """SHA-256 of what is in effect, defaults included, secrets not: 64 hex digits, the same on any machine."""
        plain = {".".join(path): self._plain(value) for path, value in _leaves(self, ())}
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()

    def as_accounts(self) -> tuple[Account, ...]:
        """Every account as the road knows it, in the file's order."""
        return tuple(section.as_account(name) for name, section in self.accounts.items())

    def accounts_by_name(self) -> dict[str, Account]:
        """Every account as the road knows it."""
        return {account.name: account for account in self.as_accounts()}

    def currencies(self) -> Currencies:
        """The table of exponents with this file's overrides."""
        return Currencies({code: section.exponent for code, section in self.currency_overrides.items()})

    def tolerance(self) -> Tolerance:
        """By how much amounts may differ."""
        percent = self.matching.amount_tolerance_percent
        return Tolerance(self.matching.amount_tolerance, {code: int(p * 10_000) for code, p in percent.items()})

    @property
    def split_sources(self) -> frozenset[str]:
        """Order sources of whose orders several charges may pay one."""
        return frozenset(name for name, source in self.order_sources.items() if source.split_payments)

    @property
    def order_links(self) -> Mapping[str, str]:
        """Where an order of a source stands in its shop, by source; sources without a `link` are not there."""
        return {name: source.link for name, source in self.order_sources.items() if source.link}

    def match_settings(self) -> MatchSettings:
        """What the matching is handed."""
        patterns = {
            name: compiled(source.description_pattern)
            for name, source in self.order_sources.items()
            if isinstance(source.description_pattern, str) and source.description_pattern
        }
        keys = self.matching.metadata_keys
        return MatchSettings(
            patterns,
            self.matching.window,
            self.tolerance(),
            metadata_keys=with_plugin_keys(keys),
            source_keys={
                name: with_plugin_keys(source.metadata_keys or keys, references=bool(source.columns.reference))
                for name, source in self.order_sources.items()
                if source.metadata_keys or source.columns.reference
            },
            undescribed=frozenset(
                name for name, source in self.order_sources.items() if source.description_pattern is False
            ),
            split_sources=self.split_sources,
        )

    def without_orders(self) -> WithoutOrders:
        """Which charges have no order by design."""
        section = self.matching.charges_without_orders
        return WithoutOrders(frozenset(section.kinds), section.description)

    def method_book(self) -> MethodBook:
        """The rule book of methods with this file's overrides."""
        figures: dict[tuple[str, str], Mapping[str, Any]] = {}
        for method, section in self.methods.items():
            if section.figures or not section.accounts:
                figures[method, ""] = section.figures
            figures |= {(method, name): own.figures for name, own in section.accounts.items()}
        return MethodBook(self.currencies(), figures)

    def calendars(self, around: date) -> Mapping[str, Calendar]:
        """The business days of every account for the years around a day."""
        return {
            name: business_calendar(
                section.region, section.timezone, around, section.holidays.add, section.holidays.remove
            )
            for name, section in self.accounts.items()
        }

    def contract_rates(self) -> Mapping[str, Mapping[str, tuple[ContractRate, ...]]]:
        """The contract's fee rates by account and method; each holds from its first day's local midnight."""
        return {
            name: {method: tuple(self._rate(name, rate) for rate in rates) for method, rates in methods.items()}
            for name, methods in self.fees.items()
        }

    def _rate(self, account: str, rate: FeeRate) -> ContractRate:
        section = self.accounts[account]
        since = datetime.combine(rate.since, time(), section.timezone)
        flat = self.currencies().parse_major(f"{rate.flat:f}", section.currency)
        return ContractRate(since, Fraction(rate.rate), Fraction(rate.vat), flat, rate.brand)

    def bank_fees(self) -> Mapping[str, int]:
        """The largest bank fee (minor units) of every account that has statements, of several banks the largest."""
        bounds: dict[str, int] = {}
        for source in self.bank_sources():
            bounds[source.account] = max(source.fee_bound, bounds.get(source.account, 0))
        return bounds

    def rule_settings(self) -> Mapping[str, RuleSettings]:
        """What the file says of each rule that it names, by code."""
        return {code: section.as_settings() for code, section in self.rules.items()}

    def sources(self) -> tuple[orders.OrderSource, ...]:
        """Every order source as `recon.orders` is handed it."""
        return tuple(self._order_source(name, section) for name, section in self.order_sources.items())

    def _order_source(self, name: str, section: OrderSection) -> orders.OrderSource:
        return orders.OrderSource(
            name=name,
            kind=section.kind,
            statuses=dict(section.status),
            zone=self.order_zone(name),
            settings=_revealed(section.own_keys),
            ignore=section.ignore,
            account=section.account,
            account_by=section.account_by,
            layout=_layout(f"orders.{name}", section),
            first_rows=section.rows == "first",
            order_id_pattern=compiled(section.order_id_pattern) if section.order_id_pattern else None,
            max_rejected=section.max_rejected,
        )

    @property
    def account_of_source(self) -> Mapping[str, str | None]:
        """The account that an order source alone serves, by its place in the file; null: any of them."""
        return {f"{ORDERS_PLACE}{name}": section.account for name, section in self.order_sources.items()}

    def bank_sources(self) -> tuple[BankSource, ...]:
        """Every bank source as `recon.bank` is handed it."""
        return tuple(self._bank_source(name, section) for name, section in self.bank.items())

    def _bank_source(self, name: str, section: BankSection) -> BankSource:
        account = self.accounts[section.account]
        return BankSource(
            name=name,
            account=section.account,
            currency=account.currency,
            kind=section.kind,
            path=str(section.path),
            zone=account.timezone,
            payout_pattern=section.payout_pattern,
            fee_bound=self.currencies().parse_major(f"{section.fee_bound:f}", account.currency),
            settings=_revealed(section.own_keys),
            layout=_layout(f"bank.{name}", section),
            max_rejected=section.max_rejected,
        )

    def order_zone(self, source: str) -> ZoneInfo:
        """The zone of a source's times without an offset: its own, its only account's, else Bangkok."""
        section = self.order_sources[source]
        if section.timezone is not None:
            return section.timezone
        served = [section.account] if section.account else list(self.accounts)
        return self.accounts[served[0]].timezone if len(served) == 1 else ZoneInfo("Asia/Bangkok")

    def unset_secrets(self) -> tuple[str, ...]:
        """Every secret that the file names and nobody set, as `path: origin is not set`."""
        secrets = ((".".join(path), value) for path, value in _leaves(self, ()) if isinstance(value, Secret))
        return tuple(f"{path}: {secret.origin} is not set" for path, secret in secrets if not secret.is_set)

    def _plain(self, value: Any) -> str:
        if isinstance(value, Secret):
            return value.origin
        if isinstance(value, Path) and value.is_relative_to(self._folder):
            return value.relative_to(self._folder).as_posix()
        return str(value)


def _layout(place: str, section: OrderSection | BankSection) -> Layout:
    """How the tables of a source are written; what its kind has no key for is as it is by default."""
    keys = section.own_keys
    direction = keys.get("direction")
    era = keys.get("era")
    configured = ((key.rpartition("."), column) for key, column in section.configured_columns.items())
    return Layout(
        place=place,
        columns={ours: column for ours, column in section.columns if column},
        configured={f"[{place}.{table}] {key}": column for (table, _, key), column in configured},
        header_row=keys.get("header_row"),
        sheet=keys.get("sheet"),
        delimiter=keys.get("delimiter"),
        encoding=section.encoding,
        marks=Marks.of(place, keys.get("decimal"), keys.get("thousands")),
        amount_unit=keys.get("amount_unit", "major"),
        dates=DateForms(keys.get("date_format") or (), None if era == COMMON else era, place),
        constants=keys.get("constants") or {},
        keep=keys.get("filter") or {},
        direction=direction and Direction(direction.column, direction.debit, direction.credit),
    )


def load(path: Path, environ: Mapping[str, str], needs: Collection[str] = EVERY_SECRET) -> Config:
    """The configuration at `path`; raises ConfigError with every mistake.

    `needs` names the sections whose secrets must be set ("accounts": the keys, "orders": the shop's databases);
    the store's must be in any case, all others may be absent.
    """
    return config_of(_read(path), path.resolve().parent, environ, needs)


def config_of(
    raw: Mapping[str, Any], folder: Path, environ: Mapping[str, str], needs: Collection[str] = EVERY_SECRET
) -> Config:
    """The configuration that a file in a folder would say; as `load`."""
    of_accounts = {name: str(table.get("currency")) for name, table in _tables(raw, "accounts")}
    context = ReadContext(environ, folder, frozenset({"store", *needs}), of_accounts, _currencies(raw))
    try:
        config = Config.model_validate({"reports": {}, **raw}, context=context)
    except ValidationError as error:
        sentences = (redact(_sentence(mistake)) for mistake in error.errors(include_url=False))
        raise ConfigError(tuple(dict.fromkeys(sentences))) from None
    config._folder = folder
    config._proxies = proxies_in(environ)
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError((f"{path}: there is no such file: give --config PATH, or set RECON_CONFIG",)) from None
    except OSError as error:
        raise ConfigError((f"{path}: cannot be read ({error.strerror})",)) from None
    except UnicodeDecodeError as error:
        raise ConfigError((f"{path}: is not UTF-8 text (byte {error.start})",)) from None
    except tomllib.TOMLDecodeError as error:
        words, _, place = str(error).rpartition(" (at ")
        raise ConfigError((f"{path}, {place.rstrip(')')}: is not TOML: {words}",)) from None


def _currencies(raw: Mapping[str, Any]) -> Currencies:
    exponents = ((code, table.get("exponent")) for code, table in _tables(raw, "currencies"))
    return Currencies({code: exponent for code, exponent in exponents if isinstance(exponent, int)})


def _tables(raw: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    section = raw.get(name)
    return [(key, t) for key, t in section.items() if isinstance(t, dict)] if isinstance(section, dict) else []


def _sentence(error: ErrorDetails) -> str:
    place = tuple(part for part in error["loc"] if part != "[key]")
    words = _words(error, place)
    return f"{'.'.join(str(part) for part in place)}: {words}"


def _words(error: ErrorDetails, place: tuple[str | int, ...]) -> str:
    kind = error["type"]
    context = error.get("ctx", {})
    if kind == "extra_forbidden" or (kind == "model_type" and (place[:1], len(place)) in _EXTRAS):
        return f"unknown key{suggest(str(place[-1]), _known_keys(place[:-1]))}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "too_short":
        return f"at least one is needed, such as [{place[0]}.NAME]"
    if kind == "literal_error":
        return f"{shown(error['input'])} is not one of {context['expected']}".replace("'", "")
    if kind == "missing" and place in (("accounts",), ("orders",)):
        return f"at least one is needed, such as [{place[0]}.NAME]"
    return _WORDS.get(kind) or error["msg"].replace("Input should be", "must be")


def _known_keys(place: tuple[str | int, ...]) -> list[str]:
    """The keys that a table of the file may have, by its path."""
    if place[:1] == ("rules",):
        return list(sections()[str(place[1])].model_fields) if len(place) > 1 else list(sections())
    fields = _fields(Config)
    for part in place:  # a part that is no field is a name in a mapping, or a place in a list
        inner = _section_in(fields.get(str(part)))
        fields = _fields(inner) if inner else fields
    return list(fields)


def _fields(section: type[Section]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in section.whole().model_fields.items()}


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((section for inner in get_args(annotation) if (section := _section_in(inner))), None)


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every single value in effect with its path, under the file's names."""
    if isinstance(value, Section):
        for name, inner in value:
            field = type(value).model_fields.get(name)
            yield from _leaves(inner, (*path, (field.alias if field else None) or name))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, tuple):
        for position, inner in enumerate(value):
            yield from _leaves(inner, (*path, str(position)))
    else:
        yield path, value


def _revealed(own_keys: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values as a source is handed them: secrets in the open (null: not set), paths as text."""
    values = dict(own_keys)
    for name, value in own_keys.items():
        if isinstance(value, Secret):
            values[name] = value.reveal() if value.is_set else None
        elif isinstance(value, Path):
            values[name] = str(value)
    return values
