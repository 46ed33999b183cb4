"""Takes webhooks, reads at Omise what they name, has its cases judged and tells what is new.

A webhook is only a reason to look: its event is asked for by id, and what counts is the object as Omise says it now.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from jobs.alerts.send import Teller
from jobs.config.config import Config
from jobs.logs.errors import note, say
from jobs.logs.logs import bound
from jobs.run.access import AccountAccess, access_of
from jobs.run.cases import judge_cases
from jobs.run.judging_request import context_of
from jobs.run.outcome import JobError, place_of
from recon.model import Account, ObjectRow, Webhook
from recon.omise import pull
from recon.omise.client import Client, OmiseError
from recon.omise.webhooks import key_of
from recon.settings import WEBHOOK_GRACE
from recon.store.engine import Store, is_lost, is_of_data
from recon.store.queue import webhooks
from recon.store.versions import save
from reports.page.webhooks import WebhookAccount

WHO = "webhook"
ROOM = 10_000  # webhooks that wait to be kept; each is three short texts
ANSWER_S = 0.8  # what is not kept by then is answered, and kept as soon as the store lets it
BATCH = 100  # events that are read and judged together
READ_S = 120.0  # in which what is read together must have come
LOOK_S = 15.0  # at the latest, for what is to be judged again
AFTER_ERROR_S = 30.0
REST = 2.0  # judging rests for so many times as long as it took
_KINDS: Mapping[str, str] = {"chrg": "charge", "rfnd": "refund", "dspt": "dispute", "trsf": "transfer"}
_PARTS = ("refund", "dispute")  # of a charge
_MOMENT = timedelta(seconds=1)  # a grace holds to its very end
_WAITS = "order_not_marked_paid"  # what a case may wait for when its webhook comes


def signing_keys(config: Config) -> dict[str, list[bytes]]:
    """By account the keys that sign its webhooks; raises JobError of all secrets that are none."""
    keys: dict[str, list[bytes]] = {}
    wrong = []
    for name, section in config.accounts.items():
        keys[name] = []
        for secret in section.webhook_secret:
            try:
                keys[name].append(key_of(secret.reveal()))
            except (LookupError, ValueError) as error:
                wrong.append(f"accounts.{name}.webhook_secret: {error.args[0]}")
    if wrong:
        raise JobError(*wrong)
    return keys


@dataclass
class WebhookIntake:
    """What the page hands webhooks to, and who works on them; `run` until it is cancelled."""

    config: Config
    store: Store
    clock: Callable[[], datetime]
    teller: Teller
    _unkept: list[tuple[webhooks.Received, "asyncio.Future[None]"]] = field(default_factory=list)
    _came: asyncio.Event = field(default_factory=asyncio.Event)
    _kept: dict[str, asyncio.Event] = field(default_factory=dict)  # by account

    def __post_init__(self) -> None:
        self._keys = signing_keys(self.config)
        self._livemodes = webhooks.livemodes(self.store)
        self._kept = {name: asyncio.Event() for name in self._keys}

    def accounts(self) -> Mapping[str, WebhookAccount]:
        """How each account's webhooks are known for its own."""
        sections = self.config.accounts
        return {
            name: WebhookAccount(keys, self._livemodes.get(name, sections[name].livemode))
            for name, keys in self._keys.items()
        }

    async def take(self, account: str, webhook: Webhook, is_signed: bool) -> bool:
        """Keeps a webhook, or has it kept soon; false where too many wait for that."""
        if len(self._unkept) >= ROOM:
            return False
        hint = webhook if is_signed else replace(webhook, charge_id=None)
        kept = asyncio.get_running_loop().create_future()
        self._unkept.append((webhooks.Received(account, hint, self.clock()), kept))
        self._came.set()
        await asyncio.wait([kept], timeout=ANSWER_S)
        return True

    async def run(self) -> None:
        """Keeps what comes and works on it, each account by itself."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_all())
            for account in self.config.as_accounts():
                tasks.create_task(self._work_on(account))

    async def keep(self) -> None:
        """What has come until now is in the store."""
        batch = self._unkept[:]
        if batch:
            await asyncio.to_thread(webhooks.keep, self.store, [received for received, _ in batch])
        del self._unkept[: len(batch)]
        for received, kept in batch:
            if not kept.done():
                kept.set_result(None)
            self._kept[received.account].set()

    async def _keep_all(self) -> None:
        while True:
            await self._came.wait()
            self._came.clear()
            await self._guarded("webhooks wait for the store", self.keep())
            if self._unkept:
                self._came.set()

    async def _work_on(self, account: Account) -> None:
        kept = self._kept[account.name]
        while True:
            kept.clear()
            begun = asyncio.get_running_loop().time()
            with bound(account=account.name):
                done = await self._guarded("webhooks wait", self.work(account))
            if done:
                await asyncio.sleep(REST * (asyncio.get_running_loop().time() - begun))
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(kept.wait(), LOOK_S)

    async def _guarded(self, words: str, work: Awaitable[Any]) -> Any:
        """What the work answers; where Omise, the store or the shop's files fail, it is tried again after a while."""
        try:
            return await work
        except Exception as error:
            reason = str(error).partition("\n")[0] if isinstance(error, OmiseError | JobError) else ""
            lost = "the store could not be reached" if is_lost(error) else type(error).__name__
            note(words, level="warning", reason=reason or lost)
            await asyncio.sleep(AFTER_ERROR_S)

    async def work(self, account: Account) -> bool:
        """Reads and judges what waits of an account, the oldest first; whether anything did.

        What cannot be read or judged for what it holds is left to the night: it keeps nothing after it waiting.
        """
        name = account.name
        waiting = await self._ask(webhooks.waiting, name, self.clock(), BATCH)
        forged: set[str] = set()
        case_waits: set[str] = set()
        try:
            forged |= await self._read_events(name, [item.event_id for item in waiting if not item.is_read])
            case_waits |= await self._judge(account, [item for item in waiting if item.event_id not in forged])
        except Exception as error:
            if not is_of_data(error):
                raise
            note("webhooks left to the night", level="warning", count=len(waiting), reason=place_of(error))
        now = self.clock()
        again = now + context_of(self.config, now).threshold(_WAITS, "grace", WEBHOOK_GRACE) + _MOMENT
        await self._ask(webhooks.finish, name, case_waits, forged, now, again)
        over = {item.event_id for item in waiting} - forged - case_waits
        await self._ask(webhooks.finish, name, over, (), now, None)
        return bool(waiting)

    async def _judge(self, account: Account, waiting: Sequence[webhooks.Waiting]) -> set[str]:
        """Reads what these events are about and judges its cases; the events whose case may wait for the shop."""
        name = account.name
        hints = {item.event_id: item.charge_id for item in waiting}
        objects = await self._ask(webhooks.objects_of, name, hints)
        fresh = {item.event_id for item in waiting if not item.is_read}
        owners = await self._owners(name, objects, hints)
        if fresh:
            await self._read_objects(name, filter(None, objects.values()), owners)
        subjects = {(name, kind, id) for id in (*objects.values(), *owners.values()) if (kind := _kind(id))}
        if subjects:
            outcome = await judge_cases(self.config, self.store, account, frozenset(subjects), self.clock, WHO)
            if outcome.run_id is not None:
                say(*await self.teller.run_finished(outcome, WHO))
        return {event_id for event_id in fresh if _kind(objects.get(event_id)) == "charge"}

    async def _owners(
        self, account: str, objects: Mapping[str, str | None], hints: Mapping[str, str | None]
    ) -> dict[str, str]:
        """The charge of each refund and dispute: as it is stored, else as its webhook has it."""
        hinted = {id: charge for event, id in objects.items() if id and (charge := hints.get(event))}
        parts = {id: charge for id, charge in hinted.items() if _kind(id) in _PARTS}
        stored: dict[str, str] = await self._ask(webhooks.charges_of, account, [*filter(None, objects.values())])
        return parts | stored

    async def _read_events(self, account: str, event_ids: Collection[str]) -> set[str]:
        """The events, stored; those that Omise does not know are forged."""
        access = access_of(self.config, self.store, account)
        async with self._client(access) as client:
            return set(await self._read(client, access, account, "event", event_ids))

    async def _read_objects(self, account: str, object_ids: Iterable[str], owners: Mapping[str, str]) -> None:
        """The objects as Omise says them now, with their charges and what is booked of them, stored."""
        ids: dict[str, set[Any]] = {kind: set() for kind in ("dispute", "transfer", "charge", "refund")}
        for object_id in (*object_ids, *owners.values()):
            kind = _kind(object_id)
            if kind and kind != "refund":
                ids[kind].add(object_id)
            elif object_id in owners:  # it cannot be asked for without its charge
                ids[kind].add((owners[object_id], object_id))
        access = access_of(self.config, self.store, account)
        async with self._client(access) as client:
            for kind, own in ids.items():
                await self._read(client, access, account, kind, own)
            booked = [*ids["charge"], *(id for _, id in ids["refund"])]
            missing = await self._ask(webhooks.transactions_to_read, account, booked)
            await self._read(client, access, account, "transaction", missing)

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
        async with aclosing(pull.fetch(client, kind, sorted(ids), access.scrub)) as parts:
            async for part in parts:
                if isinstance(part, pull.Batch):
                    rows += part.rows
                elif isinstance(part, pull.Missing):
                    missing.append(part.id)
        if rows:
            await asyncio.to_thread(save.save_objects, self.store, account, kind, rows, self.clock())
        return missing

    async def _ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.to_thread(function, self.store, *arguments)


def _kind(object_id: str | None) -> str:
    """The kind of an object that has a case, by its id; empty for any other."""
    return _KINDS.get(object_id.partition("_")[0], "") if object_id else ""
