"""Lets log-ins through: counts each before its password is looked at, and looks at few passwords at a time.

What is counted is a name together with an address, so that nobody elsewhere locks a person out; and an address alone,
where the name has never logged in from it. Where it has, its log-in also passes those of strangers by.
"""

import asyncio
import ipaddress
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TypeVar

from aiohttp import web

from recon.people import Person, hash_password, is_password
from recon.store.desk import access, login_tries, people
from recon.store.engine import Store, writing

T = TypeVar("T")

TRIES = 5  # of a name from an address
FROM_ONE_ADDRESS = 50  # of any names: many people may come through one proxy
WAITING = 20  # log-ins that may wait for their turn
LONGEST = 1_024  # characters of a name or a password
_FAMILIAR = timedelta(days=90)
_REMEMBERED = 10_000  # keys that are refused without a look into the store


@dataclass(frozen=True, slots=True)
class Attempt:
    """A name and a password as they were typed; `act` has the moment and the address, and the name as who acts."""

    name: str
    password: str
    act: people.Act


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nobody came in, in words for them, and the answer's status."""

    status: int
    words: str


WRONG = Refusal(401, "Name or password is wrong.")
TOO_MANY = Refusal(429, "Too many attempts: wait a quarter of an hour.")
BUSY = Refusal(503, "Too many people log in at this moment: try again in a minute.")


class Throttle:
    """Log-ins of one page: a thread for those who came from the same address before, a thread for all others."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lanes = {known: ThreadPoolExecutor(1, "log-in") for known in (False, True)}
        self._waiting = dict.fromkeys(self._lanes, 0)
        self._full: dict[str, datetime] = {}
        self._familiar: set[tuple[str, str]] | None = None

    async def admit(self, attempt: Attempt) -> Person | Refusal:
        """The person, if the password is theirs and was not guessed at too often; a refusal is in the access log."""
        act = attempt.act
        if self._familiar is None:
            since = act.at - _FAMILIAR
            self._familiar = await asyncio.to_thread(access.places_of_log_ins, self._store, since)
        known = (attempt.name, act.address or "") in self._familiar
        limits = _limits(attempt, known)
        if any(self._full.get(key, act.at) > act.at for key in limits):
            return TOO_MANY
        if len(attempt.name) > LONGEST or len(attempt.password) > LONGEST:
            return WRONG
        if self._waiting[known] >= WAITING:
            return BUSY
        admitted = await self._in_lane(known, lambda: self._look(attempt, limits))
        if isinstance(admitted, Person):
            self._familiar.add((admitted.name, act.address or ""))
        return admitted

    async def may_sign_on(self, act: people.Act) -> bool:
        """Whether an address may come back from a provider once more; counted like any log-in without a name."""
        key = _of_address(act)
        if self._full.get(key, act.at) > act.at:
            return False
        return await asyncio.to_thread(self._count, {key: FROM_ONE_ADDRESS}, act)

    async def signed_on(self, act: people.Act) -> None:
        """That was no guess."""
        await asyncio.to_thread(self._forgive, "", [_of_address(act)])

    async def hashing(self, work: Callable[[], T]) -> T:
        """Work with the passwords of people who are in already, in their thread."""
        return await self._in_lane(True, work)

    def is_news(self, address: str, now: datetime) -> bool:
        """Whether a token of this address was not refused within the last quarter of an hour."""
        key = f"token {_network(address)}"
        if self._full.get(key, now) > now:
            return False
        self._remember({key: now + login_tries.WITHIN}, now)
        return True

    def close(self) -> None:
        """No more log-ins."""
        for lane in self._lanes.values():
            lane.shutdown(cancel_futures=True)

    async def _in_lane(self, known: bool, work: Callable[[], T]) -> T:
        self._waiting[known] += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._lanes[known], work)
        finally:
            self._waiting[known] -= 1

    def _look(self, attempt: Attempt, limits: Mapping[str, int]) -> Person | Refusal:
        """Counts, then hashes; in a lane's thread."""
        act = attempt.act
        credentials = people.credentials(self._store, attempt.name)
        why = "wrong password" if credentials else "no such user"
        if credentials is None and people.is_disabled(self._store, attempt.name):
            why = "disabled"
        # What nobody is called may be a password, typed into the wrong field.
        act = replace(act, who="" if why == "no such user" else attempt.name)
        if not self._count(limits, act):
            return TOO_MANY
        hashed = (credentials and credentials[1]) or _nobody()  # of single sign-on there is none, either
        is_right = is_password(attempt.password, hashed)
        if credentials and is_right:
            key, *also = limits
            self._forgive(key, also)
            return credentials[0]
        with writing(self._store, "people") as connection:
            people.log(connection, act, access.LOG_IN, access.REFUSED, why)
        return WRONG

    def _count(self, limits: Mapping[str, int], act: people.Act) -> bool:
        """One more try; false, with a line in the access log, where there were too many."""
        with writing(self._store, "people") as connection:
            full = login_tries.count(connection, limits, act.at)
            if full:
                people.log(connection, act, access.LOCK_OUT, access.REFUSED, TOO_MANY.words)
        self._remember(full, act.at)
        return not full

    def _forgive(self, key: str, also: Sequence[str]) -> None:
        with writing(self._store, "people") as connection:
            login_tries.forgive(connection, key, also)

    def _remember(self, full: Mapping[str, datetime], now: datetime) -> None:
        if len(self._full) > _REMEMBERED:
            self._full = {key: until for key, until in self._full.items() if until > now}
        self._full.update(full)


THROTTLE = web.AppKey("throttle", Throttle)


def _limits(attempt: Attempt, known: bool) -> dict[str, int]:
    """How many tries each key has; the first is of the name."""
    address = attempt.act.address or ""
    limits = {people.digest(f"name {attempt.name} from {address}"): TRIES}
    return limits if known else {**limits, _of_address(attempt.act): FROM_ONE_ADDRESS}


def _of_address(act: people.Act) -> str:
    return people.digest(f"from {_network(act.address or '')}")


def _network(address: str) -> str:
    """An IPv4 address; of IPv6 the network that one subscriber has."""
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return address
    return address if version == 4 else str(ipaddress.ip_network(f"{address}/64", strict=False))


@cache
def _nobody() -> str:
    """A hash that takes as long to look at as a real one."""
    return hash_password(secrets.token_urlsafe(32))
