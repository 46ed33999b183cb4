"""The formats that a column of dates may be written in, where more than one reading is possible."""

from collections.abc import Sequence
from itertools import product
from zoneinfo import ZoneInfo

from recon.columnar import pa
from recon.tabular.date_forms import DateForms, Era
from recon.tabular.moments import moments

_DAYS = ("%d{}%m{}%Y", "%m{}%d{}%Y", "%d{}%m{}%y", "%m{}%d{}%y", "%y{}%m{}%d")
_BETWEEN = ("/", "-", ".", " ")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S", "T%H:%M:%S")
_ERAS: tuple[Era | None, ...] = (None, "buddhist")

Formats = tuple[tuple[str, ...], Era | None]


def possible_formats(texts: Sequence[str]) -> list[Formats]:
    """Formats, and the era of their years, that read as many of the texts as any do; nothing where none does."""
    distinct = sorted({text for text in texts if text})
    different = pa.array(distinct, pa.string())
    found = [between for between in _BETWEEN if any(text.count(between) > 1 for text in distinct)]
    reads: dict[Formats, int] = {}
    for day, between, era in product(_DAYS, found, _ERAS):
        needed = []
        rest = different
        for clock in _CLOCKS:
            name = day.format(between, between) + clock
            refused = moments(rest, ZoneInfo("UTC"), DateForms((name,), era))[1]
            if len(refused) < len(rest):
                needed.append(name)
                rest = rest.take(pa.array(sorted(refused), pa.int64()))
        if needed:
            reads[tuple(needed), era] = len(different) - len(rest)
    most = max(reads.values(), default=0)
    best = [formats for formats, count in reads.items() if count == most]
    # A year of four digits says its era itself; of two digits nobody knows.
    return [(names, era) for names, era in best if era is None or (names, None) not in best or "%y" in names[0]]
