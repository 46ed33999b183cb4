"""Reads at Omise what webhooks name: an object once for all that came before, and lists where many wait.

An event never changes, so one that is stored is not asked for. An object that was asked for after a webhook came is
read with what the webhook says. A page of a list costs as much as one object.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from jobs.config.config import Config
from jobs.run.access import AccountAccess, access_of
from recon.model import ObjectRow, Window
from recon.omise import pull
from recon.omise.client import Client
from recon.store.engine import Store
from recon.store.queue import webhooks
from recon.store.queue.webhooks import Waiting
from recon.store.versions import save

MOST = 2_000  # webhooks that are looked at together
ONE_BY_ONE = 100  # of which so many may want something that is asked for by its id
MANY = 20  # of which so many have lists asked for first
LONGEST = 200  # pages of a list
SPARES = 4  # requests at least that a page is to spare
READ_S = 120.0  # in which what is read together must have come
SOON = timedelta(minutes=1)  # after its event a webhook comes, and
YOUNG = timedelta(minutes=10)  # after what it is about was made, mostly
KINDS: Mapping[str, str] = {"chrg": "charge", "rfnd": "refund", "dspt": "dispute", "trsf": "transfer"}


@dataclass
class WebhookReading:
    """What is read of each account, and when what waits still was asked for."""

    config: Config
    store: Store
    clock: Callable[[], datetime]
    _asked: dict[str, dict[str, datetime]] = field(default_factory=dict)  # by account and object
    _listed: dict[str, datetime] = field(default_factory=dict)  # by account

    async def next(self, account: str) -> list[Waiting]:
        """The oldest that wait, with at most so many as are asked for one by one; where many wait, lists are read."""
        waiting: list[Waiting] = await self._ask(webhooks.waiting, account, self.clock(), MOST)
        oldest = min((item.received_at for item in waiting if not item.is_read), default=self.clock())
        self._asked[account] = {id: at for id, at in self._asked.get(account, {}).items() if at > oldest}
        wanting = await self._wanting(account, waiting)
        since = self._listed.get(account, datetime.min.replace(tzinfo=UTC))
        fresh = [item.received_at for item in waiting if item.event_id in wanting and item.received_at > since]
        if len(fresh) >= MANY:
            await self._read_lists(account, min(fresh), len(fresh))
            wanting = await self._wanting(account, waiting)
        room = ONE_BY_ONE
        for place, item in enumerate(waiting):
            room -= item.event_id in wanting
            if room < 0:
                return waiting[:place]
        return waiting

    async def _wanting(self, account: str, waiting: Sequence[Waiting]) -> set[str]:
        """The events of which something is not read: they themselves, or what they are about."""
        unread = [item for item in waiting if not item.is_read]
        stored = await self._ask(webhooks.objects_of, account, [item.event_id for item in unread]) if unread else {}
        return {
            item.event_id
            for item in unread
            if item.event_id not in stored or not self._is_read(account, stored[item.event_id], item.received_at)
        }

    def _is_read(self, account: str, object_id: str | None, since: datetime) -> bool:
        """Whether an object was asked for after a moment; what has no case need not be."""
        asked_at = self._asked.get(account, {}).get(object_id or "")
        return not kind_of(object_id) or (asked_at is not None and asked_at > since)

    async def _read_lists(self, account: str, since: datetime, count: int) -> None:
        """What was listed since some webhooks came, and shortly before, where that spares requests.

        Where it fails, what waits is asked for one by one.
        """
        begun = self._listed[account] = self.clock()
        most = pull.PAGE * min(LONGEST, count // SPARES)
        await self._read_list(account, "event", since - SOON, most)
        charges = await self._read_list(account, "charge", since - YOUNG, most)
        # Without the ledger's list each of these charges would have its booking asked for.
        if charges and await self._read_list(account, "transaction", since - YOUNG, most) is not None:
            self._asked[account].update(dict.fromkeys(charges, begun))

    async def _read_list(self, account: str, kind: str, since: datetime, most: int) -> list[str] | None:
        """The ids of what a list has since a moment, stored; null where that is more than so many."""
        access = access_of(self.config, self.store, account)
        window = Window(since, self.clock())
        settles_in = self.config.accounts[account].currency
        ids: list[str] = []
        async with (
            self._client(access) as client,
            aclosing(pull.listed(client, kind, window, access.scrub, most, settles_in)) as batches,
        ):
            async for batch in batches:
                if batch is None:
                    return None
                ids += [row.id for row in batch.rows]
                await self._save(account, kind, batch.rows)
        return ids

    async def events(self, account: str, event_ids: Collection[str]) -> set[str]:
        """The events, stored; those that Omise does not know are forged."""
        stored = await self._ask(webhooks.objects_of, account, event_ids) if event_ids else {}
        access = access_of(self.config, self.store, account)
        async with self._client(access) as client:
            return set(await self._read(client, access, account, "event", {*event_ids} - stored.keys()))

    async def objects(self, account: str, wanted: Mapping[str, datetime], owners: Mapping[str, str]) -> None:
        """The objects, each wanted as it is after a moment, with their charges and what is booked of them, stored."""
        moments = dict(wanted)
        for part in owners.keys() & wanted.keys():
            moments[owners[part]] = max(moments.get(owners[part], wanted[part]), wanted[part])
        if not moments:
            return
        unread = [id for id, since in moments.items() if kind_of(id) and not self._is_read(account, id, since)]
        ids = _by_kind(unread, owners)
        begun = self.clock()
        access = access_of(self.config, self.store, account)
        async with self._client(access) as client:
            for kind, own in ids.items():
                await self._read(client, access, account, kind, own)
            booked = [id for id in moments if kind_of(id) in ("charge", "refund")]
            missing = await self._ask(webhooks.transactions_to_read, account, booked)
            await self._read(client, access, account, "transaction", missing)
        self._asked[account].update(dict.fromkeys(unread, begun))

    def _client(self, access: AccountAccess) -> AbstractAsyncContextManager[Client]:
        """A client at half the account's rate, for a night may go on beside it, that does not wait for hours."""
        half = access.limits.requests_per_second / 2
        slower = replace(access.limits, requests_per_second=half, deadline_s=READ_S)
        return replace(access, limits=slower).client()

    async def _read(
        self, client: Client, access: AccountAccess, account: str, kind: str, ids: Collection[Any]
    ) -> list[str]:
        """Objects by id, stored as a version; the ids that Omise does not know. What is odd is left to the night."""
        rows: list[ObjectRow] = []
        missing: list[str] = []
        settles_in = self.config.accounts[account].currency
        async with aclosing(pull.fetch(client, kind, sorted(ids), access.scrub, settles_in=settles_in)) as parts:
            async for part in parts:
                if isinstance(part, pull.Batch):
                    rows += part.rows
                elif isinstance(part, pull.Missing):
                    missing.append(part.id)
        await self._save(account, kind, rows)
        return missing

    async def _save(self, account: str, kind: str, rows: Sequence[ObjectRow]) -> None:
        if rows:
            await asyncio.to_thread(save.save_objects, self.store, account, kind, rows, self.clock())

    async def _ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.to_thread(function, self.store, *arguments)


def kind_of(object_id: str | None) -> str:
    """The kind of an object that has a case, by its id; empty for any other."""
    return KINDS.get(object_id.partition("_")[0], "") if object_id else ""


def _by_kind(object_ids: Iterable[str], owners: Mapping[str, str]) -> dict[str, set[Any]]:
    """What to ask for; a refund by its charge's id and its own, without which it cannot be."""
    ids: dict[str, set[Any]] = {kind: set() for kind in ("dispute", "transfer", "charge", "refund")}
    for object_id in object_ids:
        kind = kind_of(object_id)
        if kind != "refund":
            ids[kind].add(object_id)
        elif object_id in owners:
            ids[kind].add((owners[object_id], object_id))
    return ids
