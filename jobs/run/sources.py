"""Reads what the shop, the bank and people say into the store: order files, statements, items open at go-live."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from jobs.config.config import Config
from jobs.run.outcome import JobError
from recon.bank.load import read as read_bank_source
from recon.bank.source import BankMissing
from recon.model import InputFile, NoteKind, Window
from recon.orders.load import read as read_order_source
from recon.orders.opening import OpeningUnreadable, read_opening
from recon.orders.source import LoadedOrders, SourceMissing, SourceUnreadable
from recon.store.desk import opening
from recon.store.engine import Store
from recon.store.versions import save
from recon.tabular.faults import RejectedShare

NO_ACCOUNT = ""  # under which rows are counted that name no account of the configuration


@dataclass(frozen=True)
class SourcesRead:
    """What came of reading the sources beside their rows, by account; `messages` say what could not be read.

    `order_files` are every account's; `unread` has the accounts with an order source that could not be read,
    `unread_shares` are of the sources of which too many rows could not. `bank_read`: there are bank sources, and what
    could be read of them was; `bank_unread` has the accounts of which a file could not, `unreadable` these files by
    account. `notes` are counted for people, by account; of which kind they are stands in `note_kinds`.
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
    unread: Sequence[str] = ()
    unread_shares: Sequence[RejectedShare] = ()
    messages: Sequence[str] = ()

    def files(self, account: str) -> tuple[InputFile, ...]:
        """Every file that an account's result rests on."""
        return (*self.order_files, *self.statements.get(account, ()))


async def read_orders(
    config: Config, store: Store, clock: Callable[[], datetime], window: Window, since: datetime
) -> SourcesRead:
    """Every order source, stored; an unreadable one leaves its accounts unjudged, a missing one raises JobError.

    A database is asked for what was made in the window or changed since a moment.
    """
    accounts = {account.name: account.currency for account in config.as_accounts()}
    sources: list[LoadedOrders] = []
    missing = list[str]()
    messages = list[str]()
    unread = set[str]()
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
            sources.append(await asyncio.to_thread(load))
        except SourceMissing as error:
            missing.append(str(error))
        except SourceUnreadable as error:
            messages.append(f"{error}: the accounts of orders.{source.name} were not judged; run again")
            unread |= {source.account} if source.account else set(accounts)
    if missing:
        raise JobError(*missing)
    ignored = Counter[str]()
    duplicates = Counter[str]()
    for loaded in sources:
        messages += [f"{words}; correct the file and run again" for words in loaded.lacking]
        messages += [f"{loaded.share.words}; correct it and run again"] if loaded.share.passed else []
        await asyncio.to_thread(save.save_orders, store, loaded.orders, loaded.rejected, clock())
        ignored.update(loaded.ignored)
        duplicates.update(loaded.duplicates)
    return SourcesRead(
        orders_read=bool(sources) and not unread,
        ignored=ignored,
        duplicates=duplicates,
        order_files=[file for loaded in sources for file in loaded.inputs],
        unread=sorted(unread),
        unread_shares=[loaded.share for loaded in sources if loaded.share.passed],
        messages=messages,
    )


def read_statements(config: Config, store: Store, clock: Callable[[], datetime]) -> SourcesRead:
    """Every bank source, stored; a file that cannot be read is told, a missing file or folder raises JobError."""
    sources = []
    missing = []
    for source in config.bank_sources():
        try:
            sources.append((source, read_bank_source(source, currencies=config.currencies())))
        except BankMissing as error:
            missing.append(str(error))
    if missing:
        raise JobError(*missing)
    statements: dict[str, list[InputFile]] = {}
    notes: dict[str, dict[str, int]] = {}
    kinds: dict[str, NoteKind] = {}
    for source, loaded in sources:
        save.save_bank_lines(store, source.place, loaded.lines, loaded.rejected, clock(), loaded.unread)
        statements.setdefault(source.account, []).extend(loaded.inputs)
        notes.setdefault(source.account, {}).update(dict.fromkeys((*loaded.repeated, *loaded.gaps), 1))
        kinds |= dict.fromkeys(loaded.repeated, NoteKind.FILE_REPEATED)
        kinds |= dict.fromkeys(loaded.gaps, NoteKind.STATEMENT_MISSING)
    by_account: dict[str, list[str]] = {}
    for source, loaded in sources:
        if loaded.unreadable:
            by_account.setdefault(source.account, []).extend(loaded.unreadable)
    return SourcesRead(
        bank_read=bool(sources),
        bank_unread=sorted({source.account for source, loaded in sources if loaded.unreadable}),
        statements=statements,
        notes=notes,
        note_kinds=kinds,
        unreadable=by_account,
        unread_shares=[loaded.share for _, loaded in sources if loaded.share.passed],
        messages=[
            *(
                f"{words}; its lines are not known, and what it may hold of {source.account} waits: run again"
                for source, loaded in sources
                for words in loaded.unreadable
            ),
            *(f"{words}; correct the file and run again" for _, loaded in sources for words in loaded.lacking),
            *(f"{loaded.share.words}; correct it and run again" for _, loaded in sources if loaded.share.passed),
        ],
    )


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
