"""Log-ins that are guessed at: counted before they are hashed, by name and address together, across restarts."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from recon.people import Person, Role
from recon.store.desk import access, people
from recon.store.engine import Store, open_store
from reports.page.access import throttle as throttling
from reports.page.access.throttle import BUSY, FROM_ONE_ADDRESS, TOO_MANY, TRIES, WAITING, WRONG, Attempt, Throttle
from tests.kit.page import HASH, PASSWORD
from tests.kit.store_samples import fresh_url

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OFFICE, HOME, ELSEWHERE = "198.51.100.4", "2001:db8:1:2::7", "203.0.113.9"
ANNA = Person("anna", Role.ANALYST)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr("recon.people._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    store = open_store(fresh_url("sqlite", tmp_path))
    people.add_user(store, ANNA, HASH, people.Act("ada", NOON))
    yield store
    store.dispose()


@pytest.fixture
def throttle(store: Store) -> Iterator[Throttle]:
    throttle = Throttle(store)
    yield throttle
    throttle.close()


def attempt(password: str, address: str, name: str = "anna", at: datetime = NOON) -> Attempt:
    return Attempt(name, password, people.Act(name, at, address=address))


async def guess(throttle: Throttle, address: str, times: int, name: str = "anna", at: datetime = NOON) -> None:
    for number in range(times):
        assert await throttle.admit(attempt(f"guess {number}", address, name, at)) == WRONG


async def test_an_outsider_locks_nobody_out_but_themselves(store: Store, throttle: Throttle) -> None:
    await guess(throttle, ELSEWHERE, TRIES)
    assert await throttle.admit(attempt(PASSWORD, ELSEWHERE)) == TOO_MANY, "the right password, too"
    assert await throttle.admit(attempt(PASSWORD, OFFICE)) == ANNA
    assert await throttle.admit(attempt(PASSWORD, ELSEWHERE, at=NOON + timedelta(minutes=16))) == ANNA
    _, entries = access.find(store, access.Wanted(what=access.LOCK_OUT), 0, 10)
    assert [(entry.who, entry.address, entry.result) for entry in entries] == [("anna", ELSEWHERE, "refused")]


async def test_it_survives_a_restart(store: Store, throttle: Throttle) -> None:
    await guess(throttle, ELSEWHERE, TRIES)
    restarted = Throttle(store)
    assert await restarted.admit(attempt(PASSWORD, ELSEWHERE)) == TOO_MANY
    restarted.close()


async def test_nothing_is_hashed_once_there_were_too_many(
    throttle: Throttle, monkeypatch: pytest.MonkeyPatch
) -> None:
    await guess(throttle, ELSEWHERE, TRIES)
    hashed: list[str] = []
    monkeypatch.setattr(throttling, "is_password", lambda password, _: hashed.append(password))
    for _ in range(100):
        assert await throttle.admit(attempt("one more", ELSEWHERE)) == TOO_MANY
    assert hashed == []


async def test_one_address_tries_many_names_and_no_more(store: Store, throttle: Throttle) -> None:
    """A subscriber's IPv6 network counts as one; who logged in from there before still does."""
    people.open_session(store, "secret", "csrf", people.Act("anna", NOON - timedelta(days=1), address=HOME))
    for number in range(FROM_ONE_ADDRESS):
        await guess(throttle, f"2001:db8:1:2::{number:x}", 1, f"name {number}")
    assert await throttle.admit(attempt("guess", "2001:db8:1:2::ffff", "another")) == TOO_MANY
    assert await throttle.admit(attempt("guess", "2001:db8:1:3::1", "another")) == WRONG
    assert await throttle.admit(attempt(PASSWORD, HOME)) == ANNA


async def test_a_subscriber_is_listed_once_for_tokens_that_do_not_hold(throttle: Throttle) -> None:
    first, *more = (throttle.is_news(f"2001:db8::{host}", NOON) for host in range(1, 4))
    assert (first, any(more)) == (True, False)
    assert throttle.is_news("2001:db8:0:1::1", NOON)


async def test_successes_are_no_tries(throttle: Throttle) -> None:
    await guess(throttle, OFFICE, TRIES - 1)
    for _ in range(FROM_ONE_ADDRESS + 1):
        assert await throttle.admit(attempt(PASSWORD, OFFICE)) == ANNA
    await guess(throttle, OFFICE, TRIES - 1)


async def test_few_wait_and_those_known_at_their_address_do_not_wait_behind_strangers(throttle: Throttle) -> None:
    assert await throttle.admit(attempt(PASSWORD, OFFICE)) == ANNA
    strangers = [attempt("guess", f"203.0.113.{number}") for number in range(WAITING * 2)]
    crowd = asyncio.gather(*map(throttle.admit, strangers))
    await asyncio.sleep(0)
    assert await throttle.admit(attempt(PASSWORD, OFFICE)) == ANNA
    answers = await crowd
    assert answers.count(BUSY) == WAITING
    assert answers.count(WRONG) == WAITING


@pytest.mark.parametrize(("name", "password"), [("x" * 5_000, PASSWORD), ("anna", "x" * 5_000)])
async def test_what_is_too_long_is_not_hashed(
    name: str, password: str, throttle: Throttle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling, "is_password", lambda *_: pytest.fail("hashed"))
    assert await throttle.admit(attempt(password, OFFICE, name)) == WRONG
