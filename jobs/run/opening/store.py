"""Opens the store that a command or a service works on: migrated, masked by today's rules, its clock looked at.

Who writes is held to the keys that the store goes on with, and says once which store it is.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

from jobs.config.config import Config
from jobs.run.moments.later_moments import say_later_moments, say_store
from jobs.run.opening.login import system_login
from jobs.run.outcome import JobError
from recon.model import ObjectRow
from recon.privacy import RULES
from recon.store import migrate
from recon.store.desk import audit
from recon.store.engine import LOGIN, SQLITE, DiskFull, Store, open_store, reading, shown_url, writing
from recon.store.versions import customers
from recon.store.versions.archive import keep_in
from recon.store.versions.customers import Customers, keep_customers
from recon.store.versions.masking import is_masked


def open_ready_store(config: Config, *, writes: bool = False) -> Store:
    """The store, migrated: SQLite by itself, after a copy of an older file; PostgreSQL says what to run.

    Raises JobError where it `writes` and a key that the store goes on with is not at hand.
    """
    try:
        store = open_store(config.store_url)
        try:
            _make_ready(config, store)
            if writes:
                hold_to_keys(config, store)
        except BaseException:
            store.dispose()
            raise
    except migrate.OtherVersion as error:
        raise JobError(*error.messages) from None
    except DiskFull:
        raise
    except (OSError, ValueError) as error:
        raise JobError(f"store.url: {error}") from None
    return store


def _make_ready(config: Config, store: Store) -> None:
    store.update_execution_options(**{LOGIN: system_login()})
    keep_in(store, config.store.archive)
    if store.dialect.name == SQLITE:
        migrate.upgrade(store)
    elif not migrate.is_current(store):
        raise JobError("the store's tables are not up to date: run `recon db upgrade`")
    if not is_masked(store, RULES):
        from jobs.run.opening.masking import mask_what_is_stored  # late: once for each set of rules

        mask_what_is_stored(config, store, datetime.now(UTC))
    keep_customers(store, Customers(config.hash_key, _without_hashes, _texts_without_hashes))


def hold_to_keys(config: Config, store: Store) -> None:
    """Raises JobError where a key is not the one that the store goes on with; the first hash key begins here."""
    messages = [
        words for words in config.unset_secrets() if words.startswith(("store.audit_key", "privacy.hash_key"))
    ]
    with reading(store) as connection:
        is_begun = customers.key_in_force(connection) is not None
        lacking = audit.lacking_key(connection, config.audit_key), customers.lacking_key(connection, config.hash_key)
    messages = messages or [words for words in lacking if words]
    if messages:
        raise JobError(*(f"{words}; nothing was written" for words in messages))
    if config.hash_key is not None and not is_begun:
        with writing(store, "hash key") as connection:
            if customers.key_in_force(connection) is None:
                customers.begin_key(connection, config.hash_key.ids[-1], datetime.now(UTC))


def _without_hashes(kind: str, row: ObjectRow) -> ObjectRow:
    from recon.omise.objects import stored_object  # late: few commands save anything

    return stored_object(kind, row.raw, lambda _: None)


def _texts_without_hashes(description: str | None, metadata: str | None) -> tuple[str | None, str | None]:
    from recon.omise.hashes import StoredHashes  # late, as above

    return StoredHashes(lambda _: None).texts(description, metadata)


@contextmanager
def ready_store(config: Config, *, writes: bool = False) -> Iterator[Store]:
    """The store for the block, its connections closed after it."""
    store = open_ready_store(config, writes=writes)
    try:
        say_later_moments(store)
        if writes:
            say_store(shown_url(store))
        yield store
    finally:
        store.dispose()


@asynccontextmanager
async def opened_store(config: Config) -> AsyncIterator[Store]:
    """The store for the block, opened and closed beside the event loop.

    One that was being opened when nobody waited any more is closed, too.
    """
    opening = asyncio.create_task(asyncio.to_thread(open_ready_store, config, writes=True))
    try:
        store = await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise
    try:
        say_store(shown_url(store))
        yield store
    finally:
        await asyncio.to_thread(store.dispose)


def _close(opening: "asyncio.Task[Store]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().dispose()
