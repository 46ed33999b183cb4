"""Reads what the shop, the bank and people say into the store: order files, statements, items open at go-live."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from jobs.config.config import Config
from jobs.run.outcome import JobError, place_of
from recon.bank.load import read as read_bank_source
from recon.bank.source import BankSource, LoadedBank
from recon.model import InputFile, NoteKind, Window
from recon.orders.load import read as read_order_source
from recon.orders.opening import OpeningUnreadable, read_opening
from recon.orders.source import LoadedOrders, OrderSource
from recon.store.desk import opening
from recon.store.engine import Store, is_of_data
from recon.store.versions import save
from recon.tabular.faults import RejectedShare
from recon.tabular.files import SourceFile, matching_files
from recon.tabular.table import SourceMissing, SourceUnreadable

NO_ACCOUNT = ""  # under which rows are counted that name no account of the configuration


@dataclass(frozen=True)
class SourcesRead:
    """What came of reading the sources beside their rows, by account.

    `messages` say what could not be read, each with the one account that its source serves (null: any).

    `order_files` are every account's; `unread_orders` has the order sources that could not be read, each with the
    account that it alone serves. `unread_shares` are of the sources of which too many rows could not, `share_files`
    their files' digests by their place. `bank_read`: there are bank sources, and what could be read of them was;
    `bank_unread` has the accounts of which a file could not, `unreadable` these files by account. `notes` are counted
    for people, by account; of which kind they are stands in `note_kinds`.
    """

    orders_read: bool = False
    bank_read: bool = False
    bank_unread: Sequence[str] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    duplicates: Mapping[str, int] = field(default_factory=dict)
    order_files: Sequence[InputFile] = ()
    statements: Mapping[str, Sequence[InputFile]] = field(default_factory=dict)
    notes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    note_kinds: Mapping[str, NoteKind] = field(default_factory=dict)
    unreadable: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unread_orders: Mapping[str, str | None] = field(default_factory=dict)
    unread_shares: Sequence[RejectedShare] = ()
    messages: Sequence[tuple[str | None, str]] = ()
    share_files: Mapping[str, str] = field(default_factory=dict)

    def waits_on(self, messages: Sequence[str]) -> Mapping[str, str]:
        """The files of which too many rows could not be read, where a run that says so says nothing else."""
        of_files = {_share_message(share) for share in self.unread_shares if share.place in self.share_files}
        return self.share_files if messages and of_files.issuperset(messages) else {}

    def messages_of(self, accounts: Collection[str]) -> list[str]:
        """What a run of these accounts says: a source that serves another one alone keeps none of them waiting."""
        return [words for account, words in self.messages if account is None or account in accounts]

    def files(self, account: str) -> tuple[InputFile, ...]:
        """Every file that an account's result rests on."""
        return (*self.order_files, *self.statements.get(account, ()))


async def read_orders(
    config: Config, store: Store, clock: Callable[[], datetime], window: Window, since: datetime
) -> SourcesRead:
    """Every order source, stored; of an unreadable one its accounts are told, a missing one raises JobError.

    A database is asked for what was made in the window or changed since a moment.
    """
    accounts = {account.name: account.currency for account in config.as_accounts()}
    sources: list[tuple[OrderSource, LoadedOrders]] = []
    missing = list[str]()
    failures: dict[str, str] = {}
    for source in config.sources():
        load = partial(
            read_order_source,
            source,
            accounts=accounts,
            currencies=config.currencies(),
            hash_key=config.hash_key,
            window=window,
            changed_since=since,
        )
        try:
            with _failing_alone(source, failures):
                sources.append((source, await asyncio.to_thread(load)))
        except SourceMissing as error:
            missing.append(str(error))
    if missing:
        raise JobError(*missing)
    for source, loaded in sources:
        with _failing_alone(source, failures):
            await asyncio.to_thread(save.save_orders, store, loaded.orders, loaded.rejected, clock())
    kept = [loaded for source, loaded in sources if source.name not in failures]
    own = {source.name: source.account for source in config.sources()}
    return SourcesRead(
        orders_read=True,
        ignored=sum((Counter(loaded.ignored) for loaded in kept), Counter[str]()),
        duplicates=sum((Counter(loaded.duplicates) for loaded in kept), Counter[str]()),
        order_files=[file for loaded in kept for file in loaded.inputs],
        unread_orders={name: own[name] for name in failures},
        unreadable={
            account: [f"orders.{name}: {why}" for name, why in failures.items() if own[name] in (None, account)]
            for account in accounts
        },
        unread_shares=[loaded.share for loaded in kept if loaded.share.passed],
        messages=_order_messages(kept, failures, own),
        share_files=_share_files(config, kept),
    )


def _order_messages(
    kept: Sequence[LoadedOrders], failures: Mapping[str, str], own: Mapping[str, str | None]
) -> list[tuple[str | None, str]]:
    """What to correct, each with the account that its source alone serves; `own` has that by the source's name."""
    again = "correct the file and run again"
    return [
        *((own[name], f"orders.{name}: {why}; what it may hold waits, {again}") for name, why in failures.items()),
        *((loaded.share.account, f"{words}; {again}") for loaded in kept for words in loaded.lacking),
        *((loaded.share.account, _share_message(loaded.share)) for loaded in kept if loaded.share.passed),
    ]


@contextmanager
def _failing_alone(source: OrderSource | BankSource, failures: dict[str, str]) -> Iterator[None]:
    """Why a source, by its name, cannot be read or kept; what nobody foresaw is told by its place in the code."""
    try:
        yield
    except SourceUnreadable as error:
        failures[source.name] = str(error)
    except Exception as error:
        if not is_of_data(error):
            raise
        failures[source.name] = f"[{source.place}] cannot be read or kept ({place_of(error)})"


def read_statements(config: Config, store: Store, clock: Callable[[], datetime]) -> SourcesRead:
    """Every bank source, stored; a file that cannot be read is told, a missing file or folder raises JobError."""
    sources: list[tuple[BankSource, LoadedBank]] = []
    missing = []
    failures: dict[str, str] = {}
    for source in config.bank_sources():
        try:
            with _failing_alone(source, failures):
                sources.append((source, read_bank_source(source, currencies=config.currencies())))
        except SourceMissing as error:
            missing.append(str(error))
    if missing:
        raise JobError(*missing)
    for source, loaded in sources:
        with _failing_alone(source, failures):
            save.save_bank_lines(store, source.place, loaded.lines, loaded.rejected, clock(), loaded.unread)
    unread = [(source, failures[source.name]) for source in config.bank_sources() if source.name in failures]
    sources = [(source, loaded) for source, loaded in sources if source.name not in failures]
    statements: dict[str, list[InputFile]] = {}
    notes: dict[str, dict[str, int]] = {}
    kinds: dict[str, NoteKind] = {}
    for source, loaded in sources:
        statements.setdefault(source.account, []).extend(loaded.inputs)
        notes.setdefault(source.account, {}).update(dict.fromkeys((*loaded.repeated, *loaded.gaps), 1))
        kinds |= dict.fromkeys(loaded.repeated, NoteKind.FILE_REPEATED)
        kinds |= dict.fromkeys(loaded.gaps, NoteKind.STATEMENT_MISSING)
    unreadable = [
        *((source, words) for source, loaded in sources for words in loaded.unreadable),
        *((source, f"{source.place}: {why}") for source, why in unread),
    ]
    by_account: dict[str, list[str]] = {}
    for source, words in unreadable:
        by_account.setdefault(source.account, []).append(words)
    return SourcesRead(
        bank_read=bool(sources or unread),
        bank_unread=sorted(by_account),
        statements=statements,
        notes=notes,
        note_kinds=kinds,
        unreadable=by_account,
        unread_shares=[loaded.share for _, loaded in sources if loaded.share.passed],
        share_files=_share_files(config, [loaded for _, loaded in sources]),
        messages=_bank_messages(sources, unreadable),
    )


def _bank_messages(
    sources: Sequence[tuple[BankSource, LoadedBank]], unreadable: Sequence[tuple[BankSource, str]]
) -> list[tuple[str | None, str]]:
    """What to correct, each with its source's account."""
    waits = "its lines are not known, and what it may hold of"
    return [
        *((source.account, f"{why}; {waits} {source.account} waits: run again") for source, why in unreadable),
        *(
            (source.account, f"{words}; correct the file and run again")
            for source, loaded in sources
            for words in loaded.lacking
        ),
        *((source.account, _share_message(loaded.share)) for source, loaded in sources if loaded.share.passed),
    ]


def file_digests(config: Config, places: Collection[str]) -> dict[str, str]:
    """By its place what the files of each of these sources come to now; nothing where one cannot be opened."""
    digests = {}
    for place, pattern in _patterns(config).items():
        if place in places:
            files = matching_files(pattern).items()
            with suppress(OSError):
                digests[place] = _digest(SourceFile(name, path.read_bytes()).sha256 for name, path in files)
    return digests


def _share_files(config: Config, sources: Iterable[LoadedOrders | LoadedBank]) -> dict[str, str]:
    """By its place what the files come to of which too many rows could not be read; a database has none."""
    patterns = _patterns(config)
    return {
        loaded.share.place: _digest(file.sha256 for file in loaded.inputs)
        for loaded in sources
        if loaded.share.passed and loaded.share.place in patterns
    }


def _patterns(config: Config) -> dict[str, str]:
    """The path of every source that reads files, by its place."""
    orders = {source.place: source.settings["path"] for source in config.sources() if "path" in source.settings}
    return orders | {source.place: source.path for source in config.bank_sources()}


def _digest(hashes: Iterable[str]) -> str:
    """Of a source's files, whatever their names; a file that is there twice is read once."""
    return hashlib.sha256("\n".join(sorted(set(hashes))).encode()).hexdigest()


def _share_message(share: RejectedShare) -> str:
    return f"{share.words}; correct it and run again"


def read_opening_items(config: Config, store: Store, path: Path, who: str, clock: Callable[[], datetime]) -> None:
    """The items known to be open at go-live, stored; raises JobError with all the faults of their file.

    Items that are known already change nothing.
    """
    names = [account.name for account in config.as_accounts()]
    try:
        items = read_opening(path, names, config.currencies(), who)
    except OpeningUnreadable as error:
        raise JobError(*(f"--opening {message}" for message in error.messages)) from None
    opening.save(store, items, clock(), config.audit_key)
