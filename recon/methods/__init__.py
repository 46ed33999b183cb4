"""The payment-method rule book: what each method may do in each country, by whose word.

The figures stand in methods.toml, each with its source and how sure it is. The API's own word (`expires_at`) beats
the book, and the configuration beats the book for all accounts or for one.
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Any

from recon.money import Currencies

AMOUNTS = ("minimum", "maximum")
DURATIONS = ("expires_after", "refund_window", "hold")
# Every figure that an entry may have: amounts are minor units of its currency, durations timedeltas, counts ints.
FIGURES = (
    *AMOUNTS,
    "expires_after",
    "refund",
    "refund_window",
    "refund_business_days",
    "void",
    "hold",
    "settlement_business_days",
)
UNSURE = frozenset({"unsure", "document only"})  # what rests on such a figure raises no more than low
CONFIGURED = "configured"
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the book: an int, a timedelta or a word; who says so, and how sure that is."""

    value: Any
    certainty: str
    source: str

    @property
    def sure(self) -> bool:
        """Whether a break that rests on it may be more than low."""
        return self.certainty not in UNSURE


@dataclass(frozen=True)
class Entry:
    """One passage of the book, for some methods, regions and card brands (none: every brand)."""

    names: tuple[str, ...]  # none: every method of the region
    regions: tuple[str, ...]
    brands: tuple[str, ...]
    flow: str
    figures: Mapping[str, Figure]

    def fits(self, method: str, region: str, brand: str | None) -> bool:
        """Whether it speaks of this method, there, by this brand."""
        named = not self.names or method in self.names
        return named and region in self.regions and (not self.brands or (brand or "").lower() in self.brands)


@dataclass(frozen=True)
class MethodBook:
    """The book as read, with the configuration's overrides by (method, account or "") and figure.

    An override of an amount is a mapping from currency to minor units, any other is the value itself.
    """

    currencies: Currencies = field(default_factory=Currencies)
    overrides: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    settles_in: Mapping[str, str] = field(default_factory=dict)  # region -> the currency of its figures
    document_only: Mapping[str, str] = field(default_factory=dict)  # currency -> region that is no country of Omise's
    _asked: dict[tuple[str | None, ...], Figure | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )  # answers given: a run asks the same few questions of every charge

    def __post_init__(self) -> None:
        if not self.entries:
            entries, settles_in, document_only = _read(self.currencies)
            object.__setattr__(self, "entries", entries)
            object.__setattr__(self, "settles_in", settles_in)
            object.__setattr__(self, "document_only", document_only)

    @property
    def written(self) -> frozenset[str]:
        """The methods that stand in the book itself, whatever the configuration adds."""
        return frozenset(name for entry in self.entries for name in entry.names)

    def knows(self, method: str) -> bool:
        """Whether the method stands in the book at all, or the configuration adds it."""
        added = any(name == method for name, _ in self.overrides)
        return added or any(method in entry.names for entry in self.entries)

    def offers(self, method: str, account: str, region: str) -> bool:
        """Whether the method is offered there, by the book or by the configuration."""
        if (method, account) in self.overrides:
            return True
        named = [entry for entry in self.entries if method in entry.names]
        return any(region in entry.regions for entry in named) if named else (method, "") in self.overrides

    def figure(
        self,
        name: str,
        method: str | None,
        account: str,
        region: str,
        *,
        brand: str | None = None,
        currency: str = "",
    ) -> Figure | None:
        """A figure by the configuration, else by the book; null where nobody says.

        An amount is asked for in a currency: the book speaks of the region's own, and of a currency that no account
        settles in, such as KRW, by the word of a document alone.
        """
        if method is None:
            return None
        question = (name, method, account, region, brand, currency)
        if question not in self._asked:
            self._asked[question] = self._look_up(name, method, account, region, brand, currency)
        return self._asked[question]

    def _look_up(
        self, name: str, method: str, account: str, region: str, brand: str | None, currency: str
    ) -> Figure | None:
        for key in ((method, account), (method, "")):
            value = self.overrides.get(key, {}).get(name)
            value = value.get(currency) if isinstance(value, Mapping) else value
            if value is not None:
                where = ".".join(part for part in ("methods", *key) if part)
                return Figure(value, CONFIGURED, f"config.toml, [{where}]")
        if name in AMOUNTS and currency != self.settles_in.get(region):
            region = self.document_only.get(currency, "")
        if not any(method in entry.names and region in entry.regions for entry in self.entries):
            return None
        figures = [
            entry.figures[name]
            for entry in self.entries
            if name in entry.figures and entry.fits(method, region, brand)
        ]
        return figures[-1] if figures else None

    @property
    def digest(self) -> str:
        """SHA-256 of the book in effect, 64 hex digits: a run's record names the book it used."""
        plain = "\n".join("\t".join(line) for line in legend(self))
        return hashlib.sha256(plain.encode()).hexdigest()


HEADS = ("method", "region", "currency", "figure", "value", "certainty", "source")


def legend(book: MethodBook, sees: Callable[[str], bool] = lambda _account: True) -> list[tuple[str, ...]]:
    """Every figure of the book as texts under HEADS, for people and sheets; last the configuration's overrides, of
    those for one account what somebody `sees`."""
    lines = [line for entry in book.entries for line in _lines(entry, book)]
    overrides = ((key, figures) for key, figures in book.overrides.items() if not key[1] or sees(key[1]))
    for (method, account), figures in sorted(overrides):
        where = f"config.toml, [methods.{method}{'.' + account if account else ''}]"
        for name, value in sorted(figures.items()):
            parts = value.items() if isinstance(value, Mapping) else (("", value),)
            for currency, part in parts:
                text = _text(name, part, currency, book.currencies)
                lines.append((method, account and f"account {account}", currency, name, text, CONFIGURED, where))
    return lines


def _lines(entry: Entry, book: MethodBook) -> Iterator[tuple[str, ...]]:
    method = ", ".join(entry.names) or "(every method)"
    method += f" ({', '.join(entry.brands)})" if entry.brands else ""
    where = ", ".join(entry.regions)
    currencies = ", ".join(book.settles_in[region] for region in entry.regions)
    if entry.flow or not entry.figures:
        yield (method, where, currencies, "flow", entry.flow, "documented", "the method's page, Omise's plugins")
    for name, figure in entry.figures.items():
        text = _text(name, figure.value, currencies, book.currencies)
        yield (method, where, currencies, name, text, figure.certainty, figure.source)


def document(book: MethodBook) -> list[dict[str, Any]]:
    """Every method × region × card brand as JSON holds it: amounts in minor units, durations in seconds."""
    documents: list[dict[str, Any]] = []
    places = ((entry, method, region) for entry in book.entries for method in entry.names for region in entry.regions)
    keys = {(method, region, brand) for entry, method, region in places for brand in entry.brands or ("",)}
    for method, region, brand in sorted(keys):
        currency = book.settles_in[region]
        figures = {n: book.figure(n, method, "", region, brand=brand, currency=currency) for n in FIGURES}
        flows = [e.flow for e in book.entries if e.flow and e.fits(method, region, brand)]
        plain = {
            name: {"value": _plain(figure.value), "certainty": figure.certainty, "source": figure.source}
            for name, figure in figures.items()
            if figure is not None
        }
        flow = flows[-1] if flows else None
        documents.append(
            {"method": method, "region": region, "currency": currency, "brand": brand or None, "flow": flow}
        )
        documents[-1]["figures"] = plain
    return documents


def _plain(value: Any) -> Any:
    return value // timedelta(seconds=1) if isinstance(value, timedelta) else value


def _text(name: str, value: Any, currency: str, currencies: Currencies) -> str:
    if name in AMOUNTS:
        return currencies.show(value, currency)
    if isinstance(value, timedelta):
        return duration_text(value)
    return str(value)


def duration_text(value: timedelta) -> str:
    """ "10 minutes", "365 days": the largest unit that is exact, seconds at least."""
    seconds = value // timedelta(seconds=1)
    sizes = ((86_400, "day"), (3_600, "hour"), (60, "minute")) if seconds else ()
    size, word = next((pair for pair in sizes if seconds % pair[0] == 0), (1, "second"))
    count = seconds // size
    return f"{count} {word}{'' if count == 1 else 's'}"


def _read(currencies: Currencies) -> tuple[tuple[Entry, ...], Mapping[str, str], Mapping[str, str]]:
    """All entries in the file's order, each region's currency, and the region of each document-only currency."""
    raw = _raw()
    settles_in = {country["region"]: country["currency"] for country in raw["country"]}
    document_only = {
        country["currency"]: country["region"] for country in raw["country"] if not country.get("omise", True)
    }
    countries = [{"names": [], "regions": [c["region"]], **c} for c in raw["country"]]
    rows = [*countries, *raw["method"]]
    return tuple(_entry(row, raw["sources"], settles_in, currencies) for row in rows), settles_in, document_only


@cache
def _raw() -> dict[str, Any]:
    return tomllib.loads(resources.files("recon").joinpath("methods", "methods.toml").read_text(encoding="utf-8"))


def _entry(
    row: Mapping[str, Any], sources: Mapping[str, str], settles_in: Mapping[str, str], currencies: Currencies
) -> Entry:
    figures: dict[str, Figure] = {}
    for name in FIGURES:
        if name in row:
            value, certainty, source = row[name]
            assert name not in AMOUNTS or len(row["regions"]) == 1, f"{row['names']}: an amount has one currency"
            if name in AMOUNTS:
                value = currencies.parse_major(value, settles_in[row["regions"][0]])
            elif name in DURATIONS:
                value = _duration(value)
            figures[name] = Figure(value, certainty, sources[source])
    brands = tuple(brand.lower() for brand in row.get("brands", ()))
    return Entry(tuple(row["names"]), tuple(row["regions"]), brands, row.get("flow", ""), figures)


def _duration(text: str) -> timedelta:
    parts = re.findall(r"(\d+)([dhm])", text)
    return sum((timedelta(**{_UNITS[unit]: int(count)}) for count, unit in parts), timedelta())
