"""The layouts of a journal, as their table has them."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

ISO = "%Y-%m-%d"


@dataclass(frozen=True)
class Layout:
    """One way to lay a journal out; layouts.toml says what each key means."""

    name: str
    title: str
    columns: tuple[tuple[str, str], ...] = ()
    pairing: str = "lines"
    header: bool = True
    suffix: str = ".csv"
    encoding: str = "utf-8"
    date: str = ISO
    books_date: bool = False
    lines: int | None = None
    one_currency: bool = False
    currencies: tuple[str, ...] = ()
    needs_tax: bool = False
    tax_default: str = ""
    code_bytes: int | None = None
    code_pattern: str = ""
    flags: tuple[str, ...] = ()
    escape: tuple[str, ...] = ()
    entry: str = ""
    row: str = ""
    close: str = ""
    balance: str = ""

    def refuses(self, code: str) -> str:
        """Why an account's code is none for these books, in words; or nothing."""
        if self.code_bytes is not None and len(code.encode(self.encoding, "replace")) > self.code_bytes:
            return f"is longer than the {self.code_bytes} bytes that {self.title} keeps"
        if self.code_pattern and not re.fullmatch(self.code_pattern, code):
            return f"is no account of {self.title}, such as Assets:Omise"
        return ""


@cache
def layouts() -> Mapping[str, Layout]:
    """Every layout by its name, in the table's order."""
    text = resources.files("reports.journal").joinpath("layouts.toml").read_text(encoding="utf-8")
    return {
        name: Layout(name=name, **{key: _frozen(value) for key, value in table.items()})
        for name, table in tomllib.loads(text).items()
    }


def _frozen(value: Any) -> Any:
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    return tuple(_frozen(part) for part in value) if is_list else value
