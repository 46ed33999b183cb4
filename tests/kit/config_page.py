"""Writes docs/configuration.md from sections and config.toml's comments: `python -m tests.kit.config_page`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from jobs.config import fields
from jobs.config.config import Config
from jobs.config.secrets import Secret
from jobs.config.sections import Section
from jobs.config.sources import SourceSection
from recon.model import Severity
from recon.money import Currencies
from recon.tabular.layout import Column
from tests.kit.breaks_page import threshold
from tests.kit.places import ROOT

PAGE = ROOT / "docs" / "configuration.md"
EXAMPLE = ROOT / "config.toml"
_HEAD = """# Configuration

Every key of `config.toml`, with its default. Only `[store]`, one account and one source of orders are required. A key
that is not known is an error; all errors are said at once, each with its place. Relative paths count from the file.
`recon init` writes a first one, `recon check` proves it.

A secret never stands in the file: it is `{ env = "NAME" }`, `{ file = "PATH" }` or, of systemd's credentials,
`{ file = "$CREDENTIALS_DIRECTORY/NAME" }`. Amounts and rates are in quotes, `"3.65"`: a number would not be exact. A
duration is a number and `s`, `m`, `h` or `d`. The file `config.toml` that comes with the software shows every key in
its place; this page is written from it.
"""
# What stands for the names that a user gives, by the table's path.
_NAMES = {"fees": ("ACCOUNT", "METHOD"), "currencies": ("CODE",), "rules": ("CODE",)}
_TYPES: Mapping[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Decimal: "number in quotes",
    timedelta: "duration",
    date: "date",
    Path: "path",
    ZoneInfo: "time zone",
    Severity: ", ".join(severity.word for severity in Severity),
    Column: "column",
    Secret: "secret",
}
_FORMS: Sequence[tuple[Any, str]] = (
    (fields.SecretOrText, "text or secret"),
    (fields.StoreUrl, "text or secret"),
    (fields.OrdersUrl, "text or secret"),
    (fields.Share, "share of rows"),
    (fields.Cron, "five cron fields"),
    (fields.CronOrNothing, "five cron fields, or nothing"),
    (fields.Url, "URL"),
    (fields.Pattern, "regular expression"),
    (fields.OrderIdPattern, "regular expression"),
    (fields.PatternOrFalse, "regular expression, or false"),
    (fields.Amounts, "amounts by currency"),
    (fields.Percents, "percents by currency"),
    (fields.HeaderRow, 'whole number, or "auto"'),
    (fields.KnownAccount, "account"),
)


@dataclass
class Words:
    """What config.toml says: by a table's path what it is, by its path and a key what that is."""

    tables: dict[str, str] = field(default_factory=dict)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)

    def of(self, path: str, key: str) -> str:
        """A key's words; a bank's are those of orders where it has none, a table's those behind its head."""
        places = ((path, key), ("orders.NAME", key)) if path == "bank.NAME" else ((path, key),)
        found = (self.keys.get(place) for place in places)
        return next(filter(None, found), "") or self.tables.get(f"{path}.{key}", "")


def page() -> str:
    """The whole page; raises KeyError with every key that config.toml has no words for."""
    words = read_words(EXAMPLE.read_text(encoding="utf-8"))
    every_table = list(tables(Config, ()))
    silent = [f"[{path}] {key}" for path, model in every_table for key, _ in keys(model) if not words.of(path, key)]
    if silent:
        raise KeyError(f"config.toml says nothing of {', '.join(silent)}")
    return "\n".join([_HEAD, *(line for path, model in every_table for line in _table(path, model, words))])


def tables(model: type[Section], path: tuple[str, ...]) -> Iterator[tuple[str, type[Section]]]:
    """Every table of the file in its order: its path, with NAME where a user gives one, and its section."""
    for name, info in model.whole().model_fields.items():
        key = info.alias or name
        inner = _section(info.annotation)
        if inner is not None:
            mappings = len(re.findall(r"\bMapping\[", repr(info.annotation)))
            place = (*path, key, *_NAMES.get(key, ("NAME",))[:mappings])
            yield ".".join(place), inner
            yield from tables(inner, place)


def keys(model: type[Section]) -> Iterator[tuple[str, FieldInfo]]:
    """Every key of a table that is no table itself."""
    for name, info in model.whole().model_fields.items():
        if _section(info.annotation) is None:
            yield info.alias or name, info


def read_words(text: str) -> Words:
    """The comments behind tables and keys; of a key that stands there twice the first."""
    words = Words()
    path = key = ""
    for line in text.splitlines():
        if head := re.match(r"(?:# +)?\[+([\w.]+)\]+(?: +# (.*))?$", line):
            path, key = _generic(head[1]), ""
            words.tables.setdefault(path, head[2] or "")
        elif entry := re.match(r"(?:# {1,3})?([a-z_]+) = .*?(?: +# (.*))?$", line):
            key = entry[1] if (path, entry[1]) not in words.keys else ""
            words.keys.setdefault((path, entry[1]), entry[2] or "")
        elif key and (more := re.match(r"#? {9,}# (.*)$", line)):
            words.keys[path, key] += f" {more[1]}"
    return words


def _generic(path: str) -> str:
    """`orders.shop.columns` as `orders.NAME.columns`."""
    first, *rest = path.split(".")
    if first not in ("accounts", "orders", "bank", "methods", *_NAMES):
        return path
    names = _NAMES.get(first, ("NAME",))
    return ".".join([first, *names[: len(rest)], *rest[len(names) :]])


def _table(path: str, model: type[Section], words: Words) -> Iterator[str]:
    is_list = path.startswith("fees.") or path in ("schedule.jobs", "alerts.routes")
    yield f"## `[[{path}]]`\n" if is_list else f"## `[{path}]`\n"
    yield f"{words.tables.get(path) or model.__doc__}\n"
    lines = [_line(key, info, model, words.of(path, key)) for key, info in keys(model)]
    if lines:
        yield "| key | type | default | |\n|---|---|---|---|"
        yield from lines
    yield ""
    for key, _ in keys(model):
        yield from _free_table(f"{path}.{key}", words)


def _free_table(path: str, words: Words) -> Iterator[str]:
    """A table whose keys are no section's, such as the accounts of the journal."""
    own = {key: text for (place, key), text in words.keys.items() if place == path and text}
    if len(own) > 1:
        yield f"## `[{path}]`\n"
        yield f"{words.tables[path]}\n"
        yield "| key | |\n|---|---|"
        yield from (f"| `{key}` | {text} |" for key, text in own.items())
        yield ""


def _line(key: str, info: FieldInfo, model: type[Section], words: str) -> str:
    kinds = _kinds(key, model)
    default = info.get_default(call_default_factory=True, validated_data={})
    default = next((own.default for own in kinds.values()), default)
    needing = [name for name, own in kinds.items() if own.required]
    shown = f"required of {', '.join(needing)}" if needing else _default(default)
    of = f"{', '.join(kinds)}: " if kinds else ""
    form = type_words(info.annotation, info.metadata)
    shown = shown.replace('"`', '%"`') if form == "share of rows" else shown
    return f"| `{key}` | {form} | {shown} | {of}{_escaped(words)} |"


def _kinds(key: str, model: type[Section]) -> Mapping[str, Any]:
    """The kinds of sources that alone take a key."""
    if not issubclass(model, SourceSection):
        return {}
    return {name: own for name, kind in model.kinds().items() for own in kind.keys if own.name == key}


def _section(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((section for inner in get_args(annotation) if (section := _section(inner))), None)


def type_words(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """What may stand behind a key."""
    for form, words in _FORMS:
        if form.__metadata__[-1] in metadata:
            return words
    parts = [part for part in get_args(annotation) if part is not type(None)]
    if hasattr(annotation, "__metadata__"):
        return type_words(parts[0], annotation.__metadata__)
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(_escaped(fields.shown(word)) for word in parts)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(type_words(part, metadata) for part in parts))
    if origin is tuple:
        inner = type_words(parts[0])
        return f"list of {inner}" if get_origin(parts[0]) is Literal else f"list of {inner}s"
    if origin is not None:
        return "table"
    return _TYPES[annotation]


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "required"
    return "" if value is None else f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    """A default as the file would have it."""
    if isinstance(value, timedelta):
        return threshold(value)
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{name} = {_in_table(name, inner)}" for name, inner in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, Severity):
        return f'"{value.word}"'
    if isinstance(value, Column):
        return str(value)
    if isinstance(value, Decimal | Path):
        return f'"{value}"'
    if isinstance(value, float):
        return f"{value:g}"
    return fields.shown(value)


def _in_table(name: str, value: Any) -> str:
    """In a table by currency amounts are minor units."""
    return f'"{Currencies().show(value, name).replace(",", "")}"' if isinstance(value, int) else _toml(value)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
