"""Which column of an unknown table is which field of ours, by the columns' names and by what they hold."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from recon.tabular.layout import folded
from recon.tabular.recognition.contents import Contents

_UNIT = re.compile(r"[(\[](?!dr|cr|debit|credit|ex).*$")  # amounts without tax are not what is paid


@dataclass(frozen=True)
class FieldNames:
    """A field of ours: how columns of it are called, the likeliest first, and which kinds of values they may hold.

    `otherwise` are names that count where no column has one of `names`.
    """

    field: str
    names: tuple[str, ...]
    otherwise: tuple[str, ...]
    holds: tuple[str, ...]
    is_needed: bool


@dataclass(frozen=True)
class Proposal:
    """`choices` are the columns that a field may be, the likeliest first; `is_sure`: the first one it is."""

    field: str
    choices: tuple[str, ...]
    is_sure: bool
    is_needed: bool


@cache
def field_names(package: str) -> Mapping[str, FieldNames]:
    """The fields of orders ("recon.orders") or of statements ("recon.bank")."""
    fields = _data(package)["fields"]
    return {
        field: FieldNames(
            field,
            tuple(dict.fromkeys(map(plain_name, about["names"]))),
            tuple(map(plain_name, about.get("otherwise", ()))),
            tuple(about["holds"]),
            about.get("needed", False),
        )
        for field, about in fields.items()
    }


@cache
def status_words(package: str) -> Mapping[str, str]:
    """Words that shops have for states of an order, folded, and the state of ours that each means."""
    return {folded(word): ours for ours, words in _data(package)["status"].items() for word in words}


@cache
def note_words(package: str) -> Mapping[str, tuple[str, ...]]:
    """How rows that are no lines are called, in small letters, by what they are: "balances", "totals"."""
    return {what: tuple(words) for what, words in _data(package)["notes"].items()}


@cache
def usual_names(package: str) -> frozenset[str]:
    """How columns of any field are usually called."""
    return frozenset(name for about in field_names(package).values() for name in (*about.names, *about.otherwise))


def named_columns(package: str, cells: Iterable[str]) -> int:
    """How many cells of a row are names that columns have."""
    return len({plain_name(cell) for cell in cells if cell} & usual_names(package))


def proposals(package: str, columns: Sequence[Contents]) -> dict[str, Proposal]:
    """By field; a field that may be absent and that no column is named like is left out."""
    by_field = {}
    for field, about in field_names(package).items():
        fitting = [column for column in columns if set(about.holds) & column.kinds]
        named = _named(fitting, about.names) or _named(fitting, about.otherwise)
        by_contents = [column for column in fitting if column not in named and column.filled]
        if named or about.is_needed:
            likely = (*named, *by_contents) if about.is_needed else named
            choices = tuple(dict.fromkeys(column.name for column in likely))
            alike = [column for column in columns if column.name in choices[:1]]
            by_field[field] = Proposal(field, choices, len(named) == 1 == len(alike), about.is_needed)
    return by_field


def _named(columns: Sequence[Contents], names: Sequence[str]) -> list[Contents]:
    """The columns that have one of the names, the likeliest first."""
    called = [column for column in columns if plain_name(column.name) in names]
    return sorted(called, key=lambda column: names.index(plain_name(column.name)))


def plain_name(name: str) -> str:
    """A name as it is compared: marks between its words aside, and a currency or a unit behind it in brackets."""
    joined = re.sub("[_-]", "", folded(name))
    return _UNIT.sub("", joined) or joined


def _data(package: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(package).joinpath("names.toml").read_text(encoding="utf-8"))
