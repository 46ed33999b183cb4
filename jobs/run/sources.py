"""Reads the shop's and the bank's sources into the store, and says what was beside their rows; judges nothing."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from jobs.config.config import Config
from jobs.run.bank_sources import read_banks
from jobs.run.outcome import JobError
from recon.model import InputFile, Window
from recon.orders.load import read
from recon.orders.source import Loaded, SourceMissing, SourceUnreadable
from recon.store.engine import Store
from recon.store.versions import save

NOBODY = ""  # whose rows are those that name no known account


@dataclass(frozen=True)
class Told:
    """What sources said beside their rows: counts and files by account, and in `messages` what could not be read.

    `inputs` are the order sources' files, which are every account's; `unread` has the accounts with an order source
    that could not be read. `bank_read`: there are bank sources, and all of each was read.
    """

    orders_read: bool = False
    bank_read: bool = False
    ignored: Mapping[str, int] = field(default_factory=dict)
    duplicates: Mapping[str, int] = field(default_factory=dict)
    inputs: Sequence[InputFile] = ()
    statements: Mapping[str, Sequence[InputFile]] = field(default_factory=dict)
    notes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unread: Sequence[str] = ()
    messages: Sequence[str] = ()

    def files(self, account: str) -> tuple[InputFile, ...]:
        """Every file that an account's result rests on."""
        return (*self.inputs, *self.statements.get(account, ()))

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON holds it."""
        return asdict(self)


def told_of(said: Mapping[str, Any]) -> Told:
    """What `Told.as_json` gave."""
    files = {name: [InputFile(**one) for one in found] for name, found in said["statements"].items()}
    return Told(**{**said, "inputs": [InputFile(**one) for one in said["inputs"]], "statements": files})


async def read_orders(
    config: Config, store: Store, clock: Callable[[], datetime], window: Window, since: datetime
) -> Told:
    """Every order source, stored; an unreadable one leaves its accounts unjudged, a missing one raises JobError.

    A database is asked for what was made in the window or changed since a moment.
    """
    accounts = {account.name: account.currency for account in config.as_accounts()}
    loaded: list[Loaded] = []
    missing, messages, unread = list[str](), list[str](), set[str]()
    for source in config.sources():
        read_it = partial(
            read,
            source,
            accounts=accounts,
            currencies=config.currencies(),
            hash_key=config.hash_key,
            window=window,
            changed_since=since,
        )
        try:
            loaded.append(await asyncio.to_thread(read_it))
        except SourceMissing as error:
            missing.append(str(error))
        except SourceUnreadable as error:
            messages.append(f"{error}: the accounts of orders.{source.name} were not judged; run again")
            unread |= {source.account} if source.account else set(accounts)
    if missing:
        raise JobError(*missing)
    for one in loaded:
        await asyncio.to_thread(save.save_orders, store, one.orders, one.rejected, clock())
    return Told(
        orders_read=bool(loaded) and not unread,
        ignored=_sums(one.ignored for one in loaded),
        duplicates=_sums(one.duplicates for one in loaded),
        inputs=[file for one in loaded for file in one.inputs],
        unread=sorted(unread),
        messages=messages,
    )


def read_statements(config: Config, store: Store, clock: Callable[[], datetime]) -> Told:
    """Every bank source, stored; what could not be read is told, what is missing raises JobError."""
    banks = read_banks(config, store, clock)
    names = [account.name for account in config.as_accounts()]
    return Told(
        bank_read=banks.whole,
        statements={name: banks.inputs(name) for name in names},
        notes={name: banks.notes(name) for name in names},
        messages=[f"{words}; its lines are not known: run again" for words in banks.unreadable],
    )


def _sums(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            found[name] = found.get(name, 0) + count
    return found
