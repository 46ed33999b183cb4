"""The records that a break speaks of, side by side: what means the same in one line, what differs marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recon import columns as c
from recon.store.versions.evidence import Version

KINDS = ("order", "charge", "refund", "transfer", "transaction", "dispute", "bank_line")
SYSTEMS = {"order": "Shop", "bank_line": "Bank"}  # the rest is Omise's
_FUNDING = {c.FUNDING_AMOUNT, c.FEE, c.FEE_VAT, c.INTEREST, c.INTEREST_VAT, c.NET}


@dataclass(frozen=True)
class Side:
    """One record that a break speaks of, as it is now, with how it came to be so."""

    kind: str
    id: str
    versions: Sequence[Version]
    whole: bool = True  # false: a file of the archive with earlier ones is missing or altered

    @property
    def now(self) -> Mapping[str, Any]:
        """Its fields."""
        return self.versions[-1].fields if self.versions else {}

    @property
    def system(self) -> str:
        """Who says so."""
        return SYSTEMS.get(self.kind, "Omise")

    def currency_of(self, name: str) -> str | None:
        """That of an amount among its fields."""
        return self.now.get(c.FUNDING_CURRENCY if name in _FUNDING else c.CURRENCY) or self.now.get(c.CURRENCY)


@dataclass(frozen=True)
class Fact:
    """What several kinds of records say, each in the first of some fields that it fills; `same`: kinds that agree."""

    label: str
    fields: Mapping[str, tuple[str, ...]]
    same: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Line:
    """One fact of every side: the field that says it (empty: none does), and the sides that differ in it."""

    label: str
    names: tuple[str, ...]
    different: frozenset[str] = field(default_factory=frozenset)


def _each(kinds: Sequence[str], *names: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(kinds, names)


_ORDER_CHARGE = (("order", "charge"),)
FACTS = (
    Fact("Status", _each(("order", "charge", "refund", "dispute"), c.STATUS)),
    Fact(
        "Amount",
        {**_each(KINDS, c.AMOUNT), "charge": (c.CAPTURED_AMOUNT, c.AMOUNT), "transaction": (), "bank_line": ()},
        _ORDER_CHARGE,
    ),
    Fact("Currency", _each(KINDS, c.CURRENCY), (*_ORDER_CHARGE, ("transfer", "bank_line"))),
    Fact("Refunded", _each(("order", "charge"), c.REFUNDED_AMOUNT), _ORDER_CHARGE),
    Fact(
        "In Omise's balance",
        {"charge": (c.NET,), "refund": (c.FUNDING_AMOUNT,), "transaction": (c.AMOUNT,)},
        (("charge", "transaction"), ("refund", "transaction")),
    ),
    Fact("At the bank", {"transfer": (c.NET,), "bank_line": (c.AMOUNT,)}, (("transfer", "bank_line"),)),
    Fact("Charge", dict.fromkeys(("order", "charge", "refund", "dispute"), (c.CHARGE_ID,)), _ORDER_CHARGE),
    Fact("Method", {"order": (c.PAYMENT_METHOD,), "charge": (c.METHOD,)}),
    Fact("Made", {**_each(KINDS, c.CREATED_AT), "bank_line": (c.BOOKED_ON,)}),
    Fact("Paid", _each(("charge", "transfer"), c.PAID_AT)),
    Fact(
        "Reference", {"order": (c.REFERENCE,), "charge": (c.DESCRIPTION,), "bank_line": (c.REFERENCE, c.DESCRIPTION)}
    ),
)


def lines_of(sides: Sequence[Side]) -> list[Line]:
    """The facts that any side states, those that differ marked; a side that is not stored states none."""
    stored = {side.kind: side for side in sides}
    lines = []
    for fact in FACTS:
        names = {kind: _filled(side, fact.fields.get(kind, ())) for kind, side in stored.items()}
        if any(names.values()):
            lines.append(Line(fact.label, tuple(names.values()), _different(fact, stored, names)))
    return lines


def _filled(side: Side, names: Sequence[str]) -> str:
    return next((name for name in names if side.now.get(name) is not None), "")


def _different(fact: Fact, stored: Mapping[str, Side], names: Mapping[str, str]) -> frozenset[str]:
    values = {kind: stored[kind].now[name] for kind, name in names.items() if name}
    pairs = [pair for pair in fact.same if pair[0] in values and pair[1] in values]
    # A transaction stands for one of a charge and its refund: which one is not said here.
    told = pairs if len({last for _, last in pairs}) == len(pairs) else []
    return frozenset(kind for pair in told if values[pair[0]] != values[pair[1]] for kind in pair)


def rest_of(side: Side, lines: Sequence[Line], place: int) -> list[str]:
    """The fields of a side that no line has."""
    said = {line.names[place] for line in lines} | {f"{side.kind}_id"}
    return [name for name, value in side.now.items() if value is not None and name not in said]
