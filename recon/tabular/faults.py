"""What is wrong with the rows of one table, in words that show no personal data."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from recon.privacy import mask, shown_cell

_SHOWN = 40  # characters of a name
_FEW = 10  # fewer rows than these are told one by one, whatever their share
_MOST_WORDS = 12  # of a status column, and reasons of a source, named one by one
_UNMAPPED = re.compile(r'status "(?P<word>[^"]*)" is not in \[(?P<place>[^\]]*)\]')
_DATA = re.compile(r"[\d.,:/ -]*\d[\d.,:/ -]*")  # what no column is called
_CELL_QUOTED = re.compile(r'(?<!column )(?<! = )"([^"]*)"(?! \(our )')
_QUOTED = re.compile(r'"[^"]*"')


def shown_names(header: Iterable[str]) -> list[str]:
    """Names of columns as a reason may show them; of a file without a header they are a row's cells."""
    names = [name for name in header if name]
    if any(_DATA.fullmatch(name) or mask(name, strict=True) != name for name in names):
        return [shown_cell(name) for name in names]
    return [" ".join(map(_printable, name[:_SHOWN].split())) for name in names]


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def quoted(reason: str, value: str, show: Callable[[str], str] = shown_cell) -> str:
    """A reason with the value that it quotes made fit to show."""
    return reason.replace(f'"{value}"', f'"{show(value)}"')


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


@dataclass(frozen=True, slots=True)
class RejectedShare:
    """How many rows of the source at `place` could not be read, of all that are neither ignored nor filtered.

    `most` percent of them may be so; `account` is the source's own, where it serves one.
    """

    place: str
    account: str | None
    rejected: int
    rows: int
    most: Decimal
    reasons: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether too much is not known of the source for its run to be complete."""
        return self.rejected >= _FEW and self.rejected * 100 > self.most * self.rows

    @property
    def words(self) -> str:
        """What was not read, and why, grouped."""
        percent = 100 * self.rejected // self.rows if self.rows else 0
        share = f"{self.place}: {self.rejected:,} of {self.rows:,} rows ({percent} %) cannot be read"
        return f"{share}, more than max_rejected ({self.most:f}%) allows: {'; '.join(self.reasons)}"


def grouped(reasons: Iterable[tuple[str | None, str]]) -> tuple[str, ...]:
    """Reasons of rows, each with its column, told once for all rows that have the same; the most frequent first."""
    words: dict[tuple[str, str], Counter[str]] = {}
    alike: dict[tuple[str, str], tuple[int, str]] = {}
    for column, reason in reasons:
        name = column or ""
        unmapped = _UNMAPPED.search(reason)
        if unmapped:
            words.setdefault((name, unmapped["place"]), Counter())[unmapped["word"]] += 1
            continue
        key = (name, _QUOTED.sub("", reason))
        count, first = alike.get(key, (0, reason))
        alike[key] = count + 1, first
    statuses = [
        (sum(counter.values()), f"{name}: {_counted(counter)}: map them in [{place}]")
        for (name, place), counter in words.items()
    ]
    singles = [
        (count, f"{f'{name}: ' if name else ''}{f'{count:,} rows such as: ' if count > 1 else ''}{first}")
        for (name, _), (count, first) in alike.items()
    ]
    sentences = [sentence for _, sentence in sorted((*statuses, *singles), key=lambda group: -group[0])]
    more = len(sentences) - _MOST_WORDS
    return (*sentences[:_MOST_WORDS], *([f"and {more} more reasons"] if more > 0 else []))


def _counted(counter: Counter[str]) -> str:
    shown_words = [f"{word} {count:,}" for word, count in list(counter.items())[:_MOST_WORDS]]
    more = len(counter) - _MOST_WORDS
    return ", ".join((*shown_words, *([f"and {more} more words"] if more > 0 else [])))


def masked_reason(reason: str) -> str:
    """A reason as it would be told today: the cells that it quotes made fit to show, names of columns as they are."""
    return _CELL_QUOTED.sub(lambda match: f'"{shown_cell(match[1])}"', reason)
