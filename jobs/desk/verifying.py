"""Holds a workbook against the store: is it as a run wrote it, did its data change, who signed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from jobs.config.config import Config
from jobs.desk.signing import ToSign, before_signing, copy_of
from jobs.run.opening.store import ready_store
from jobs.run.outcome import JobError
from jobs.run.rejudging import Change, judged_again, taken_out_since
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

UNTOUCHED = "untouched"
EDITED = "edited"
NOT_OURS = "not ours"
CURRENT = "current"
OUTDATED = "outdated"
UNKNOWN = "unknown"
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
    is_copy: bool = False  # the signed copy of the workbook, as we fill it in

    @property
    def good(self) -> bool:
        """Whether it is untouched, and its data are what they were."""
        return self.verdict == UNTOUCHED and self.data == CURRENT


def verify(config: Config, path: Path, content: bytes | None = None) -> Verified:
    """Hold a file against the store, by its bytes where they are at hand; raises JobError where it cannot be read."""
    content = _read(path) if content is None else content
    with ready_store(config) as store:
        return _with_data(config, store, _identified(config, store, path, content))


@dataclass(frozen=True)
class Signature:
    """A sign-off that is kept, and what it was put under."""

    sign_off: SignOff
    under: tuple[ToSign, ...]


def sign(
    config: Config,
    path: Path,
    role: str,
    who: str,
    clock: Callable[[], datetime],
    reason: str = "",
    content: bytes | None = None,
    agree: Callable[[Sequence[str]], bool] = lambda _words: True,
    sees: Callable[[str], bool] = lambda _account: True,
) -> Signature:
    """Sign an untouched, current workbook of a complete run; raises JobError, in words, where that cannot be.

    Where a proof in it does not tie or something is open, a reason must be given; it is kept with the sign-off.
    `agree` is shown what is signed, and says whether it is to be; of other accounts those that the signer `sees`.
    """
    who = " ".join(who.split())
    reason = " ".join(reason.split())
    if not who:
        raise JobError("--by: say who signs")
    content = _read(path) if content is None else content
    with ready_store(config, writes=True) as store:
        identified = _identified(config, store, path, content)
        book = identified.workbook
        if book is None or identified.verdict != UNTOUCHED:
            raise JobError(f"{path}: is {identified.verdict}, so it cannot be signed: recon verify says more")
        recorded = workbooks.runs_recorded(store, book.account)
        verified = _with_data(config, store, identified)
        if verified.run is None:
            raise JobError(f"{path}: was written by no recorded run: recon run writes a workbook that can be signed")
        if verified.run.record.status != "complete":
            raise JobError(f"{path}: its run {verified.run.run_id} was not complete: run the range again")
        if verified.data != CURRENT:
            raise JobError(f"{path}: its data changed since: run the range again and sign that workbook")
        before = before_signing(store, verified.run, book, sees)
        words = before.words(config.currencies())
        if before.doubts and not reason:
            doubts = "; ".join(before.doubts)
            raise JobError(*words, f"{path}: {doubts}: say with a reason why it is signed all the same")
        if not agree(words):
            raise JobError(f"{path}: is not signed")
        range_ = (book.account, book.first_day, book.last_day)
        sign_off = SignOff(0, *range_, book.result_digest, book.sha256, role, who, clock(), reason=reason or None)
        try:
            return Signature(workbooks.sign(store, sign_off, config.audit_key, recorded), before.parts)
        except NotSigned as error:
            raise JobError(str(error)) from None


def copy_with_signatures(config: Config, sha256: str) -> bytes | None:
    """A workbook with the signatures that stand filled in; None where none stands, or no copy of it was kept."""
    with ready_store(config) as store:
        book = workbooks.by_hash(store, sha256)
        kept = content_of(store, sha256)
        standing = [sign_off for sign_off in _sign_offs(store, book) if sign_off.ended_at is None] if book else []
        return copy_of(store, book, kept, standing, config.currencies()) if book and kept and standing else None


def document(verified: Verified) -> Document:
    """`recon verify --json`; amounts in minor units."""
    book = verified.workbook
    range_ = fields(book, "account", "first_day", "last_day", "run_id", "as_of", "written_at") if book else {}
    digests = fields(book, "result_digest", "audit_head") if book else {}
    return {
        "file": str(verified.path),
        **fields(verified, "sha256", "verdict", "data"),
        "signed_copy": verified.is_copy,
        **range_,
        **digests,
        "edited": verified.edited,
        "edits": [{"cell": edit.cell, "was": edit.was, "is": edit.is_} for edit in verified.edits],
        "changes": [_change(change) for change in verified.changes],
        "ruled_since": verified.ruled,
        "possible_causes": list(verified.causes),
        "sign_offs": [sign_off_document(sign_off) for sign_off in verified.sign_offs],
    }


def lines(verified: Verified, currencies: Currencies) -> list[str]:
    """What is known of a file, for a person: its verdict, edited cells, what changed, and who signed it."""
    book = verified.workbook
    if book is None:
        return [f"{verified.path}: not ours: no run here wrote it, nor a workbook of its range"]
    writer = f"run {book.run_id}" if book.run_id else "a report alone"
    words = {CURRENT: "unchanged since", OUTDATED: "changed since"}
    changes = words_of(verified.changes, currencies)
    other_rows = [change for change in verified.changes if change.sheets]
    breaks = "break was" if verified.ruled == 1 else "breaks were"
    copy = "the signed copy of " if verified.is_copy else ""
    return [
        f"{verified.path}: {verified.verdict}; {copy}{book.name}, by {writer} as of {book.as_of:%Y-%m-%d %H:%M} UTC",
        *(_edit_lines(verified) if verified.verdict == EDITED else ()),
        f"data: {words.get(verified.data, 'not known whether they changed')}",
        *([f"  {changes}"] if changes else ()),
        *(f"  {change.account}: other rows on {', '.join(change.sheets)}" for change in other_rows),
        *(f"  possible cause: {cause}" for cause in verified.causes),
        *([f"{verified.ruled:,} {breaks} ruled on since"] if verified.ruled else ()),
        *(_sign_off_line(sign_off) for sign_off in verified.sign_offs),
    ]


def _edit_lines(verified: Verified) -> Iterator[str]:
    for edit in verified.edits:
        yield f"  {edit.cell}: was {edit.was or 'empty'}, is {edit.is_ or 'empty'}"
    if verified.edited is None:
        yield "  no copy of it was kept, so its cells cannot be compared"
    elif not verified.edited:
        yield "  every cell says what it said: another program saved it"
    elif verified.edited > FEW:
        yield f"  and {verified.edited - FEW:,} more cells"


def _sign_off_line(sign_off: SignOff) -> str:
    line = f"signed as {sign_off.role} by {sign_off.who} on {sign_off.at:%Y-%m-%d}"
    line += f": {sign_off.reason}" if sign_off.reason else ""
    if sign_off.ended_at is None:
        return line
    return f"{line}; ended {sign_off.ended_at:%Y-%m-%d} by {sign_off.ended_by}: {sign_off.ended_why}"


def sign_off_document(sign_off: SignOff) -> Document:
    """A sign-off, as JSON."""
    signed = fields(sign_off, "account", "first_day", "last_day", "role", "who", "at", "sha256", "reason")
    return {**signed, **fields(sign_off, "ended_at", "ended_by", "ended_why")}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise JobError(f"{path}: cannot be read ({error.strerror})") from None


def _identified(config: Config, store: Store, path: Path, content: bytes) -> Verified:
    """The file by its hash, else by what it says of itself, with what differs from the copy that was kept."""
    sha256 = sha256_of(content)
    book = workbooks.by_hash(store, sha256)
    if book is not None:
        return Verified(path, sha256, UNTOUCHED, book, sign_offs=_sign_offs(store, book))
    book = _by_identity(store, content)
    if book is None:
        return Verified(path, sha256, NOT_OURS)
    kept = content_of(store, book.sha256)
    signed = _sign_offs(store, book)
    for latest in reversed(signed if kept is not None else ()):  # a copy has what stood when it was made
        copy = copy_of(store, book, kept, _standing_with(signed, latest), config.currencies()) if kept else b""
        if kept and sha256_of(copy) == sha256:
            return Verified(path, sha256, UNTOUCHED, book, sign_offs=signed, is_copy=True)
    differing = list(islice(edits(kept, content), _MOST)) if kept is not None else []
    count = len(differing) if kept is not None else None
    return Verified(path, sha256, EDITED, book, tuple(differing[:FEW]), count, sign_offs=signed)


def _sign_offs(store: Store, book: StoredWorkbook) -> tuple[SignOff, ...]:
    of_range = workbooks.sign_offs(store, book.account, book.first_day, book.last_day)
    return tuple(sign_off for sign_off in of_range if sign_off.sha256 == book.sha256)


def _standing_with(signed: Sequence[SignOff], latest: SignOff) -> list[SignOff]:
    """The signatures that stood when this one was put."""
    earlier = (sign_off for sign_off in signed if sign_off.id <= latest.id)
    return [sign_off for sign_off in earlier if sign_off.ended_at is None or sign_off.ended_at > latest.at]


def _by_identity(store: Store, content: bytes) -> StoredWorkbook | None:
    """Of the workbooks with the digest that the file shows, else of its range, the one with its audit head, or the
    latest."""
    identity = identity_of(content)
    if identity is None:
        return None
    books = workbooks.by_digest(store, identity.digest) if identity.digest else []
    if not books and identity.first and identity.last:
        books = workbooks.by_range(store, identity.account, identity.first, identity.last)
    return next((book for book in books if book.audit_head == identity.audit_head), books[0] if books else None)


def _with_data(config: Config, store: Store, verified: Verified) -> Verified:
    """What the data say now of the workbook's range as of its moment."""
    book = verified.workbook
    run = record.find_run(store, book.run_id) if book and book.run_id is not None else None
    if book is None or run is None:
        return verified
    accounts = [part.account for part in run.accounts if book.covers(part.account)]
    ruled = sum(len(workbooks.ruled_since(store, account, run.record.looked_at)) for account in accounts)
    by_account = judged_again(config, store, run, accounts)
    changes = tuple(by_account[account] for account in accounts if by_account.get(account))
    unconfigured = [account for account in accounts if account not in by_account]
    data = UNKNOWN if unconfigured else OUTDATED if changes else CURRENT
    causes: tuple[str, ...] = ()
    if data != CURRENT:
        causes = (*_causes(config, run, unconfigured), *taken_out_since(config, store, run, accounts))
    return replace(verified, data=data, changes=changes, ruled=ruled, causes=causes, run=run)


def _causes(config: Config, run: StoredRun, unconfigured: list[str]) -> Iterator[str]:
    for name in unconfigured:
        yield f'the configuration has no account "{name}" any more'
    if config.digest != run.record.config_digest:
        yield "the configuration is another one than the run's"
    if __version__ != run.record.software:
        yield f"the software is {__version__}, the run's was {run.record.software}"
    if run.record.options.get("rule_book") not in (None, config.method_book().digest):
        yield "the method rule book is another one than the run's"
    if run.record.status != "complete":
        yield "the run was not complete: what it missed may have come since"


def _change(change: Change) -> Document:
    named = change.breaks[[c.WHAT, c.BREAK_ID, c.CODE, c.SUBJECT_ID]]
    return {
        "account": change.account,
        "figures": records(change.figures),
        "breaks": records(named),
        "sheets_with_other_rows": list(change.sheets),
    }
