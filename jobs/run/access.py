"""How accounts are reached: address, key, limits, the rate that all hosts keep together; and the proof of a key."""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from jobs.config.config import Config
from jobs.run.moments.gateway_clock import refuse_skew
from jobs.run.outcome import JobError, Progress
from jobs.run.related import name_rules
from recon.expressions import compiled
from recon.model import Account
from recon.omise import pull
from recon.omise.client import Client, KeyRefused, Limits, OmiseError, SharedRate, open_client
from recon.omise.line import DIRECT, Line
from recon.omise.objects import AccountFacts
from recon.omise.scrub import Scrub
from recon.store.engine import Store
from recon.store.queue import rate_limit
from recon.store.related.charge_names import NameRules
from recon.store.versions import save


@dataclass(frozen=True)
class AccountAccess:
    """How one account is reached."""

    base_url: str
    secret_key: str = field(repr=False)
    limits: Limits
    scrub: Scrub
    livemode: bool | None
    shared_rate: SharedRate | None = None  # shared with other hosts
    line: Line = DIRECT
    name_rules: NameRules | None = None  # by which pulled charges are indexed under the orders that they name

    def client(self) -> AbstractAsyncContextManager[Client]:
        """A client of the account, for the block."""
        return open_client(self.base_url, self.secret_key, self.limits, self.shared_rate, self.line)


@dataclass(frozen=True, slots=True)
class Proved:
    """Why an account could not be asked, or nothing; and what Omise's clock said, if it said so."""

    failure: str = ""
    date: datetime | None = None


@dataclass(frozen=True)
class PullContext:
    """What every account's pull shares."""

    store: Store
    clock: Callable[[], datetime]
    progress: Progress
    writes: asyncio.Lock  # one writer at a time: SQLite has only one

    async def write(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a blocking write of the store off the event loop, in its turn."""
        async with self.writes:
            return await asyncio.to_thread(function, self.store, *arguments)


class StoreRate:
    """One account's rate, kept through the store, of one client; it may be infinite: then only pauses are shared."""

    def __init__(self, store: Store, account: str, per_second: float) -> None:
        self._store = store
        self._account = account
        self._every = round(1_000_000 / per_second) if math.isfinite(per_second) else 0
        self._next = asyncio.Lock()  # one turn ahead at most: a process that dies loses one

    async def acquire(self) -> None:
        """Comes back when the next request may go."""
        async with self._next:
            while left := await asyncio.to_thread(rate_limit.take, self._store, self._account, self._every):
                await asyncio.sleep(left / 1_000_000)
                if not await asyncio.to_thread(rate_limit.is_quiet, self._store, self._account):
                    return

    async def pause(self, span_s: float) -> None:
        """Omise wants to be left alone for so long, by everybody."""
        await asyncio.to_thread(rate_limit.keep_quiet, self._store, self._account, round(span_s * 1_000_000))


def access_of(config: Config, store: Store, name: str) -> AccountAccess:
    """How an account of the configuration is reached; without [queue] its own client alone keeps the rate."""
    section = config.accounts[name]
    omise = config.omise
    return AccountAccess(
        base_url=omise.base_url,
        secret_key=section.secret_key.reveal(),
        limits=Limits(
            requests_per_second=omise.requests_per_second,
            concurrency=omise.concurrency,
            deadline_s=omise.deadline.total_seconds(),
        ),
        scrub=scrub_of(config),
        livemode=section.livemode,
        shared_rate=None if config.queue is None else StoreRate(store, name, omise.requests_per_second),
        line=config.line(omise.base_url),
        name_rules=name_rules(config.match_settings()),
    )


def scrub_of(config: Config) -> Scrub:
    """What is taken out of Omise's objects: of metadata and descriptions the configuration names what is kept."""
    matching = config.matching
    settings = config.match_settings()
    without_order = matching.charges_without_orders.description
    patterns = [*settings.patterns.values(), *([compiled(without_order)] if without_order else [])]
    order_keys = dict.fromkeys(chain(settings.metadata_keys, *settings.source_keys.values()))
    return Scrub(config.hash_key, tuple(matching.customer_keys), tuple(order_keys), tuple(patterns))


async def prove(
    context: PullContext, accounts: Sequence[Account], access: Mapping[str, AccountAccess]
) -> dict[str, Proved]:
    """By account whether it could be asked; raises JobError of all that were refused, or of a wrong clock."""
    answers = await asyncio.gather(
        *(_prove(context, account, access[account.name]) for account in accounts), return_exceptions=True
    )
    refused = [message for answer in answers if isinstance(answer, JobError) for message in answer.messages]
    if refused:
        raise JobError(*dict.fromkeys(refused))
    proved = {}
    for account, answer in zip(accounts, answers, strict=True):
        if isinstance(answer, BaseException):
            raise answer
        proved[account.name] = answer
    return proved


async def _prove(context: PullContext, account: Account, access: AccountAccess) -> Proved:
    """Key, country, currency, mode and this machine's clock, before anything is stored.

    Raises JobError where the key is refused, another account answers or the clock is wrong.
    """
    try:
        async with access.client() as client:
            facts = await pull.account(client)
    except KeyRefused:
        raise JobError(f'account "{account.name}": Omise refused the key; check [accounts.{account.name}]') from None
    except OmiseError as error:
        return Proved(str(error))
    refuse_skew(client.date, context.clock())
    if wrong := mismatches(account, access.livemode, facts):
        raise JobError(*wrong)
    bound = (account.name, facts.id, facts.country or "", facts.currency, facts.livemode)
    try:
        await context.write(save.bind_account, *bound, context.clock())
    except save.AccountChanged as error:
        raise JobError(str(error)) from None
    return Proved(date=client.date)


def mismatches(account: Account, livemode: bool | None, facts: AccountFacts) -> list[str]:
    """In what the account that answered is not the configured one, in words."""
    pairs = (
        ("region", account.region, facts.country or account.region),
        ("currency", account.currency, facts.currency),
    )
    wrong = [
        f"accounts.{account.name}.{name}: the configuration says {ours}, Omise's account says {theirs}"
        for name, ours, theirs in pairs
        if ours != theirs
    ]
    if livemode is not None and livemode != facts.livemode:
        says, key = str(livemode).lower(), "live" if facts.livemode else "test"
        wrong.append(f"accounts.{account.name}.livemode: the configuration says {says}, and the key is a {key} key")
    return wrong
