"""Two rotations of each key, an erased customer, a retention run: all is proved, and nothing of the customer left."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from recon.privacy import HashKey, key_id
from recon.store import migrate
from recon.store.engine import open_store
from tests.kit import canaries, postgresql
from tests.kit.file_texts import hashes_in
from tests.kit.job import FIRST, LAST, Job, job
from tests.kit.receivers import webhook
from tests.kit.rotated_keys import (
    FIRST_KEY,
    KEYS,
    archive,
    book_of,
    configure,
    done,
    hashes,
    keys,
    plant,
    recon,
    state,
)
from tests.kit.store_samples import DATABASES

pytestmark = pytest.mark.proof
CUSTOMER = "buyer-canary@example.com"
DAYS = ("--from", str(FIRST), "--to", str(LAST))


@contextmanager
def database(name: str) -> Iterator[tuple[str | None, Path | None]]:
    """The URL of a store beside the job's own, and the folder of its files; nothing for SQLite."""
    if name == "sqlite":
        yield None, None
        return
    server = postgresql.own_server()
    if server is None:
        pytest.skip("no PostgreSQL of our own here")
    server.start()
    try:
        store = open_store(server.url)
        migrate.upgrade(store)
        store.dispose()
        yield server.url, server.folder / "data" / "base"
    finally:
        server.stop()


async def said(made: Job, places: list[tuple[str, bytes]], *words: str | Path) -> None:
    """A command is done; what it prints and logs is looked through later."""
    result = await asyncio.to_thread(recon, made, *map(str, words))
    assert result.exit_code == 0, result.output
    places += [(f"{words[0]}: stdout", result.stdout_bytes), (f"{words[0]}: stderr", result.stderr_bytes)]


@pytest.mark.parametrize("kind", DATABASES)
async def test_keys_are_rotated_a_customer_is_erased_and_all_stays_proved(tmp_path: Path, kind: str) -> None:
    places: list[tuple[str, bytes]] = []
    with database(kind) as (url, files):
        async with job(tmp_path, orders=30, accounts=("th",)) as made, webhook() as hook:
            (tmp_path / "keys" / "urls").write_text(hook.url, encoding="utf-8")
            configure(made, url, more='\n[alerts]\nurls = { file = "keys/urls" }\n')
            plant(made, CUSTOMER)
            until = made.world.as_of.isoformat()
            await said(made, places, "run", *DAYS, "--as-of", until, "--json")
            old_book = book_of((await made.run(report=True)).reports)
            before = state(made)
            done(made, "sign", str(old_book), "--as", "preparer", "--reason", "known")
            archive(made)
            look_at_values(url)
            first = hashes(made)
            assert {found.partition("_")[0] for found in first} == {key_id(FIRST_KEY.format("hash").encode())}

            await rotate_twice(made, places)
            newest = HashKey(tuple(keys(made, "hash")[::-1]))
            assert len(newest.keys) == len(keys(made, "audit")) == 3
            assert hashes(made) == {str(newest.renewed(found)) for found in first}, "none of an earlier key is left"
            done(made, "verify", str(old_book), "--audit")
            await made.run()
            assert state(made) == before, "nothing came anew under the new key"

            look_at_values(url)
            gone = {newest.hash(CUSTOMER)}
            assert gone <= hashes(made)
            erased = done(made, "erase", "--customer", f" {CUSTOMER.upper()}")
            assert erased["rows"].keys() == {"charge", "order"}
            assert erased["files"]
            assert old_book.name in erased["workbooks"]
            left = hashes(made)
            assert left < {str(newest.renewed(found)) for found in first}
            assert not gone & left
            await said(made, places, "erase", "--customer", CUSTOMER)
            new_book = book_of((await made.run(full=True, report=True)).reports)
            assert (state(made), hashes(made)) == (before, left), "it does not come again"
            for book in (old_book, new_book):
                done(made, "verify", str(book), "--audit")

            assert (await asyncio.to_thread(done, made, "retention", "apply"))["rows"]
            assert (await asyncio.to_thread(done, made, "retention", "apply"))["rows"] == {}
            last_book = book_of((await made.run(full=True, report=True)).reports)
            assert hashes(made) == set()
            for book in (old_book, new_book, last_book):
                done(made, "verify", str(book), "--audit")
            await handed_out(made, places)
            places += await canaries.pages_of(made)
            places += canaries.kept_by(made)
        places += [("webhook", json.dumps(body).encode()) for _, body in hook.calls]
        assert hook.calls
        if files is not None:
            places += on_disk(url, files)
        assert [name for name, text in places if b"buyer-canary" in text.lower()] == []
        assert [name for name, text in places if hashes_in([text])] == []
        lacking_a_key(made)


async def rotate_twice(made: Job, places: list[tuple[str, bytes]]) -> None:
    for _ in range(2):
        for name in KEYS:
            count = len(keys(made, name))
            await said(made, places, "keys", "rotate", name)
            assert len(keys(made, name)) == count + 1


async def handed_out(made: Job, places: list[tuple[str, bytes]]) -> None:
    """Everything that leaves the house once more, into the job's folder or onto the screen."""
    until = ("--as-of", made.world.as_of.isoformat())
    commands: tuple[tuple[str | Path, ...], ...] = (
        ("run", *DAYS, *until, "--json"),
        ("run", *DAYS, "--no-pull", "--no-alert", "--format", "csv"),
        ("run", *DAYS, "--no-pull", "--no-alert", "--format", "parquet"),
        ("journal", *DAYS, "--out", made.folder / "journal.csv"),
        ("rulings", "export", made.folder / "rulings.xlsx"),
        ("breaks", "list", "--json"),
        ("matches", "list", *DAYS, "--json"),
        ("db", "archive", "--before", "2026-11-01"),
        ("check",),
    )
    for words in commands:
        await said(made, places, *words)
    for name in ("journal.csv", "rulings.xlsx"):
        assert (made.folder / name).stat().st_size > 1_000


def look_at_values(url: str | None) -> None:
    """PostgreSQL keeps the common values of each column, as it does by itself now and then."""
    if url is None:
        return
    store = open_store(url)
    with store.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    store.dispose()


def on_disk(url: str | None, folder: Path) -> list[tuple[str, bytes]]:
    """The files of PostgreSQL's tables, with all that is remembered written to them."""
    store = open_store(str(url))
    with store.connect() as connection:
        connection.exec_driver_sql("CHECKPOINT")
        found = connection.exec_driver_sql("SELECT pg_relation_filepath(oid), relname FROM pg_class").all()
    store.dispose()
    tables = {str(path).rpartition("/")[2]: name for path, name in found}
    return [(tables.get(path.name, str(path)), path.read_bytes()) for path in folder.rglob("*") if path.is_file()]


def lacking_a_key(made: Job) -> None:
    """A key that is gone is named, and what it made is called not proved, never edited."""
    path = made.folder / "keys" / "audit"
    lines = keys(made, "audit")
    path.write_bytes(b"\n".join([lines[0], *lines[2:]]))
    lacking = recon(made, "verify", "--audit")
    assert lacking.exit_code == 1
    assert f"key {key_id(lines[1])}, which made them, is not in [store] audit_key" in lacking.output
    assert "edited" not in lacking.output
