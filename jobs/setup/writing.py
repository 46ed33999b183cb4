"""A new configuration as text: short, with a line on what each part is, and no secret."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobs.run.outcome import JobError

_HEAD = """\
# Written by `recon init`. Relative paths count from this file; secrets stay in the environment.
# `recon check` proves it, `recon run` is the job. Every other key: docs/configuration.md.
"""


def as_toml(document: Mapping[str, Any], comments: Mapping[str, str]) -> str:
    """A configuration of sections; `comments` are lines by the section's path, such as "orders.shop"."""
    parts = [_HEAD]
    for name, section in document.items():
        tables = {name: section}
        if name in ("accounts", "orders", "bank"):
            tables = {f"{name}.{inner}": table for inner, table in section.items()}
        for path, table in tables.items():
            parts.append(_table(path, table, comments.get(path, "")))
    return "\n".join(parts)


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet; raises JobError where it is."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise JobError(exists_already(path)) from None
    except OSError as error:
        raise JobError(f"{path} cannot be written: {error.strerror}") from None


def exists_already(path: Path) -> str:
    """Why nothing is written."""
    return f"{path} is there already and stays as it is: give --out another name, or move it away"


def _table(path: str, table: Mapping[str, Any], comment: str) -> str:
    """A section: its plain keys, then its tables."""
    lines = [*(f"# {line}" for line in comment.splitlines()), f"[{path}]"]
    own = {key: value for key, value in table.items() if not isinstance(value, dict) or _is_short(value)}
    lines += [f"{_key(key)} = {_value(value)}" for key, value in own.items()]
    for key, value in table.items():
        if key not in own:
            lines += [f"[{path}.{_key(key)}]", *(f"{_key(name)} = {_value(inner)}" for name, inner in value.items())]
    return "\n".join(lines) + "\n"


def _is_short(value: Mapping[str, Any]) -> bool:
    return list(value) in (["env"], ["file"])


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_value(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
