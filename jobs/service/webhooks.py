"""Takes webhooks, reads at Omise what they name, has its cases judged and tells what is new.

A webhook is only a reason to look: its event is asked for by id, and what counts is the object as Omise says it now.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from jobs.alerts.send import Teller
from jobs.config.config import Config
from jobs.logs.errors import note, say
from jobs.logs.logs import bound
from jobs.run.cases import judge_cases
from jobs.run.judging_request import context_of
from jobs.run.outcome import JobError, place_of
from jobs.service.webhook_reading import ONE_BY_ONE, WebhookReading, kind_of
from recon.model import Account, Webhook
from recon.omise.client import OmiseError
from recon.omise.webhooks import key_of
from recon.settings import WEBHOOK_GRACE
from recon.store.engine import Store, is_lost, is_of_data
from recon.store.queue import webhooks
from recon.store.queue.webhooks import Waiting
from reports.page.webhooks import WebhookAccount

WHO = "webhook"
ROOM = 10_000  # webhooks that wait to be kept; each is three short texts
ANSWER_S = 0.8  # what is not kept by then is answered, and kept as soon as the store lets it
LOOK_S = 15.0  # at the latest, for what is to be judged again
AFTER_ERROR_S = 30.0
REST = 2.0  # of an account its judging rests for so many times as long as it took
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
    _judging_s: dict[str, float] = field(default_factory=dict)  # how long it took last, by account

    def __post_init__(self) -> None:
        self._keys = signing_keys(self.config)
        self._reading = WebhookReading(self.config, self.store, self.clock)
        # once: the context has every calendar and the whole book of methods
        self._grace = context_of(self.config, self.clock()).threshold(_WAITS, "grace", WEBHOOK_GRACE)
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
            with bound(account=account.name):
                done = await self._guarded("webhooks wait", self.work(account))
            if done:
                await asyncio.sleep(REST * self._judging_s.pop(account.name, 0.0))
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
        waiting = await self._reading.next(name)
        if not waiting:
            return False
        forged: set[str] = set()
        case_waits: set[str] = set()
        parts = [waiting]
        while parts:
            part = parts.pop()
            try:
                forged |= await self._reading.events(name, [item.event_id for item in part if not item.is_read])
                case_waits |= await self._judge(account, [item for item in part if item.event_id not in forged])
            except Exception as error:
                if not is_of_data(error):
                    raise
                if len(part) > ONE_BY_ONE:
                    parts += [part[at : at + ONE_BY_ONE] for at in range(0, len(part), ONE_BY_ONE)]
                else:
                    note("webhooks left to the night", level="warning", count=len(part), reason=place_of(error))
        now = self.clock()
        await self._ask(webhooks.finish, name, case_waits, forged, now, now + self._grace + _MOMENT)
        over = {item.event_id for item in waiting} - forged - case_waits
        await self._ask(webhooks.finish, name, over, (), now, None)
        return True

    async def _judge(self, account: Account, waiting: Sequence[Waiting]) -> set[str]:
        """Reads what these events are about and judges its cases; the events whose case may wait for the shop."""
        name = account.name
        hints = {item.event_id: item.charge_id for item in waiting}
        objects = await self._ask(webhooks.objects_of, name, hints)
        owners = await self._owners(name, objects, hints)
        wanted: dict[str, datetime] = {}
        for item in waiting:
            if (id := objects.get(item.event_id)) and not item.is_read:
                wanted[id] = max(wanted.get(id, item.received_at), item.received_at)
        await self._reading.objects(name, wanted, owners)
        subjects = {(name, kind, id) for id in (*objects.values(), *owners.values()) if (kind := kind_of(id))}
        if subjects:
            begun = asyncio.get_running_loop().time()
            outcome = await judge_cases(self.config, self.store, account, frozenset(subjects), self.clock, WHO)
            self._judging_s[name] = asyncio.get_running_loop().time() - begun
            if outcome.run_id is not None:
                note("webhooks found something", run=outcome.run_id, then=f"recon breaks list --account {name}")
                say(*await self.teller.run_finished(outcome, WHO))
        fresh = [item.event_id for item in waiting if not item.is_read]
        return {event_id for event_id in fresh if kind_of(objects.get(event_id)) == "charge"}

    async def _owners(
        self, account: str, objects: Mapping[str, str | None], hints: Mapping[str, str | None]
    ) -> dict[str, str]:
        """The charge of each refund and dispute: as it is stored, else as its webhook has it."""
        hinted = {id: charge for event, id in objects.items() if id and (charge := hints.get(event))}
        parts = {id: charge for id, charge in hinted.items() if kind_of(id) in _PARTS}
        stored: dict[str, str] = await self._ask(webhooks.charges_of, account, [*filter(None, objects.values())])
        return parts | stored

    async def _ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.to_thread(function, self.store, *arguments)
