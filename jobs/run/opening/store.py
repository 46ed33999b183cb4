"""Opens the store that a command or a service works on: migrated, masked by today's rules, its clock looked at."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

from jobs.config.config import Config
from jobs.run.moments.later_moments import say_later_moments
from jobs.run.opening.login import system_login
from jobs.run.outcome import JobError
from recon.privacy import RULES
from recon.store import migrate
from recon.store.engine import LOGIN, SQLITE, Store, open_store
from recon.store.versions.archive import keep_in
from recon.store.versions.masking import is_masked


def open_ready_store(config: Config) -> Store:
    """The store, migrated: SQLite by itself, after a copy of an older file; PostgreSQL says what to run."""
    try:
        store = open_store(config.store_url)
        store.update_execution_options(**{LOGIN: system_login()})
        keep_in(store, config.store.archive)
        if store.dialect.name == SQLITE:
            migrate.upgrade(store)
        elif not migrate.is_current(store):
            store.dispose()
            raise JobError("the store's tables are not up to date: run `recon db upgrade`")
        if not is_masked(store, RULES):
            from jobs.run.opening.masking import mask_what_is_stored  # late: once for each set of rules

            mask_what_is_stored(config, store, datetime.now(UTC))
    except migrate.OtherVersion as error:
        raise JobError(f"store: {error}") from None
    except (OSError, ValueError) as error:
        raise JobError(f"store.url: {error}") from None
    return store


@contextmanager
def ready_store(config: Config) -> Iterator[Store]:
    """The store for the block, its connections closed after it."""
    store = open_ready_store(config)
    try:
        say_later_moments(store)
        yield store
    finally:
        store.dispose()


@asynccontextmanager
async def opened_store(config: Config) -> AsyncIterator[Store]:
    """The store for the block, opened and closed beside the event loop.

    One that was being opened when nobody waited any more is closed, too.
    """
    opening = asyncio.create_task(asyncio.to_thread(open_ready_store, config))
    try:
        store = await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise
    try:
        yield store
    finally:
        await asyncio.to_thread(store.dispose)


def _close(opening: "asyncio.Task[Store]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().dispose()
