"""Known exports and databases: data files that say how a source is read, where that is known from, and how surely."""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from recon.tabular.layout import Column, Header
from recon.tabular.recognition.proposals import plain_name, usual_names

CERTAINTIES = (
    "seen in a real file",
    "from the program's source",
    "from an importer's source",
    "vendor's document",
    "partly assumed",
    "assumed",
)
_OF_QUERIES = ("select", "grouped")  # texts that a preset's queries share, as {select}
_LOOKED_AT = 40  # rows in which a header is looked for


@dataclass(frozen=True)
class Preset:
    """One data file: `settings` are what the configuration would write, `file` is what is exported and where."""

    name: str
    title: str
    file: str
    certainty: str  # one of CERTAINTIES
    source: str  # where this is known from
    know: tuple[str, ...]  # what a user of it should know
    settings: Mapping[str, Any]
    told_by: tuple[str, ...] = ()  # columns that its files have and nothing reads, where the others have usual names

    @property
    def columns(self) -> Mapping[str, Column]:
        """Our fields and what the file calls them."""
        return {ours: Column.of(theirs) for ours, theirs in self.settings.get("columns", {}).items()}


@dataclass(frozen=True)
class Fit:
    """A preset whose columns a table has; `row` is its header's place from 1, `matched` how many columns it has.

    `is_plain`: each of them is called as such columns usually are: a file of another bank or shop may look the same.
    """

    preset: Preset
    row: int
    matched: int
    is_plain: bool


@cache
def presets(package: str) -> Mapping[str, Preset]:
    """The presets of orders ("recon.orders") or of statements ("recon.bank"), by name."""
    folder = resources.files(package).joinpath("presets")
    files = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    made = [_preset(file.name.removesuffix(".toml"), file.read_text(encoding="utf-8")) for file in files]
    return {preset.name: preset for preset in sorted(made, key=lambda preset: preset.name)}


def with_preset(written: Mapping[str, Any], preset: Preset, kinds: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """A section of the configuration with all that a preset says and the section does not.

    Tables are joined key by key. `kinds` are the keys that each kind of source takes besides those of every source:
    what the section's kind does not take is left out.
    """
    result = dict(written)
    kind = result.setdefault("kind", preset.settings["kind"])
    of_others = {key for keys in kinds.values() for key in keys} - set(kinds.get(kind, ()))
    for key, value in preset.settings.items():
        if key in of_others:
            continue
        if isinstance(value, dict) and isinstance(result.get(key, {}), dict):
            result[key] = {**value, **result.get(key, {})}
        else:
            result.setdefault(key, value)
    return result


def fitting(package: str, rows: Sequence[Sequence[str]]) -> list[Fit]:
    """Which presets of files fit the first rows of a table: all columns that they need stand in one row.

    Those with the most columns first, and of these the surer ones.
    """
    usual = usual_names(package)
    fits = [fit for preset in presets(package).values() if (fit := _fit(preset, rows, usual))]
    return sorted(fits, key=lambda fit: (-fit.matched, CERTAINTIES.index(fit.preset.certainty), fit.preset.name))


def _fit(preset: Preset, rows: Sequence[Sequence[str]], usual: Collection[str]) -> Fit | None:
    columns = list(preset.columns.values())
    direction = preset.settings.get("direction")
    columns += [Column.of(direction["column"])] if direction else []
    filtered = [Column.named(name) for name in preset.settings.get("filter", {}) if name not in preset.columns]
    columns += [*filtered, *(Column.named(name) for name in preset.told_by)]
    for place, cells in enumerate(rows[:_LOOKED_AT] if columns else (), 1):
        header = Header([cell.strip() for cell in cells])
        if all(column.is_optional or header.has(column) for column in columns):
            ways = [way for column in columns if (way := header.way(column))]
            is_plain = all(plain_name(name) in usual for way in ways for name in way)
            return Fit(preset, place, len(ways), is_plain)
    return None


def _preset(name: str, text: str) -> Preset:
    raw = tomllib.loads(text)
    shared = {f"{{{part}}}": raw[part] for part in _OF_QUERIES if part in raw}
    settings = {key: _filled(value, shared) for key, value in raw["settings"].items()}
    about = {key: raw[key] for key in ("title", "file", "certainty", "source")}
    told_by = tuple(raw.get("told_by", ()))
    return Preset(name=name, settings=settings, know=tuple(raw["know"]), told_by=told_by, **about)


def _filled(value: Any, shared: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for mark, text in shared.items():
            value = value.replace(mark, text)
    return value
