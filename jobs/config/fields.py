"""The kinds of values that config.toml holds, each refused in words."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from jobs.config.secrets import Secret, long_keys, origin_of, read_context, secret, secret_or_text
from recon.expressions import compiled
from recon.extras import missing
from recon.journal.words import LedgerAccount
from recon.model import Severity
from recon.money import Currencies, UnknownCurrency
from recon.rules import RULE_OF
from recon.tabular.amounts import DECIMAL_MARKS, THOUSANDS_MARKS
from recon.tabular.date_forms import COMMON, ERAS, check_format
from recon.tabular.layout import Column
from reports.journal.layouts import layouts

_T = TypeVar("_T")
_DURATION = re.compile(r"(\d+)([smhd])", re.ASCII)
_PLACES = ("s3", "gs", "az", "file")  # that files are delivered to, besides folders
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def suggest(word: str, names: Collection[str]) -> str:
    """` (did you mean "x"?)`, or the few that there are, or nothing."""
    few = f" (there is {', '.join(sorted(names))})" if 0 < len(names) <= 10 else ""
    return closest(word, names) or few


def closest(word: str, names: Collection[str]) -> str:
    """` (did you mean "x"?)`, or nothing."""
    close = get_close_matches(word, list(names), n=1)
    return f' (did you mean "{close[0]}"?)' if close else ""


def mistakes(places: list[tuple[tuple[str, ...], str]]) -> ValidationError:
    """One error that names each place below the value under validation with its words."""
    lines = [
        InitErrorDetails(type=PydanticCustomError("words", "{words}", {"words": words}), loc=place, input=None)
        for place, words in places
    ]
    return ValidationError.from_exception_data("config", lines, hide_input=True)


def _ledger_codes(value: Any) -> Mapping[str, str]:
    """A code by each account of the journal; whole numbers are codes, too."""
    if not isinstance(value, dict):
        raise ValueError("must be a table")
    words = [account.value for account in LedgerAccount]
    wrong: list[tuple[tuple[str, ...], str]] = [
        ((word,), f"is no account of the journal{suggest(word, words)}") for word in value if word not in words
    ]
    for word, code in value.items():
        is_code = isinstance(code, str | int) and not isinstance(code, bool) and str(code).strip()
        wrong += [] if is_code else [((word,), f"{shown(code)} is no code")]
    if wrong:
        raise mistakes(wrong)
    return {word: str(code).strip() for word, code in value.items()}


def _journal_format(value: Any) -> str:
    if not isinstance(value, str) or value not in layouts():
        raise ValueError(f"{shown(value)} is not one of {', '.join(layouts())}")
    return value


def _day_format(value: Any) -> str:
    if not isinstance(value, str) or (value and not all(part in value for part in ("%d", "%m", "%Y"))):
        raise ValueError(f'{shown(value)} is not a format such as "%d/%m/%Y"')
    return value


def _database(value: Secret, info: ValidationInfo) -> Secret:
    if not value.is_set:
        return value
    shape = re.fullmatch(r"([a-z][\w+.-]*)://(.*)", value.reveal(), re.DOTALL)
    if shape is None:
        raise ValueError(f"{origin_of(value)} is not a database URL such as sqlite:///var/recon.db or postgresql://…")
    scheme, rest = shape.groups()
    if scheme.partition("+")[0] != "sqlite" or not rest.startswith("/") or rest[1:] in ("", ":memory:"):
        return value
    return Secret(value.origin, f"{scheme}:///{(read_context(info).folder / rest[1:]).as_posix()}")


def _store(value: Secret) -> Secret:
    if value.is_set and not re.match(r"sqlite(\+\w+)?:///[^:]|postgresql(\+\w+)?://", value.reveal()):
        raise ValueError(f"{origin_of(value)} must be sqlite:///PATH or postgresql://…")
    return with_library("psycopg")(value) if is_postgresql(value) else value


def with_library(library: str) -> Callable[[_T], _T]:
    """A check that what a value needs is installed, where there is a value."""

    def check(value: _T) -> _T:
        is_set = value.is_set if isinstance(value, Secret) else value is not None
        if is_set and (words := missing(library)):
            raise ValueError(words)
        return value

    return check


def _must_be_set(section: str) -> Callable[[Secret | None, ValidationInfo], Secret]:
    def check(value: Secret | None, info: ValidationInfo) -> Secret:
        if value is None:
            raise ValueError("is empty")
        if section in read_context(info).needs and not value.is_set:
            raise ValueError(f"{value.origin} is not set")
        return value

    return check


def _duration(value: Any) -> timedelta:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'{shown(value)} is not a duration such as "30m", "72h" or "35d"')
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise ValueError(f"{shown(value)} is too long") from None


def _positive(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("must be longer than nothing")
    return value


@cache
def _zones() -> frozenset[str]:
    """Read from the system's files once: each account asks."""
    return frozenset(available_timezones())


def _zone(value: Any) -> ZoneInfo:
    names = _zones()
    if not isinstance(value, str) or value not in names:
        close = get_close_matches(str(value), names, n=1)
        hint = f' (did you mean "{close[0]}"?)' if close else ""
        raise ValueError(f"{shown(value)} is not a time zone{hint}")
    return ZoneInfo(value)


def _severity(value: Any) -> Severity:
    words = [severity.word for severity in Severity]
    if value not in words:
        raise ValueError(f"{shown(value)} is not one of {', '.join(words)}")
    return Severity[value.upper()]


def _currency(value: str, info: ValidationInfo) -> str:
    try:
        read_context(info).currencies.exponent(value)
    except UnknownCurrency as error:
        raise ValueError(f"{error}: [currencies.{value}] may give its exponent") from None
    return value


def _account(value: str, info: ValidationInfo) -> str:
    accounts = read_context(info).accounts
    if value not in accounts:
        raise ValueError(f"there is no account {shown(value)}{suggest(value, accounts)}")
    return value


def _code(value: str) -> str:
    if value not in RULE_OF:
        raise ValueError(f"there is no break {shown(value)}{suggest(value, RULE_OF)}")
    return value


def _day(value: Any) -> date:
    if type(value) is date:
        return value
    raise ValueError(f"{shown(value)} is not a date such as 2026-01-31, without quotes")


def _amounts(value: Any, info: ValidationInfo) -> dict[str, int]:
    currencies = read_context(info).currencies
    return _by_currency(value, currencies, lambda text, currency: _minor(text, currency, currencies))


def _percents(value: Any, info: ValidationInfo) -> dict[str, Decimal]:
    return _by_currency(value, read_context(info).currencies, lambda text, _: _percent(text))


def _minor(text: Any, currency: str, currencies: Currencies) -> int:
    amount = currencies.parse_major(_digits(text), currency)
    if amount < 0:
        raise ValueError("must not be negative")
    return amount


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(_digits(value))
    except InvalidOperation:
        raise ValueError(f"{shown(value)} is not a number") from None
    if not number.is_finite() or number < 0:
        raise ValueError(f"{shown(value)} is not a number from 0 up")
    return number


def _percent(value: Any) -> Decimal:
    percent = _decimal(value)
    if percent * 10_000 % 1:  # a tolerance is parts of a million
        raise ValueError(f"{shown(value)} has more than four decimals")
    return percent


def _share(value: Any) -> Decimal:
    """A part of rows, "5%", as percent."""
    match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,4})?) ?%", value, re.ASCII) if isinstance(value, str) else None
    if match is None or Decimal(match[1]) > 100:
        raise ValueError(f'{shown(value)} is not a share such as "5%"')
    return Decimal(match[1])


def _one_of(marks: Sequence[str], value: Any) -> str:
    if value not in marks:
        raise ValueError(f"{shown(value)} is not one of {', '.join(map(shown, marks))}")
    return str(value)


def _digits(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f'{shown(value)} must be text in quotes, such as "3.65": a number in a file is not exact')


def _by_currency(value: Any, currencies: Currencies, parse: Callable[[Any, str], _T]) -> dict[str, _T]:
    if not isinstance(value, dict):
        raise ValueError('must be a table by currency, such as { THB = "1.00" }')
    values: dict[str, _T] = {}
    wrong: list[tuple[tuple[str, ...], str]] = []
    for currency, text in value.items():
        try:
            currencies.exponent(currency)
            values[currency] = parse(text, currency)
        except ValueError as error:
            wrong.append(((currency,), str(error)))
    if wrong:
        raise mistakes(wrong)
    return values


def _path(value: Any, info: ValidationInfo) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError(f"{shown(value)} is not a path")
    return read_context(info).folder / value


def _place(value: Any, info: ValidationInfo) -> str:
    if not isinstance(value, str) or "://" not in value:
        return str(_path(value, info))
    if value.partition("://")[0] not in _PLACES:
        schemes = ", ".join(f"{scheme}://" for scheme in _PLACES)
        raise ValueError(f"{shown(value)} is neither a folder nor one of {schemes}")
    if words := missing("obstore"):
        raise ValueError(f"{shown(value)} {words}")
    return value


def is_postgresql(url: Secret) -> bool:
    """Whether it names a database of PostgreSQL; what is not set yet may become one."""
    return not url.is_set or url.reveal().partition("://")[0] in ("postgresql", "postgresql+psycopg")


def _postgresql(value: Secret) -> Secret:
    if not is_postgresql(value):
        raise ValueError(f"{origin_of(value)} is not a database URL such as postgresql://…")
    return value


def _pattern(value: str) -> str:
    try:
        compiled(value)
    except ValueError as error:
        raise ValueError(f"{shown(value)} is not a regular expression: {error}") from None
    return value


def _encoding(value: str) -> str:
    try:
        "".encode(value)
    except LookupError:
        raise ValueError(f"{shown(value)} is not an encoding such as utf-8 or cp874") from None
    return value


def _one_group(value: str) -> str:
    if value and compiled(_pattern(value)).groups != 1:
        raise ValueError(f"{shown(value)} must have exactly one group: the order id in brackets")
    return value


def _column(value: Any) -> Column:
    return value if isinstance(value, Column) else Column.of(value)


def _header_row(value: Any) -> int | None:
    """The number of the header's row, 0 for no header; null where it is looked for."""
    if value == "auto":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f'{shown(value)} is neither "auto" nor the number of a row, from 1 (0: there is none)')
    return value


def _delimiter(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 1 or value.isalnum() or value in '"\r\n':
        raise ValueError(f'{shown(value)} is not a delimiter such as "," or "|"')
    return value


def _date_formats(value: Any) -> tuple[str, ...]:
    formats = [value] if isinstance(value, str) else value
    if not isinstance(formats, list | tuple) or not formats or not all(isinstance(text, str) for text in formats):
        raise ValueError(f'{shown(value)} is not a list of formats such as ["%d/%m/%Y %H:%M"]')
    return tuple(map(check_format, formats))


def _one_group_or_false(value: Any) -> str | Literal[False]:
    if value is False:
        return False
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is neither a regular expression nor false")
    return _one_group(value)


def form(pattern: str, words: str) -> AfterValidator:
    """A text of one form, else `"…" is not {words}`."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{shown(value)} is not {words}")
        return value

    return AfterValidator(check)


def _account_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9_]+", value) or value == "group":
        raise ValueError('a name of an account is made of a-z, 0-9 and _, and is not "group"')
    return value


def shown(value: Any) -> str:
    """A value as the file has it, for a message; a table or list is not spelled out."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    return "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else str(value)


SecretField = Annotated[Secret, PlainValidator(secret)]
KeyField = Annotated[SecretField, AfterValidator(long_keys)]
# One secret, or, while it is rotated, several.
WebhookSecrets = Annotated[
    tuple[SecretField, ...], BeforeValidator(lambda value: value if isinstance(value, list) else [value])
]
AccountKey = Annotated[SecretField, AfterValidator(_must_be_set("accounts"))]
SecretOrText = Annotated[Secret | None, PlainValidator(secret_or_text)]
StoreUrl = Annotated[
    Secret,
    PlainValidator(secret_or_text),
    AfterValidator(_must_be_set("store")),
    AfterValidator(_store),
    AfterValidator(_database),
]
OrdersUrl = Annotated[
    Secret, PlainValidator(secret_or_text), AfterValidator(_must_be_set("orders")), AfterValidator(_database)
]
ChannelUrls = Annotated[SecretField, AfterValidator(with_library("apprise"))]
QueueUrl = Annotated[SecretField, AfterValidator(_postgresql)]
Duration = Annotated[timedelta, PlainValidator(_duration)]
PositiveDuration = Annotated[Duration, AfterValidator(_positive)]
Zone = Annotated[ZoneInfo, PlainValidator(_zone)]
SeverityWord = Annotated[Severity, PlainValidator(_severity)]
Currency = Annotated[str, AfterValidator(_currency)]
AccountName = Annotated[str, AfterValidator(_account_name)]
KnownAccount = Annotated[str, AfterValidator(_account)]
BreakCode = Annotated[str, AfterValidator(_code)]
CurrencyCode = Annotated[str, form(r"[A-Z]{3}", 'a currency such as "THB"')]
Day = Annotated[date, PlainValidator(_day)]
Number = Annotated[Decimal, PlainValidator(_decimal)]
Share = Annotated[Decimal, PlainValidator(_share)]
DecimalMark = Annotated[str, PlainValidator(partial(_one_of, DECIMAL_MARKS))]
ThousandsMark = Annotated[str, PlainValidator(partial(_one_of, THOUSANDS_MARKS))]
ColumnName = Annotated[Column, PlainValidator(_column), PlainSerializer(str)]
HeaderRow = Annotated[int | None, PlainValidator(_header_row)]
Delimiter = Annotated[str, PlainValidator(_delimiter)]
DateFormats = Annotated[tuple[str, ...], PlainValidator(_date_formats)]
EraName = Annotated[str, PlainValidator(partial(_one_of, (COMMON, *ERAS)))]
Unit = Annotated[str, PlainValidator(partial(_one_of, ("major", "minor")))]
Amounts = Annotated[Mapping[str, int], PlainValidator(_amounts)]
Percents = Annotated[Mapping[str, Decimal], PlainValidator(_percents)]
LedgerCodes = Annotated[Mapping[str, str], PlainValidator(_ledger_codes)]
JournalFormat = Annotated[str, PlainValidator(_journal_format)]
DayFormat = Annotated[str, PlainValidator(_day_format)]
FilePath = Annotated[Path, PlainValidator(_path)]
Place = Annotated[str, PlainValidator(_place)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Encoding = Annotated[str, AfterValidator(_encoding)]
OrderIdPattern = Annotated[str, AfterValidator(_one_group)]
PatternOrFalse = Annotated[str | Literal[False], PlainValidator(_one_group_or_false)]
Region = Annotated[str, form(r"[A-Z]{2}", 'a country such as "TH"')]
Url = Annotated[str, form(r"https?://[^/\s?#]+(/[^\s?#]*)?", 'a URL such as "https://api.omise.co"')]
Issuer = Annotated[  # a token is worth what the way to its provider is worth; one on this machine is for trying
    str, form(r"(https://|http://(localhost|127\.0\.0\.1)[:/])[^\s?#]+", 'a URL such as "https://login.example.com"')
]
OrderLink = Annotated[
    str, form(r"https?://[^/\s]+/\S*\{order_id\}\S*", 'a URL such as "https://shop.example/orders/{order_id}"')
]
Cron = Annotated[str, form(r"\S+( +\S+){4}", 'five cron fields such as "30 1 * * *"')]
CronOrNothing = Annotated[str, form(r"(\S+( +\S+){4})?", 'five cron fields such as "*/15 * * * *", or nothing')]
_HOURS = r"([01]\d|2[0-3]):[0-5]\d"
Hours = Annotated[str, form(f"({_HOURS}-{_HOURS})?", 'hours such as "22:00-07:00"')]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0)]
Rate = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Words = tuple[Annotated[str, Field(min_length=1)], ...]
Cells = tuple[str, ...]  # patterns of cells; an empty one is an empty cell
