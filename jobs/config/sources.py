"""The sections of order and bank sources: what every source has, and the keys that its kind declares."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache, partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    WrapValidator,
    create_model,
    field_validator,
    model_validator,
)

from jobs.config import fields
from jobs.config.fields import closest, mistakes, shown
from jobs.config.secrets import read_context
from jobs.config.sections import Section
from recon.bank.source import BankKind
from recon.model import OrderStatus
from recon.orders.source import OrderKind
from recon.tabular.keys import Value
from recon.tabular.kinds import kinds_in
from recon.tabular.layout import Column, folded
from recon.tabular.recognition.presets import presets, with_preset

SourceKind = OrderKind | BankKind


class DirectionSection(Section):
    """The column that says whether an amount went out or came in, and its words for both."""

    column: fields.ColumnName
    debit: fields.Words
    credit: fields.Words

    @model_validator(mode="after")
    def _one_meaning(self) -> "DirectionSection":
        debits = set(map(folded, self.debit))
        both = [word for word in self.credit if folded(word) in debits]
        if both:
            raise mistakes([(("credit",), f"{shown(word)} already means debit") for word in both])
        return self


_VALUES: Mapping[Value, Any] = {
    Value.TEXT: str,
    Value.COUNT: fields.Count,
    Value.PATH: fields.FilePath,
    Value.DECIMAL_MARK: fields.DecimalMark,
    Value.THOUSANDS_MARK: fields.ThousandsMark,
    Value.UNIT: fields.Unit,
    Value.HEADER_ROW: fields.HeaderRow,
    Value.DELIMITER: fields.Delimiter,
    Value.DATE_FORMATS: fields.DateFormats,
    Value.ERA: fields.EraName,
    Value.CONSTANTS: Mapping[str, str],
    Value.PATTERNS: Mapping[str, fields.Cells],
    Value.DIRECTION: DirectionSection,
    Value.ACCOUNT_NUMBER: fields.SecretOrText,
    Value.DATABASE: fields.OrdersUrl,
}


class SourceSection(Section):
    """What a source's section begins with: its kind, then the keys that only this kind takes."""

    room: ClassVar[str]  # the package of its kinds and presets
    kind: str
    preset: str | None = None
    max_rejected: fields.Share = Decimal(5)  # percent

    @classmethod
    def whole(cls) -> type[Section]:
        """This section with the keys of every kind."""
        return _with_own_keys(cls, tuple(cls.kinds().values()))

    @classmethod
    def kinds(cls) -> Mapping[str, SourceKind]:
        """The kinds that there are, by name."""
        return kinds_in(cls.room)

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

    @model_validator(mode="after")
    def _fields_of_ours(self) -> "SourceSection":
        ours = self.constant_fields()
        wrong = [name for name in getattr(self, "constants", None) or {} if name not in ours]
        if wrong:
            raise mistakes([(("constants", name), f"is none of {', '.join(ours)}") for name in wrong])
        return self

    @classmethod
    def constant_fields(cls) -> tuple[str, ...]:
        """Our fields that may be the same for every row."""
        raise NotImplementedError

    def _written(self, columns: Section) -> dict[str, Column]:
        """The file's columns that the section writes down, by their key in it: each must be in one of its files."""
        written = {f"columns.{ours}": getattr(columns, ours) for ours in sorted(columns.model_fields_set)}
        keep = getattr(self, "filter", None) or {}
        written |= {f"filter.{name}": getattr(columns, name, None) or Column.named(name) for name in keep}
        return {key: column for key, column in written.items() if column and not column.is_optional}

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


def _same_name(name: str) -> Any:
    return Field(default=Column.named(name))


class OrderColumns(Section):
    """Ours = the file's."""

    order_id: fields.ColumnName = _same_name("order_id")
    account: fields.ColumnName = _same_name("account")
    amount: fields.ColumnName = _same_name("amount")
    currency: fields.ColumnName = _same_name("currency")
    status: fields.ColumnName = _same_name("status")
    created_at: fields.ColumnName = _same_name("created_at")
    refunded_amount: fields.ColumnName = _same_name("refunded_amount")
    payment_method: fields.ColumnName = _same_name("payment_method")
    charge_id: fields.ColumnName = _same_name("charge_id")
    customer: fields.ColumnName | None = None
    cancelled_at: fields.ColumnName | None = None
    reference: fields.ColumnName | None = None


class OrderWords(Section):
    """Our states of an order = the shop's words for each."""

    paid: fields.Words = ("paid",)
    pending: fields.Words = ("pending",)
    cancelled: fields.Words = ("cancelled",)
    refund_requested: fields.Words = ("refund_requested",)
    refunded: fields.Words = ("refunded",)

    @model_validator(mode="after")
    def _one_meaning(self) -> "OrderWords":
        meaning: dict[str, str] = {}
        wrong: list[tuple[tuple[str, ...], str]] = []
        for status in OrderStatus:
            for word in getattr(self, status):
                first = meaning.setdefault(folded(word), status)  # as the reader compares them
                if first != status:
                    wrong.append(((status,), f'"{word}" already means {first}'))
        if wrong:
            raise mistakes(wrong)
        return self


class OrderSection(SourceSection):
    """One place that orders come from."""

    room = "recon.orders"
    timezone: fields.Zone | None = None
    encoding: fields.Encoding | None = None
    split_payments: fields.Flag = False
    metadata_keys: fields.Words | None = None
    description_pattern: fields.PatternOrFalse = ""
    order_id_pattern: fields.OrderIdPattern = ""
    account: fields.KnownAccount | None = None
    account_by: Literal["currency"] | None = None
    rows: Literal["each", "first"] = "each"
    link: fields.OrderLink | None = None
    columns: OrderColumns = OrderColumns()
    status: OrderWords = OrderWords()
    ignore: Mapping[str, fields.Words] = Field(default={"payment_method": ("cod",)})

    @property
    def configured_columns(self) -> Mapping[str, Column]:
        """The file's columns that the section writes down, by their key in it: each must be in one of its files."""
        ignored = self.ignore if "ignore" in self.model_fields_set else {}
        names = {f"ignore.{name}": getattr(self.columns, name, None) or Column.named(name) for name in ignored}
        unused = {"columns.account"} if self.account or self.account_by else set()
        return {key: column for key, column in (self._written(self.columns) | names).items() if key not in unused}

    @classmethod
    def constant_fields(cls) -> tuple[str, ...]:
        """All but what tells one order from another."""
        return tuple(name for name in OrderColumns.model_fields if name not in ("order_id", "charge_id", "customer"))

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
    """Ours = the statement's; the amount is one column with a sign, or one for debits and one for credits."""

    date: fields.ColumnName = _same_name("date")
    amount: fields.ColumnName = _same_name("amount")
    debit: fields.ColumnName | None = None
    credit: fields.ColumnName | None = None
    currency: fields.ColumnName = _same_name("currency")
    description: fields.ColumnName = _same_name("description")
    reference: fields.ColumnName = _same_name("reference")

    @model_validator(mode="after")
    def _one_way_to_the_amount(self) -> "BankColumns":
        if (self.debit is None) != (self.credit is None):
            has, lacks = ("credit", "debit") if self.debit is None else ("debit", "credit")
            raise mistakes([((lacks,), f"is missing: {has} has the other half of the amounts")])
        if self.debit is not None and "amount" in self.model_fields_set:
            raise mistakes([(("amount",), "stands beside debit and credit: give the one or the two")])
        return self


class BankAccount(Section):
    """Which account a bank source's statements belong to; the first of its keys."""

    account: fields.KnownAccount


class BankSection(SourceSection, BankAccount):
    """The statements of one bank account that Omise pays into."""

    room = "recon.bank"
    path: fields.FilePath
    columns: BankColumns = BankColumns()
    encoding: fields.Encoding | None = None
    payout_pattern: fields.Pattern = "OMISE"
    fee_bound: fields.Number = Decimal(0)

    @model_validator(mode="after")
    def _direction_has_an_amount(self) -> "BankSection":
        if getattr(self, "direction", None) and self.columns.debit:
            raise mistakes([(("direction",), "stands beside columns of debit and credit: give the one or the two")])
        return self

    @property
    def configured_columns(self) -> Mapping[str, Column]:
        """The file's columns that the section writes down, by their key in it."""
        direction = getattr(self, "direction", None)
        written = self._written(self.columns)
        return written | ({"direction.column": direction.column} if direction else {})

    @classmethod
    def constant_fields(cls) -> tuple[str, ...]:
        """What no statement line is told apart by."""
        return ("currency", "description", "reference")

    @field_validator("fee_bound")
    @classmethod
    def _exact_fee(cls, bound: Decimal, info: ValidationInfo) -> Decimal:
        account = info.data.get("account")
        if account is not None:
            context = read_context(info)
            context.currencies.parse_major(f"{bound:f}", context.accounts[account])
        return bound


def _by_kind(section: type[SourceSection]) -> WrapValidator:
    """Reads a section, with what its preset says, by the model that has the keys of every kind."""
    return WrapValidator(
        lambda value, _, info: section.whole().model_validate(_with_preset(section, value), context=info.context)
    )


def _with_preset(section: type[SourceSection], value: Any) -> Any:
    name = value.get("preset") if isinstance(value, dict) else None
    if name is None:
        return value
    known_presets = presets(section.room)
    if not isinstance(name, str) or name not in known_presets:
        hint = closest(str(name), known_presets)
        raise mistakes([(("preset",), f"{shown(str(name))} is not known{hint}: see recon presets list")])
    kinds = {kind.name: [key.name for key in kind.keys] for kind in section.kinds().values()}
    return with_preset(value, known_presets[name], kinds)


OrderSource = Annotated[OrderSection, _by_kind(OrderSection)]
Bank = Annotated[BankSection, _by_kind(BankSection)]
