"""Lists for a terminal: one line a row, ids whole, as many fields as its width holds."""

import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

PIPED = 200  # columns of what no terminal shows
COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "FAILED": "bold red", "warning": "yellow"}
_LEAST = 20  # columns of a cut text that still says something
_READABLE = 100  # columns of a text in sentences


class PipedConsole(Console):
    """Leaves a reader that hangs up to `told`: rich would end with 1, which means breaks."""

    def on_broken_pipe(self) -> None:
        """Raised by what is written next, or at the end."""
        raise BrokenPipeError


@dataclass(frozen=True)
class Field:
    """One column: its head and a cell a row. The lower `rank`, the longer it stays; `cut`: it takes what is left."""

    head: str
    cells: Sequence[object]
    rank: int
    cut: bool = False
    right: bool = False

    @cached_property
    def words(self) -> list[str]:
        """The cells as they are shown."""
        return [plain(cell) for cell in self.cells]

    @cached_property
    def width(self) -> int:
        """How many columns its longest cell takes."""
        return max(map(cell_len, (self.head, *self.words)))


def plain(value: object) -> str:
    """A cell as it is shown; a number with its thousands."""
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _console(to_stderr: bool) -> Console:
    stream = sys.stderr if to_stderr else sys.stdout
    return PipedConsole(file=stream, width=None if stream.isatty() else PIPED, soft_wrap=True, highlight=False)


def lines(heads: Sequence[str], rows: Iterable[Sequence[object]], *, cut: str = "", to_stderr: bool = False) -> None:
    """Rows as a listing whose columns on the right go first; `cut` names the last one where it is a long text."""
    columns = list(zip(*rows, strict=True)) or [()] * len(heads)
    fields = (
        Field(head, cells, rank, head == cut, bool(cells) and all(isinstance(cell, int | None) for cell in cells))
        for rank, (head, cells) in enumerate(zip(heads, columns, strict=True))
    )
    listing(tuple(fields), to_stderr=to_stderr)


def paragraphs(blocks: Iterable[tuple[Sequence[str], Sequence[str]]]) -> None:
    """Texts under the words of their head, no wider than people read."""
    console = _console(to_stderr=False)
    for head, texts in blocks:
        console.print(Text("  ").join(Text(word, COLOURS.get(word, "bold" * (word == head[0]))) for word in head))
        width = min(console.width, _READABLE)
        for text in texts:
            console.print(Text(textwrap.fill(text, width, initial_indent="  ", subsequent_indent="    ")))


def listing(fields: Sequence[Field], *, to_stderr: bool = False) -> None:
    """Print the fields, in their order, that the terminal's width holds; where no terminal is, 200 columns."""
    console = _console(to_stderr)
    widths = _widths(fields, console.width)
    shown = [field for field in fields if field.head in widths]
    heads = [Text(_fitted(field.head, field, widths[field.head]), "bold") for field in shown]
    rows = zip(*(field.words for field in shown), strict=True)
    for line in (heads, *(_cells(row, shown, widths) for row in rows)):
        joined = Text(" ").join(line)
        joined.rstrip()
        console.print(joined)


def _widths(fields: Sequence[Field], width: int) -> dict[str, int]:
    """By their heads the fields that fit, the lowest ranks first, each with its width."""
    chosen: dict[str, int] = {}
    left = width
    for field in sorted(fields, key=lambda field: field.rank):
        gap = bool(chosen)
        room = left - gap
        taken = min(field.width, room) if field.cut and room >= _LEAST else field.width
        if taken <= room or not chosen:
            chosen[field.head] = taken
            left -= taken + gap
    return chosen


def _cells(row: Sequence[str], shown: Sequence[Field], widths: dict[str, int]) -> list[Text]:
    return [
        Text(_fitted(cell, field, widths[field.head]), COLOURS.get(cell, ""))
        for cell, field in zip(row, shown, strict=True)
    ]


def _fitted(cell: str, field: Field, width: int) -> str:
    if cell_len(cell) > width:
        return set_cell_size(cell, width - 1) + "…"
    return " " * (width - cell_len(cell)) + cell if field.right else set_cell_size(cell, width)
