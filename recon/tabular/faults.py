"""What is wrong with the rows of one table, in words that show no personal data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from recon.privacy import redact

_SHOWN = 40  # characters of a value


def shown(value: str) -> str:
    """A value as a reason may show it: redacted, printable, cut."""
    text = "".join(letter if letter.isprintable() else "\ufffd" for letter in redact(value))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def quoted(reason: str, value: str) -> str:
    """A reason with the value that it quotes made fit to show."""
    return reason.replace(f'"{value}"', f'"{shown(value)}"')


@dataclass
class RowFaults:
    """By row position, every fault found: the file's column and the reason."""

    by_row: dict[int, list[tuple[str, str]]] = field(default_factory=dict)

    def add(self, at: Iterable[int], column: str, reason: str) -> None:
        """The same fault of several rows."""
        for position in at:
            self.by_row.setdefault(position, []).append((column, reason))

    def add_each(self, reasons: Mapping[int, str], column: str) -> None:
        """One fault for each row."""
        for position, reason in reasons.items():
            self.add((position,), column, reason)

    def row(self, at: int) -> tuple[str, str]:
        """The first fault's column, and all reasons of a row."""
        faults = self.by_row[at]
        return faults[0][0], "; ".join(reason for _, reason in faults)
