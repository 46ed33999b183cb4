"""What the configuration may set of matching and of the rules, as frozen values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from recon.calendars import Calendar
from recon.expressions import Expression
from recon.methods import Figure, MethodBook
from recon.model import Charge, Severity
from recon.money import Currencies, Money, Tolerance

WEBHOOK_GRACE = timedelta(minutes=30)  # [rules.order_not_marked_paid] grace
SETTLE = timedelta(
    hours=1
)  # [matching] settle: an order or charge younger than this is not yet missing its other side
_WEEKDAYS = Calendar(ZoneInfo("UTC"))


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """One `[rules.CODE]`: absent values are the rule's own defaults."""

    enabled: bool = True
    severity: Severity | None = None
    thresholds: Mapping[str, timedelta | int] = field(default_factory=dict)


@dataclass(frozen=True)
class WithoutOrders:
    """Charges that have no order by design: made by a link or a schedule, or with a description that matches."""

    kinds: frozenset[str] = frozenset()
    description: str = ""


@dataclass(frozen=True)
class MatchSettings:
    """What the configuration says about matching."""

    patterns: Mapping[str, Expression] = field(default_factory=dict)  # order source -> pattern with one group
    window: timedelta = timedelta(hours=72)
    tolerance: Tolerance = field(default_factory=Tolerance)
    metadata_keys: tuple[str, ...] = ("order_id",)  # the first that holds something names the order
    source_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # order source -> its own such keys
    undescribed: frozenset[str] = frozenset()  # order sources of whose orders no description holds the id
    split_sources: frozenset[str] = frozenset()  # order sources with split payments


@dataclass(frozen=True, slots=True)
class ContractRate:
    """One line of `[fees.ACCOUNT]`: percent, and a flat part in minor units of the account's currency."""

    since: datetime  # the first moment that it holds
    rate: Fraction
    vat: Fraction
    flat: int = 0
    brand: str = ""  # of a card; empty: any


@dataclass(frozen=True)
class Context:
    """What every rule is handed: the moment that counts as now, and the few settings that rules share."""

    as_of: datetime
    currencies: Currencies = field(default_factory=Currencies)
    tolerance: Tolerance = field(default_factory=Tolerance)
    methods: MethodBook = field(default_factory=MethodBook)
    settings: Mapping[str, RuleSettings] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)  # account -> region
    calendars: Mapping[str, Calendar] = field(default_factory=dict)  # account -> its business days
    split_sources: frozenset[str] = frozenset()  # order sources with split payments
    without_orders: WithoutOrders = field(default_factory=WithoutOrders)
    settle: timedelta = SETTLE
    fees: Mapping[str, Mapping[str, Sequence[ContractRate]]] = field(default_factory=dict)  # account -> method
    bank_fees: Mapping[str, int] = field(default_factory=dict)  # account with statements -> fee bound, minor units

    def is_young(self, moment: datetime) -> bool:
        """Whether what was made then is not yet missing its other side."""
        return moment > self.as_of - self.settle

    @property
    def patience(self) -> timedelta:
        """The longest that anything waits for its other side before a rule objects."""
        return max(self.settle, self.threshold("order_not_marked_paid", "grace", WEBHOOK_GRACE))

    def contract(self, account: str, method: str) -> Sequence[ContractRate]:
        """What the contract says of an account's method; nothing where there is none."""
        return self.fees.get(account, {}).get(method, ())

    def words(self, money: Money) -> str:
        """ "THB 1,234.50"."""
        return self.currencies.words(money.amount, money.currency)

    def threshold(self, code: str, key: str, default: timedelta) -> timedelta:
        """A rule's own duration, or its default."""
        rule = self.settings.get(code)
        value = rule.thresholds.get(key, default) if rule else default
        assert isinstance(value, timedelta), f"{code}.{key} is a duration"
        return value

    def count(self, code: str, key: str, default: int) -> int:
        """A rule's own number, or its default."""
        rule = self.settings.get(code)
        value = rule.thresholds.get(key, default) if rule else default
        assert isinstance(value, int), f"{code}.{key} is a number"
        return value

    def calendar(self, account: str) -> Calendar:
        """The account's business days; where nobody says, Monday to Friday in UTC."""
        return self.calendars.get(account, _WEEKDAYS)

    def figure(self, name: str, charge: Charge, currency: str = "") -> Figure | None:
        """What the rule book says of a charge's method where the charge stands; an amount is of a currency."""
        region = self.regions.get(charge.account, "")
        return self.methods.figure(
            name, charge.method, charge.account, region, brand=charge.card_brand, currency=currency
        )
