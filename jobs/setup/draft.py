"""A configuration in the making: what is known so far, tried before it is written."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from jobs.config.config import Config, ConfigError, config_of
from jobs.run.outcome import JobError
from jobs.setup.accounts import NewAccount
from jobs.setup.questions import Questions
from jobs.setup.reading import Item
from recon import columns as c
from recon.tabular.faults import RejectedShare
from recon.tabular.recognition.date_guess import possible_formats
from recon.tabular.table import SourceMissing, SourceUnreadable

ROWS = 10  # that are shown of a source
_AMOUNTS = (c.AMOUNT, "debit", "credit")
_CENTS = re.compile(r"([.,])[0-9]{1,2}$")
_THAI_YEARS = {"era": "buddhist"}
_WITHOUT_COLUMNS = ("mt940", "camt053", "ofx")
_PLACEHOLDER = {"kind": "csv", "path": "orders.csv"}  # a configuration has an order source


@dataclass
class Draft:
    """`document` is the configuration as far as it is decided, `comments` a line or two on its sections."""

    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    accounts: Sequence[NewAccount]
    questions: Questions
    show: Callable[[Sequence[Item]], None]
    now: datetime
    document: dict[str, Any]
    comments: dict[str, str] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    samples: Collection[Path] = ()  # all files that were given

    def config(self, room: str, name: str, section: Mapping[str, Any]) -> Config:
        """The configuration with one source, "orders" or "bank", as it would be; raises ConfigError."""
        sources = {"orders": {"placeholder": _PLACEHOLDER}} | {room: {name: section}}
        decided = {key: value for key, value in self.document.items() if key not in ("orders", "bank")}
        return config_of(decided | sources, self.folder, self.environ, needs=())

    def name_for(self, room: str, name: str) -> str:
        """A section's name that no other source of the room has."""
        taken = self.document.get(room, {})
        candidates = (name, *(f"{name}{number}" for number in range(2, len(taken) + 3)))
        return next(candidate for candidate in candidates if candidate not in taken)

    def confirm(
        self,
        room: str,
        name: str,
        section: Mapping[str, Any],
        title: str,
        items: Sequence[Item],
        share: RejectedShare,
    ) -> None:
        """Shows how a source is read and keeps it where a person agrees; raises JobError where nobody does.

        Where nobody can be asked a source of which nothing is read is refused.
        """
        place = f"{room}.{name}"
        self.show(items)
        has_columns = section.get("kind") not in _WITHOUT_COLUMNS
        answers = (f"--set {place}.preset=NAME (or none), --set {place}.columns.FIELD=COLUMN",) * has_columns
        if self.questions.ask is None and 0 < share.rows == share.rejected:
            raise JobError(f"{place}: no row can be read: {'; '.join((*share.reasons, *answers))}")
        if not self.questions.agrees(f"Is {place} read right?"):
            raise JobError(f"nothing is written: start again{''.join(f', with {answer}' for answer in answers)}")
        self.document.setdefault(room, {})[name] = section
        self.comments[place] = title
        self.items += items


@contextmanager
def failing_as_job() -> Iterator[None]:
    """What is wrong with a section, or with what it reads, in the block is a JobError."""
    try:
        yield
    except ConfigError as error:
        raise JobError(*error.messages) from None
    except (SourceMissing, SourceUnreadable) as error:
        raise JobError(str(error)) from None


class Reader(Protocol):
    """Reads one source as a section of the configuration would have it."""

    def rejections(self, section: Mapping[str, Any]) -> Sequence[str]:
        """All that is wrong with rows."""

    def texts(self, section: Mapping[str, Any], field: str) -> Sequence[str]:
        """A field's texts in the rows that count."""


def settle_writing(
    place: str, section: dict[str, Any], reader: Reader, date_field: str, questions: Questions
) -> None:
    """Adds how dates and amounts are written where rows are refused for that; asks where it is not plain."""
    reasons = reader.rejections(section)
    if any("date" in reason or "year of" in reason or "time " in reason for reason in reasons):
        formats = possible_formats(reader.texts(section, date_field))
        options = [{"date_format": list(texts)} | ({"era": era} if era else {}) for texts, era in formats]
        best = _best(section, [_THAI_YEARS, *options], reader, len(reasons))
        best = [_THAI_YEARS] if _THAI_YEARS in best else best  # dates that begin with the year leave nothing open
        _settle(f"{place}.date_format", "its dates", section, best, questions, is_sure=len(best) == 1)
        reasons = reader.rejections(section) if best else reasons
    if any("decimal" in reason for reason in reasons):
        best = _best(section, [{"decimal": "."}, {"decimal": ","}], reader, len(reasons))
        amounts = [text for field in _AMOUNTS for text in reader.texts(section, field)]
        ends = {match[1] for text in amounts if (match := _CENTS.search(text))}
        is_sure = [option["decimal"] for option in best] == list(ends)
        _settle(f"{place}.decimal", "its amounts", section, best, questions, is_sure=is_sure)


def _best(
    section: Mapping[str, Any], options: Sequence[dict[str, Any]], reader: Reader, before: int
) -> list[dict[str, Any]]:
    """The options with the fewest faults; nothing where none has fewer than before."""
    counted = [(len(reader.rejections({**section, **option})), option) for option in options]
    least = min((count for count, _ in counted), default=before)
    return [option for count, option in counted if count == least < before]


def _settle(
    key: str,
    what: str,
    section: dict[str, Any],
    options: Sequence[dict[str, Any]],
    questions: Questions,
    *,
    is_sure: bool,
) -> None:
    if not options:
        return
    labels = {_label(option): option for option in options}
    hint = " (%d is the day, %m the month)" if "date_format" in options[0] else ""
    words = f"{key.rpartition('.')[0]}: how {what} are written is not plain{hint}. Read them as:"
    section |= labels[questions.choice(key, words, list(labels), next(iter(labels)), is_sure=is_sure)]


def _label(option: Mapping[str, Any]) -> str:
    formats = option.get("date_format")
    words = " or ".join(formats) if formats else str(option.get("decimal", "as they are"))
    return f"{words} ({option['era']} years)" if option.get("era") else words
