"""Migrations: from nothing, up to date, down again, a copy first, a store too new."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, inspect

from recon.store import migrate
from recon.store.engine import open_store, writing
from recon.store.migrate import StoreTooNew
from recon.store.tables import METADATA
from tests.store_samples import DATABASES, fresh_url


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    engine = open_store(fresh_url(request.param, tmp_path, migrated=False))
    yield engine
    engine.dispose()


def test_from_nothing_to_exactly_the_tables_and_down_again(store: Engine) -> None:
    assert (migrate.current(store), migrate.is_current(store)) == (None, False)
    applied = migrate.upgrade(store)
    assert applied
    assert applied[-1] == migrate.current(store)
    assert migrate.is_current(store)
    assert migrate.upgrade(store) == []
    with writing(store) as connection:
        command.check(migrate.alembic_config(connection))
        assert set(inspect(connection).get_table_names()) == {*METADATA.tables, "alembic_version"}
        command.downgrade(migrate.alembic_config(connection), "base")
    with writing(store) as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]


def test_keys_and_indexes_are_those_of_the_tables(store: Engine) -> None:
    migrate.upgrade(store)
    found = inspect(store)
    for name, table in METADATA.tables.items():
        key = found.get_pk_constraint(name)
        assert key["constrained_columns"] == [column.name for column in table.primary_key]
        assert key["name"] == f"pk_{name}"
        indexes = {index["name"]: index["column_names"] for index in found.get_indexes(name)}
        assert indexes == {index.name: [column.name for column in index.columns] for index in table.indexes}


def older(store: Engine) -> None:
    with writing(store) as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0000')")


def test_a_fresh_file_is_not_copied(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/recon.db")
    migrate.upgrade(store)
    store.dispose()
    assert [path.name for path in tmp_path.iterdir()] == ["recon.db"]


def test_an_older_file_is_copied_whole_before_it_changes(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/recon.db")
    with writing(store) as connection:
        connection.exec_driver_sql("CREATE TABLE kept (value TEXT)")
        connection.exec_driver_sql("INSERT INTO kept VALUES ('still here')")
    for expected in ("recon.db.0000.bak", "recon.db.0000.bak.2"):
        target = migrate.copy_beside(store, "0000")
        assert target.name == expected
        copy = sqlite3.connect(target)
        assert copy.execute("SELECT value FROM kept").fetchall() == [("still here",)]
        copy.close()
    store.dispose()


def test_a_store_of_a_later_version_is_refused(store: Engine) -> None:
    migrate.upgrade(store)
    with writing(store) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew, match="9999"):
        migrate.upgrade(store)
    with pytest.raises(StoreTooNew, match="9999"):
        migrate.is_current(store)
