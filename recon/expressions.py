"""Regular expressions of the configuration, by RE2: none takes longer than the text is long, whatever it says."""

import re
from collections.abc import Hashable
from contextlib import suppress
from typing import Protocol, cast

import re2  # type: ignore[import-untyped]


class Expression(Hashable, Protocol):
    """What a pattern is asked; those of Python's own `re` are such, too."""

    @property
    def pattern(self) -> str:
        """As it is written."""

    @property
    def groups(self) -> int:
        """How many groups it has."""

    def search(self, string: str, /) -> "re.Match[str] | None":
        """Where it is first found."""

    def fullmatch(self, string: str, /) -> "re.Match[str] | None":
        """Whether it is the whole text."""


def compiled(pattern: str, *, ignore_case: bool = False) -> Expression:
    """The pattern; raises ValueError in words where RE2 cannot read it, as no look-around and no back-reference."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    try:
        return cast(Expression, re2.compile(pattern, options))
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        hint = ""
        with suppress(re.error):
            re.compile(pattern)
            hint = " (RE2 reads it: look-arounds, back-references, possessive repeats, \\Z and \\u are not known)"
        raise ValueError(f"{why}{hint}") from None
