"""Reads a bank source: every file, each line once, statements proved by their balances."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from glob import has_magic
from pathlib import Path
from typing import Any, NamedTuple

from recon import columns as c
from recon.bank.accounts import NONE_OF_IT, of_one_account
from recon.bank.balances import gaps, out_of_balance
from recon.bank.rows import parsed, texts_of
from recon.bank.source import (
    BankKind,
    BankSource,
    Line,
    LoadedBank,
    Parsed,
    Rejected,
    Statement,
    TableKind,
    Unread,
)
from recon.bank.texts import content_of, kept, masked, pattern_of, searchable, tidy
from recon.bounds import LARGEST_STATEMENT
from recon.expressions import Expression
from recon.model import InputFile
from recon.model.transfer_names import named_in
from recon.money import Currencies
from recon.privacy import mask
from recon.tabular.faults import RejectedShare, grouped
from recon.tabular.files import SourceFile, matching_files, opened
from recon.tabular.headers import Headers
from recon.tabular.kinds import kinds_in
from recon.tabular.table import SourceMissing, SourceUnreadable

# What a format's own library makes of a file that nobody foresaw.
_UNFORESEEN = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass
class _Reading:
    """What was read so far; a line's identity is its content and its place among equal lines of its file."""

    lines: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    rejected: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    unread: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    inputs: list[InputFile] = field(default_factory=list)
    statements: list[tuple[str, Statement]] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    rows: int = 0
    rejected_rows: int = 0
    ignored: int = 0
    encodings: list[str] = field(default_factory=list)


class _ParsedFile(NamedTuple):
    """What one file holds, its bytes aside."""

    name: str
    sha256: str
    statements: tuple[Statement, ...]
    rejected: tuple[Rejected, ...]


def read(source: BankSource, *, currencies: Currencies) -> LoadedBank:
    """All that a bank source's files hold, in natural order of their names; no file is opened twice.

    The same line in overlapping statements is one line; equal lines in one file are as many as there are. A statement
    whose opening balance and lines do not come to its closing balance is rejected whole. A file that cannot be read
    is named in `unreadable`, as is a pattern that none matches, and the others are read. Raises SourceMissing where a
    path without wild cards is missing, or a column that is configured and that no file has.
    """
    reading = _Reading()
    direction = source.layout.direction
    headers = Headers(source.layout, source.layout.columns, [direction.column] if direction else [])
    hashes: dict[str, str] = {}
    parsed_files: list[_ParsedFile] = []
    files = _files(source)
    if not files:
        path = Path(source.path)
        words = f"no file matches {path.parent.name}/{path.name} yet: put it there, or correct the path"
        _keep_unreadable(source, path.name, words, reading)
    for name, path in files.items():
        with _failing_alone(source, name, reading):
            file = _statement_file(name, path)
            first = hashes.setdefault(file.sha256, name)
            if first == name:
                statements, rejected = _parsed(file, source, currencies, headers, reading)
                parsed_files.append(_ParsedFile(name, file.sha256, statements, rejected))
            else:
                reading.repeated.append(f"{source.place}: {name} is the same file as {first}, and was read once")
                headers.repeat(name, first)
    headers.refuse_missing()
    if parsed_files and not any(file.statements or file.rejected for file in parsed_files):
        _keep_unreadable(source, Path(source.path).name, NONE_OF_IT, reading)
    lacking = headers.lacking([file.name for file in parsed_files])
    for parsed_file in parsed_files:
        names = [str(source.layout.column(ours)) for ours in lacking.get(parsed_file.name, ())]
        with _failing_alone(source, parsed_file.name, reading):
            _take_in(parsed_file, source, currencies, names, reading)
    return LoadedBank(
        c.BANK_LINE.from_rows(reading.lines.values()),
        c.REJECTED.from_rows(reading.rejected.values()),
        c.UNREAD.from_rows(reading.unread.values()),
        tuple(reading.inputs),
        sum(statement.closing is not None for _, statement in reading.statements),
        RejectedShare(
            source.place,
            source.account,
            rejected=reading.rejected_rows,
            rows=reading.rows,
            most=source.max_rejected,
            reasons=grouped((values[4], values[5]) for values in reading.rejected.values()),
        ),
        tuple(reading.unreadable),
        tuple(reading.lacking),
        tuple(reading.repeated),
        tuple(gaps(source, reading.statements, currencies)),
        reading.ignored,
        tuple(dict.fromkeys(reading.encodings)),
        headers.look,
        len({statement.bank_account for _, statement in reading.statements} - {""}),
    )


def texts(source: BankSource, field: str, *, currencies: Currencies) -> list[str]:
    """A field's texts in the rows of all tables, as they stand: for who configures the source, never to be kept.

    Nothing where its format has no tables. Raises as `read` does, and SourceUnreadable.
    """
    kind = _kind_of(source)
    if not isinstance(kind, TableKind):
        return []
    tables = (kind.table(_statement_file(name, path), source) for name, path in _files(source).items())
    return [text for table in tables for text in texts_of(table, source, currencies, field)]


def _kind_of(source: BankSource) -> BankKind:
    kind: BankKind = kinds_in("recon.bank")[source.kind]
    return kind


def _files(source: BankSource) -> Mapping[str, Path]:
    files = matching_files(source.path)
    if not files and not has_magic(source.path):
        raise SourceMissing(f"[{source.place}] there is no file {source.path}: put it there, or correct the path")
    return files


def _statement_file(name: str, path: Path) -> SourceFile:
    return opened(name, path, LARGEST_STATEMENT, ", which no statement is: split the export by date")


@contextmanager
def _failing_alone(source: BankSource, name: str, reading: _Reading) -> Iterator[None]:
    """A file that cannot be read in the block is named with its reason."""
    try:
        yield
    except SourceUnreadable as error:
        _keep_unreadable(source, name, str(error), reading)
    except _UNFORESEEN as error:
        _keep_unreadable(source, name, f"{name} cannot be read ({type(error).__name__}): get it again", reading)


def _kept_aside(file: str, lacking: Sequence[str], lines: Sequence[Line]) -> list[Rejected]:
    """Lines of a file that has not the columns of the others: what they mean cannot be guessed."""
    names = ", ".join(lacking)
    reason = f"{file} has no column {names}, which other files of the source have"
    return [
        Rejected(
            line.row,
            reason,
            content_of(line),
            lacking[0].strip('"'),
            Unread(line.booked_on, line.booked_on, names=named_in(line.description, line.reference)),
        )
        for line in lines
    ]


def _parsed(
    file: SourceFile, source: BankSource, currencies: Currencies, headers: Headers, reading: _Reading
) -> Parsed:
    """A file's statements of the source's account; a table's columns are added to those of the others."""
    kind = _kind_of(source)
    if not isinstance(kind, TableKind):
        chosen, others = of_one_account(file.name, source, kind.read(file, source, currencies))
        reading.ignored += others
        return chosen
    table = kind.table(file, source)
    headers.add(table)
    return parsed(table, source, currencies)


def _take_in(
    file: _ParsedFile, source: BankSource, currencies: Currencies, lacking: Sequence[str], reading: _Reading
) -> None:
    """What a file holds; all lines of one that lacks columns stand aside."""
    statements = file.statements
    rejected = file.rejected
    reading.ignored += sum(statement.ignored for statement in statements)
    reading.encodings += [statement.encoding for statement in statements if statement.encoding]
    twins: Counter[str] = Counter()
    payout = pattern_of(source.payout_pattern)
    lines = [line for statement in statements for line in statement.lines] if lacking else []
    if lines:
        rejected = (*rejected, *_kept_aside(file.name, lacking, lines))
        reading.lacking.append(f"{source.place}: {rejected[-1].reason}: its {len(lines):,} line(s) are kept aside")
        statements = ()
    rows = len(rejected)
    for statement in dict.fromkeys(statements):  # one that stands in the file twice is one
        rows += len(statement.lines)
        if statement.opening and statement.closing and statement.difference:
            rejected = (*rejected, out_of_balance(statement, statement.opening, statement.closing, currencies))
            continue
        reading.statements.append((file.name, statement))
        for line in statement.lines:
            content = _digest(source, (statement.bank_account, *content_of(line)))
            twins[content] += 1
            line_id = _digest(source, (content, str(twins[content])))
            values = _stored_values(line, line_id, source, payout)
            reading.lines.setdefault(line_id, (*values, file.name, file.sha256, line.row))
    reading.rejected_rows += sum(row.rows for row in rejected)
    reading.rows += sum(row.rows for row in rejected) + sum(twins.values())
    for row in rejected:
        digest = _digest(source, [masked(tidy(text)) for text in row.content] or [row.reason])
        values = (source.account, source.place, file.name, row.row, row.column, row.reason, digest)
        reading.rejected.setdefault(digest, values)
        if _may_hold_a_payout(row.unread, payout):
            reading.unread.setdefault(digest, _unread_values(source, file.name, digest, row.unread))
    reading.inputs.append(InputFile(source.place, file.name, file.sha256, rows))


def _keep_unreadable(source: BankSource, name: str, why: str, reading: _Reading) -> None:
    """A file that is not read at all may hold whatever a statement holds."""
    digest = _digest(source, ["a file", name])
    reading.unreadable.append(f"{source.place}: {why}")
    reading.unread[digest] = _unread_values(source, name, digest, Unread())


def _may_hold_a_payout(unread: Unread, payout: Expression) -> bool:
    """Whether it may be a credit of Omise's: neither its texts, where they are whole, nor its amount say another."""
    is_other = unread.texts is not None and not payout.search(searchable(unread.texts))
    return not is_other and (unread.amount is None or unread.amount > 0)


def _unread_values(source: BankSource, name: str, digest: str, unread: Unread) -> tuple[Any, ...]:
    """In UNREAD's order."""
    names = " ".join(sorted(unread.names)) or None
    days = (unread.first, unread.last)
    return (source.account, source.place, name, digest, *days, unread.amount, unread.currency or None, names)


def _stored_values(line: Line, line_id: str, source: BankSource, payout: Expression) -> tuple[Any, ...]:
    """A line in BANK_LINE's order, up to the file; only a payout's texts are kept."""
    is_payout = any(payout.search(searchable(text)) for text in (line.description, line.reference))
    reference = masked(line.reference) if "@" in line.reference else mask(line.reference)
    texts = (kept(line.description), reference or None) if is_payout else (None, None)
    return (
        source.account,
        line_id,
        source.name,
        line.booked_on,
        line.value_on,
        line.amount,
        line.currency,
        *texts,
        is_payout,
    )


def _digest(source: BankSource, content: Sequence[str]) -> str:
    return hashlib.sha256("\x1f".join((source.name, *content)).encode()).hexdigest()[:32]
