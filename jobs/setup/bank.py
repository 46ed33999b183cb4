"""Bank sources of a new configuration: a sample statement to a section that reads it."""

from collections.abc import Mapping, Sequence
from typing import Any

from jobs.run.outcome import JobError
from jobs.setup.draft import ROWS, Draft, failing_as_job, settle_writing
from jobs.setup.files import (
    HeaderRow,
    SampleFile,
    columns_of,
    file_settings,
    first_file,
    header_of,
    path_for,
    recognised,
    sample_of,
    sampled,
)
from jobs.setup.mapping import mapped_columns
from jobs.setup.questions import Questions
from jobs.setup.reading import loaded_bank_items
from recon import columns as c
from recon.bank.load import read, texts
from recon.bank.source import BankSource, LoadedBank
from recon.money import Currencies
from recon.tabular.files import SourceFile
from recon.tabular.layout import folded

ROOM = "recon.bank"
_START = 4_096  # bytes in which a format shows itself
_DIRECTIONS = {"debit": ["D", "DR", "Debit", "DBIT"], "credit": ["C", "CR", "Credit", "CRDT"]}
_PATTERN = "OMISE"


def add_bank(draft: Draft, given: str) -> None:
    """The source of `ACCOUNT=FILE`; raises JobError."""
    account, equals, pattern = given.partition("=")
    names = [new.name for new in draft.accounts]
    if not equals or account not in names:
        raise JobError(f'--bank "{given}" is not ACCOUNT=FILE; there is account {", ".join(names)}')
    name = draft.name_for("bank", account)
    place = f"bank.{name}"
    path = first_file(pattern, "--bank")
    file = sample_of(path)
    section: dict[str, Any] = {"account": account}
    title = f"From {file.name}"
    kind = _format_of(file)
    if kind:
        section["kind"] = kind
    else:
        title = _table_section(draft, place, sampled(file, place, draft.questions), section) or title
    section["path"] = path_for(path, draft.folder, draft.samples, place, draft.questions)
    _finish(draft, name, section, title)


def _format_of(file: SourceFile) -> str:
    """The format of statements that are no tables; empty for a table."""
    start = file.content[:_START]
    if b"xsd:camt.05" in start:  # what else the bank sends is told apart where it is read
        return "camt053"
    if b"OFXHEADER" in start or b"<OFX>" in start.upper():
        return "ofx"
    if start.lstrip().startswith((b":20:", b"{1:")) or b"\n:20:" in start:
        return "mt940"
    return ""


def _table_section(draft: Draft, place: str, sample_file: SampleFile, section: dict[str, Any]) -> str:
    """What a table's section says; of a preset its title."""
    questions = draft.questions
    if sample_file.encoding:
        section["encoding"] = sample_file.encoding
    recognition = recognised(ROOM, sample_file, place, questions)
    if recognition:
        preset, sample = recognition
        section["preset"] = preset.name
        if not sample.delimiter and preset.settings["kind"] != "excel":
            section["kind"] = "excel"
        return f"{preset.title}; {preset.certainty}"
    header = header_of(ROOM, sample_file, place, questions)
    section |= file_settings(header, sample_file)
    currency = next(account.currency for account in draft.accounts if account.name == section["account"])
    chosen = mapped_columns(ROOM, columns_of(header, currency), place, questions)
    _settle_amounts(place, chosen, section, header, questions)
    section["columns"] = chosen
    return ""


def _settle_amounts(
    place: str, chosen: dict[str, Any], section: dict[str, Any], header: HeaderRow, questions: Questions
) -> None:
    """Two columns, one with its direction beside it, or one with a sign."""
    two = "debit" in chosen and "credit" in chosen
    if not two and "amount" not in chosen:
        raise JobError(
            f"{place}: no column of amounts is known: --set {place}.columns.amount=COLUMN, or debit and credit"
        )
    unused = ("amount", "direction") if two else ("debit", "credit")
    for field in unused:
        chosen.pop(field, None)
    direction = chosen.pop("direction", None)
    if direction:
        section["direction"] = {"column": direction, **_directions(place, direction, header, questions)}


def _directions(place: str, column: str, header: HeaderRow, questions: Questions) -> Mapping[str, Sequence[str]]:
    """The words for what went out and what came in: the usual ones, else a person says which of two came in."""
    at = header.names.index(column)
    words = sorted({row[at] for row in header.rows if at < len(row) and row[at]})
    usual = {folded(word) for of_side in _DIRECTIONS.values() for word in of_side}
    if len(words) != 2 or {folded(word) for word in words} <= usual:
        return _DIRECTIONS
    question = f'Which word of "{column}" is of money that came in?'
    credit = questions.choice(f"{place}.direction.credit", question, words)
    return {"debit": [word for word in words if word != credit], "credit": [credit]}


def _finish(draft: Draft, name: str, section: dict[str, Any], title: str) -> None:
    place = f"bank.{name}"
    reader = _Reader(draft, name)
    with failing_as_job():
        settle_writing(place, section, reader, "date", draft.questions)
        loaded = reader.loaded(section)
        pattern = _payout_pattern(draft.questions, place, loaded)
        if pattern != _PATTERN:
            section["payout_pattern"] = pattern
            loaded = reader.loaded(section)
    items = loaded_bank_items(reader.source(section), loaded, Currencies(), ROWS)
    draft.confirm("bank", name, section, title, list(items), loaded.share)


def _payout_pattern(questions: Questions, place: str, loaded: LoadedBank) -> str:
    """What the bank writes for Omise: its usual name, or what a person says where no line has that."""
    key = f"{place}.payout_pattern"
    if key not in questions.given and (loaded.lines.empty or loaded.lines[c.PAYOUT].any()):
        return _PATTERN
    words = f'No line of {place} has "{_PATTERN}". What does the bank write for a payout of Omise\'s?'
    return questions.text(key, words, _PATTERN, is_sure=True)


class _Reader:
    """Reads a source as a section would have it."""

    def __init__(self, draft: Draft, name: str) -> None:
        self._draft = draft
        self._name = name

    def source(self, section: Mapping[str, Any]) -> BankSource:
        """As the configuration would have it."""
        return self._opened(section)[0]

    def rejections(self, section: Mapping[str, Any]) -> Sequence[str]:
        """Why rows are not read, part by part."""
        return [part for reason in self.loaded(section).rejected[c.REASON] for part in reason.split("; ")]

    def loaded(self, section: Mapping[str, Any]) -> LoadedBank:
        """All that the source holds."""
        source, currencies = self._opened(section)
        return read(source, currencies=currencies)

    def texts(self, section: Mapping[str, Any], field: str) -> list[str]:
        """A field's texts in the rows."""
        source, currencies = self._opened(section)
        return texts(source, field, currencies=currencies)

    def _opened(self, section: Mapping[str, Any]) -> tuple[BankSource, Currencies]:
        config = self._draft.config("bank", self._name, section)
        [source] = config.bank_sources()
        return source, config.currencies()
