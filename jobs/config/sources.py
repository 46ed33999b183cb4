"""The sections of order and bank sources: what every source has, and the keys that its kind declares."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache, partial
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    WrapValidator,
    create_model,
    field_validator,
    model_validator,
)

from jobs.config.fields import (
    Count,
    DecimalMark,
    Duration,
    Encoding,
    FilePath,
    Flag,
    KnownAccount,
    Number,
    OrderIdPattern,
    OrdersUrl,
    Pattern,
    PatternOrFalse,
    Share,
    ThousandsMark,
    Words,
    Zone,
    mistakes,
    read_context,
    shown,
)
from jobs.config.sections import Section
from recon.bank.kinds import kinds as bank_kinds
from recon.bank.source import BankKind
from recon.model import OrderStatus
from recon.orders.kinds import kinds as order_kinds
from recon.orders.source import OrderKind
from recon.tabular.keys import Value

SourceKind = OrderKind | BankKind

_VALUES: Mapping[Value, Any] = {
    Value.TEXT: str,
    Value.FLAG: Flag,
    Value.COUNT: Count,
    Value.DURATION: Duration,
    Value.PATH: FilePath,
    Value.DECIMAL_MARK: DecimalMark,
    Value.THOUSANDS_MARK: ThousandsMark,
    Value.DATABASE: OrdersUrl,
}


class SourceSection(Section):
    """What a source's section begins with: its kind, then the keys that only this kind takes."""

    kind: str
    max_rejected: Share = Decimal(5)  # percent

    @classmethod
    def whole(cls) -> type[Section]:
        """This section with the keys of every kind."""
        return _with_own_keys(cls, tuple(cls.kinds().values()))

    @classmethod
    def kinds(cls) -> Mapping[str, SourceKind]:
        """The kinds that there are, by name."""
        raise NotImplementedError

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, kind: str) -> str:
        if kind not in cls.kinds():
            raise ValueError(f'"{kind}" is not one of {", ".join(cls.kinds())}')
        return kind

    @model_validator(mode="after")
    def _two_marks(self) -> "SourceSection":
        decimal = getattr(self, "decimal", None)
        thousands = getattr(self, "thousands", None)
        if decimal is not None and decimal == thousands:
            raise mistakes([(("thousands",), f"is {shown(thousands)} like decimal: give another one")])
        return self

    @property
    def own_keys(self) -> Mapping[str, Any]:
        """The values of the keys that its kind takes."""
        return {key.name: getattr(self, key.name) for key in self.kinds()[self.kind].keys}


@cache
def _with_own_keys(section: type[SourceSection], kinds: tuple[SourceKind, ...]) -> type[Section]:
    """A section of sources with the keys of all kinds after its kind; each is refused where its kind has it not."""
    keys: dict[str, Any] = {}
    for key in (key for kind in kinds for key in kind.keys):
        check = AfterValidator(partial(_of_its_kind, key.name, {kind.name: kind for kind in kinds}))
        field = Field(default=None, validate_default=True)
        keys.setdefault(key.name, (Annotated[_VALUES[key.value] | None, check], field))
    own = create_model("Own", __base__=SourceSection, **keys)
    return create_model(section.__name__, __base__=(section, own))


def _of_its_kind(name: str, kinds: Mapping[str, SourceKind], value: Any, info: ValidationInfo) -> Any:
    kind = kinds.get(info.data.get("kind", ""))
    if kind is None:
        return value
    taken = {key.name: key for key in kind.keys}
    if name not in taken:
        if value is not None:
            raise ValueError(_misplaced(name, kind, kinds))
        return value
    key = taken[name]
    if key.required and value in (None, ""):
        raise ValueError(f'is missing: kind "{kind.name}" {key.needed_for}')
    missing = [word for word in key.mentions if value and word not in value]
    if missing:
        raise ValueError(f"has no {' and no '.join(missing)}")
    return key.default if value is None else value


def _misplaced(name: str, kind: SourceKind, kinds: Mapping[str, SourceKind]) -> str:
    takers = {other.name: key for other in kinds.values() for key in other.keys if key.name == name}
    belongs_to = next(iter(takers.values())).belongs_to
    if not belongs_to:
        return f'is for kind {", ".join(shown(taker) for taker in takers)}, not for "{kind.name}"'
    required = " and ".join(f"a {key.name}" for key in kind.keys if key.required)
    return f'is for {belongs_to}; kind "{kind.name}" has {required or "none"}'


class OrderColumns(Section):
    """Ours = the file's."""

    order_id: str = "order_id"
    account: str = "account"
    amount: str = "amount"
    currency: str = "currency"
    status: str = "status"
    created_at: str = "created_at"
    refunded_amount: str = "refunded_amount"
    payment_method: str = "payment_method"
    charge_id: str = "charge_id"
    reference: str | None = None
    customer: str | None = None


class OrderWords(Section):
    """Our states of an order = the shop's words for each."""

    paid: Words = ("paid",)
    pending: Words = ("pending",)
    cancelled: Words = ("cancelled",)
    refund_requested: Words = ("refund_requested",)
    refunded: Words = ("refunded",)

    @model_validator(mode="after")
    def _one_meaning(self) -> "OrderWords":
        meaning: dict[str, str] = {}
        wrong: list[tuple[tuple[str, ...], str]] = []
        for status in OrderStatus:
            for word in getattr(self, status):
                first = meaning.setdefault(word.casefold(), status)
                if first != status:
                    wrong.append(((status,), f'"{word}" already means {first}'))
        if wrong:
            raise mistakes(wrong)
        return self


class OrderSection(SourceSection):
    """One place that orders come from."""

    amount_unit: Literal["major", "minor"] = "major"
    timezone: Zone | None = None
    encoding: Encoding = "utf-8"
    split_payments: Flag = False
    metadata_keys: Words | None = None
    description_pattern: PatternOrFalse = ""
    order_id_pattern: OrderIdPattern = ""
    account: KnownAccount | None = None
    account_by: Literal["currency"] | None = None
    decimal: DecimalMark | None = None
    thousands: ThousandsMark | None = None
    columns: OrderColumns = OrderColumns()
    status: OrderWords = OrderWords()
    ignore: Mapping[str, Words] = Field(default={"payment_method": ("cod",)})

    @classmethod
    def kinds(cls) -> Mapping[str, OrderKind]:
        """The kinds of `recon.orders`."""
        return order_kinds()

    @property
    def configured_columns(self) -> Mapping[str, str]:
        """The file's columns that the section writes down, by their key in it: each must be in one of its files."""
        written = {f"columns.{ours}": getattr(self.columns, ours) for ours in sorted(self.columns.model_fields_set)}
        ignored = self.ignore if "ignore" in self.model_fields_set else {}
        names = {f"ignore.{name}": getattr(self.columns, name, None) or name for name in ignored}
        unused = {"columns.account"} if self.account or self.account_by else set()
        return {key: name for key, name in (written | names).items() if name and key not in unused}

    @field_validator("account_by")
    @classmethod
    def _one_way_to_the_account(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        if info.data.get("account") is not None:
            raise ValueError("stands beside account: give one of them")
        currencies = list(read_context(info).accounts.values())
        twice = sorted({currency for currency in currencies if currencies.count(currency) > 1})
        if twice:
            raise ValueError(f"more than one account has {', '.join(twice)}")
        return value


class BankColumns(Section):
    """Ours = the statement's."""

    date: str = "date"
    amount: str = "amount"
    currency: str = "currency"
    description: str = "description"
    reference: str = "reference"


class BankAccount(Section):
    """Which account a bank source's statements belong to; the first of its keys."""

    account: KnownAccount


class BankSection(SourceSection, BankAccount):
    """The statements of one bank account that Omise pays into."""

    path: FilePath
    columns: BankColumns = BankColumns()
    encoding: Encoding = "utf-8"
    payout_pattern: Pattern = "OMISE"
    fee_bound: Number = Decimal(0)

    @property
    def configured_columns(self) -> Mapping[str, str]:
        """The file's columns that the section writes down, by their key in it."""
        return {f"columns.{ours}": getattr(self.columns, ours) for ours in sorted(self.columns.model_fields_set)}

    @classmethod
    def kinds(cls) -> Mapping[str, BankKind]:
        """The statement formats of `recon.bank`."""
        return bank_kinds()

    @field_validator("fee_bound")
    @classmethod
    def _exact_fee(cls, bound: Decimal, info: ValidationInfo) -> Decimal:
        account = info.data.get("account")
        if account is not None:
            context = read_context(info)
            context.currencies.parse_major(f"{bound:f}", context.accounts[account])
        return bound


def _by_kind(section: type[SourceSection]) -> WrapValidator:
    """Reads a section by the model that has the keys of every kind."""
    return WrapValidator(lambda value, _, info: section.whole().model_validate(value, context=info.context))


OrderSource = Annotated[OrderSection, _by_kind(OrderSection)]
Bank = Annotated[BankSection, _by_kind(BankSection)]
