"""Holds a workbook against the store: is it as a run wrote it, did its data change, who signed."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from jobs.config.config import Config
from jobs.run.outcome import JobError
from jobs.run.rejudging import Change, judged_again
from jobs.run.run import ready_store
from jobs.run.unsigning import words_of
from recon import __version__
from recon import columns as c
from recon.money import Currencies
from recon.store.desk import workbooks
from recon.store.desk.workbook_bytes import content_of, sha256_of
from recon.store.desk.workbooks import NotSigned, SignOff, StoredWorkbook
from recon.store.engine import Store
from recon.store.runs import record
from recon.store.runs.record import StoredRun
from reports.documents import Document, fields, records
from reports.verify.compare import Edit, edits, identity_of

UNTOUCHED, EDITED, NOT_OURS = "untouched", "edited", "not ours"
CURRENT, OUTDATED, UNKNOWN = "current", "outdated", "unknown"
FEW = 50  # edited cells that are named
_MOST = 100_000  # and counted


@dataclass(frozen=True)
class Verified:
    """What is known of a file. `edits` are the first of `edited` cells (null: no copy was kept to compare with)."""

    path: Path
    sha256: str
    verdict: str
    workbook: StoredWorkbook | None = None
    edits: tuple[Edit, ...] = ()
    edited: int | None = 0
    data: str = UNKNOWN
    changes: tuple[Change, ...] = ()
    ruled: int = 0
    causes: tuple[str, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()
    run: StoredRun | None = field(default=None, repr=False)

    @property
    def good(self) -> bool:
        """Whether it is untouched, and its data are what they were."""
        return self.verdict == UNTOUCHED and self.data == CURRENT


def verify(config: Config, path: Path, content: bytes | None = None) -> Verified:
    """Hold a file against the store, by its bytes where they are at hand; raises JobError where it cannot be read."""
    content = _read(path) if content is None else content
    with ready_store(config) as store:
        found = _known(store, path, content)
        return found if found.workbook is None else _with_data(config, store, found, found.workbook)


def sign(
    config: Config, path: Path, role: str, who: str, clock: Callable[[], datetime], content: bytes | None = None
) -> SignOff:
    """Sign an untouched, current workbook of a complete run; raises JobError, in words, where that cannot be."""
    who = " ".join(who.split())
    if not who:
        raise JobError("--by: say who signs")
    content = _read(path) if content is None else content
    with ready_store(config) as store:
        found = _known(store, path, content)
        book = found.workbook
        if book is None or found.verdict != UNTOUCHED:
            raise JobError(f"{path}: is {found.verdict}, so it cannot be signed: recon verify says more")
        found = _with_data(config, store, found, book)
        if found.run is None:
            raise JobError(f"{path}: was written by no recorded run: recon run writes a workbook that can be signed")
        if found.run.record.status != "complete":
            raise JobError(f"{path}: its run {found.run.run_id} was not complete: run the range again")
        if found.data != CURRENT:
            raise JobError(f"{path}: its data changed since: run the range again and sign that workbook")
        wanted = SignOff(
            0, book.account, book.first_day, book.last_day, book.result_digest, book.sha256, role, who, clock()
        )
        try:
            return workbooks.sign(store, wanted, config.audit_key)
        except NotSigned as error:
            raise JobError(str(error)) from None


def document(verified: Verified) -> Document:
    """`recon verify --json`; amounts in minor units."""
    book = verified.workbook
    range_ = fields(book, "account", "first_day", "last_day", "run_id", "as_of", "written_at") if book else {}
    digests = fields(book, "result_digest", "audit_head") if book else {}
    return {
        "file": str(verified.path),
        **fields(verified, "sha256", "verdict", "data"),
        **range_,
        **digests,
        "edited": verified.edited,
        "edits": [{"cell": edit.cell, "was": edit.was, "is": edit.is_} for edit in verified.edits],
        "changes": [_change(change) for change in verified.changes],
        "ruled_since": verified.ruled,
        "possible_causes": list(verified.causes),
        "sign_offs": [sign_off_document(sign_off) for sign_off in verified.sign_offs],
    }


def lines(found: Verified, currencies: Currencies) -> list[str]:
    """What is known of a file, for a person: its verdict, edited cells, what changed, and who signed it."""
    if found.verdict == NOT_OURS:
        return [f"{found.path}: not ours: no run here wrote it, nor a workbook of its range"]
    book = found.workbook
    assert book is not None
    wrote = f"run {book.run_id}" if book.run_id else "a report alone"
    said = [f"{found.path}: {found.verdict}; {book.name}, by {wrote} as of {book.as_of:%Y-%m-%d %H:%M} UTC"]
    if found.verdict == EDITED:
        said += [f"  {one.cell}: was {one.was or 'empty'}, is {one.is_ or 'empty'}" for one in found.edits]
        if found.edited is None:
            said.append("  no copy of it was kept, so its cells cannot be compared")
        elif not found.edited:
            said.append("  every cell says what it said: another program saved it")
        elif found.edited > FEW:
            said.append(f"  and {found.edited - FEW:,} more cells")
    words = {CURRENT: "unchanged since", OUTDATED: "changed since"}.get(found.data, "not known whether they changed")
    said.append(f"data: {words}")
    why = words_of(found.changes, currencies)
    said += [f"  {why}"] if why else []
    for change in found.changes:
        if change.sheets:
            said.append(f"  {change.account}: other rows on {', '.join(change.sheets)}")
    said += [f"  possible cause: {cause}" for cause in found.causes]
    if found.ruled:
        said.append(f"{found.ruled:,} {'break was' if found.ruled == 1 else 'breaks were'} ruled on since")
    for one in found.sign_offs:
        ended = f"; ended {one.ended_at:%Y-%m-%d} by {one.ended_by}: {one.ended_why}" if one.ended_at else ""
        said.append(f"signed as {one.role} by {one.who} on {one.at:%Y-%m-%d}{ended}")
    return said


def sign_off_document(sign_off: SignOff) -> Document:
    """A sign-off, as JSON."""
    signed = fields(sign_off, "account", "first_day", "last_day", "role", "who", "at", "sha256")
    return {**signed, **fields(sign_off, "ended_at", "ended_by", "ended_why")}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise JobError(f"{path}: cannot be read ({error.strerror})") from None


def _known(store: Store, path: Path, content: bytes) -> Verified:
    """The file by its hash, else by what it says of itself, with what differs from the copy that was kept."""
    sha256 = sha256_of(content)
    book = workbooks.by_hash(store, sha256)
    if book is not None:
        return _signed(store, Verified(path, sha256, UNTOUCHED, book))
    book = _by_marks(store, content)
    if book is None:
        return Verified(path, sha256, NOT_OURS)
    kept = content_of(store, book.sha256)
    differing = list(islice(edits(kept, content), _MOST)) if kept is not None else []
    count = len(differing) if kept is not None else None
    return _signed(store, Verified(path, sha256, EDITED, book, tuple(differing[:FEW]), count))


def _signed(store: Store, found: Verified) -> Verified:
    book = found.workbook
    assert book is not None
    signs = workbooks.sign_offs(store, book.account, book.first_day, book.last_day)
    return replace(found, sign_offs=tuple(one for one in signs if one.sha256 == book.sha256))


def _by_marks(store: Store, content: bytes) -> StoredWorkbook | None:
    """Of the workbooks with the digest that the file shows, else of its range, the one with its audit head, or the
    latest."""
    said = identity_of(content)
    if said is None:
        return None
    found = workbooks.by_digest(store, said.digest) if said.digest else []
    if not found and said.first and said.last:
        found = workbooks.by_range(store, said.account, said.first, said.last)
    return next((one for one in found if one.audit_head == said.audit_head), found[0] if found else None)


def _with_data(config: Config, store: Store, found: Verified, book: StoredWorkbook) -> Verified:
    """What the data say now of the workbook's range as of its moment."""
    run = record.one_run(store, book.run_id) if book.run_id is not None else None
    if run is None:
        return found
    mine = [part for part in run.accounts if book.covers(part.account)]
    ruled = sum(len(workbooks.ruled_since(store, part.account, run.record.recorded_at)) for part in mine)
    by_account = judged_again(config, store, run)
    changes = [by_account[part.account] for part in mine if by_account.get(part.account)]
    gone = [part.account for part in mine if part.account not in by_account]
    data = UNKNOWN if gone else OUTDATED if changes else CURRENT
    causes = _causes(config, run, gone) if data != CURRENT else ()
    return replace(found, data=data, changes=tuple(changes), ruled=ruled, causes=causes, run=run)


def _causes(config: Config, run: StoredRun, gone: list[str]) -> tuple[str, ...]:
    said = [f'the configuration has no account "{name}" any more' for name in gone]
    if config.digest != run.record.config_digest:
        said.append("the configuration is another one than the run's")
    if __version__ != run.record.software:
        said.append(f"the software is {__version__}, the run's was {run.record.software}")
    if run.record.options.get("rule_book") not in (None, config.method_book().digest):
        said.append("the method rule book is another one than the run's")
    if run.record.status != "complete":
        said.append("the run was not complete: what it missed may have come since")
    return tuple(said)


def _change(change: Change) -> Document:
    named = change.breaks[[c.WHAT, c.BREAK_ID, c.CODE, c.SUBJECT_ID]]
    return {
        "account": change.account,
        "figures": records(change.figures),
        "breaks": records(named),
        "sheets_with_other_rows": list(change.sheets),
    }
