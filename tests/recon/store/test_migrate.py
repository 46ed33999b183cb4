"""Migrations: from nothing, up to date, down again, a copy first, a store too new."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, MetaData, insert, inspect, select
from sqlalchemy.engine.interfaces import ReflectedIndex

from recon.store import migrate
from recon.store.desk.workbook_bytes import content_of, sha256_of
from recon.store.engine import Store, open_store, reading, writing
from recon.store.migrate import OtherVersion
from recon.store.migrations import run_script
from recon.store.schema import METADATA
from recon.store.versions.save import save_objects
from tests.kit.store_samples import DATABASES, NOON, charge, count, fresh_url

WORKBOOK = b"a workbook's bytes"


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = open_store(fresh_url(request.param, tmp_path, migrated=False))
    yield store
    store.dispose()


@pytest.fixture(params=DATABASES)
def ready(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A copy of one that was upgraded from nothing."""
    store = open_store(fresh_url(request.param, tmp_path))
    yield store
    store.dispose()


@pytest.fixture(scope="module", params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def as_new(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A copy of one that was upgraded from nothing, of all tests that only look at its tables."""
    store = open_store(fresh_url(database, tmp_path_factory.mktemp("store")))
    yield store
    store.dispose()


@pytest.fixture(scope="module")
def carried_over(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One of the last development revision as it was carried over, WORKBOOK among its rows; only looked at."""
    store = open_store(fresh_url(database, tmp_path_factory.mktemp("store"), migrated=False))
    at_0014(store)
    with writing(store) as connection:
        known = MetaData()
        known.reflect(connection, only=["workbook"])
        row = connection.execute(select(known.tables["workbook"])).mappings().one()
        added = {**row, "sha256": sha256_of(WORKBOOK), "content": WORKBOOK}
        connection.execute(insert(known.tables["workbook"]), added)
    migrate.upgrade(store)
    yield store
    store.dispose()


def test_from_nothing_to_exactly_the_tables_and_down_again(store: Store) -> None:
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


def _own(indexes: list[ReflectedIndex]) -> list[ReflectedIndex]:
    """Those that are not a unique constraint's, which PostgreSQL lists too."""
    return [index for index in indexes if "duplicates_constraint" not in index]


def test_keys_and_indexes_are_those_of_the_tables(as_new: Store) -> None:
    found = inspect(as_new)
    for name, table in METADATA.tables.items():
        key = found.get_pk_constraint(name)
        assert key["constrained_columns"] == [column.name for column in table.primary_key]
        indexes = {index["name"]: index["column_names"] for index in _own(found.get_indexes(name))}
        assert indexes == {index.name: [column.name for column in index.columns] for index in table.indexes}


def indexes_as_text(connection: Connection, schema: str = "public") -> dict[str, str]:
    """What makes each index, conditions included, as the database says it."""
    if connection.dialect.name == "sqlite":
        found = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
    else:
        found = f"SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = '{schema}'"
    listed = connection.exec_driver_sql(found).all()
    return {name: text.replace(f"{schema}.", "") for name, text in listed if "alembic" not in name}


def test_indexes_hold_the_rows_that_the_tables_say(as_new: Store, tmp_path: Path) -> None:
    """Alembic compares names and columns of indexes, not their conditions."""
    with writing(as_new) as connection:
        migrated = indexes_as_text(connection)
        if connection.dialect.name == "sqlite":
            declared = open_store(f"sqlite:///{tmp_path}/declared.db")
            with writing(declared) as other:
                METADATA.create_all(other)
                assert migrated == indexes_as_text(other)
            declared.dispose()
        else:
            connection.exec_driver_sql("CREATE SCHEMA declared")
            METADATA.create_all(connection.execution_options(schema_translate_map={None: "declared"}))
            assert migrated == indexes_as_text(connection, "declared")
    assert sum(" WHERE " in text for text in migrated.values()) > 10


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_postgresql_orders_texts_by_their_bytes(as_new: Store) -> None:
    with reading(as_new) as connection:
        found = connection.exec_driver_sql(
            "SELECT DISTINCT collation_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND data_type = 'text' AND table_name <> 'alembic_version'"
        )
        assert found.scalars().all() == ["C"]


def rows(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    names = {*inspect(connection).get_table_names()} - {"alembic_version"}
    return {name: [*map(tuple, connection.exec_driver_sql(f'SELECT * FROM "{name}"'))] for name in sorted(names)}


def fill(connection: Connection) -> None:
    """Puts a row into each table that has none: texts "x" and numbers 1, so that keys agree."""
    plain = {str: "x", int: 1, bool: True, bytes: b"x", date: NOON.date()}
    empty, known = {name for name, found in rows(connection).items() if not found}, MetaData()
    known.reflect(connection, only=sorted(empty))
    for table in known.sorted_tables:
        if table.name in empty:
            connection.execute(table.insert(), {c.name: plain[c.type.python_type] for c in table.columns})


def at_0014(store: Store) -> None:
    """Makes the tables as the last revision before the first release had them, with a row in each."""
    with writing(store) as connection:
        run_script(connection, Path(__file__).parents[2] / "kit" / "store_at_0014.sql")
        for charge_id, name in (("chrg_1", ""), ("chrg_2", "A-1")):
            connection.exec_driver_sql(f"INSERT INTO loose_charge VALUES ('x', '{charge_id}', '{name}')")
        fill(connection)


def test_a_store_of_the_last_development_revision_is_carried_over_with_its_rows(store: Store) -> None:
    at_0014(store)
    with reading(store) as connection:
        before = rows(connection)
    assert migrate.current(store) == migrate.LAST_DEVELOPMENT
    assert not migrate.is_current(store)
    assert migrate.upgrade(store) == ["0015"]
    assert migrate.is_current(store)
    with writing(store) as connection:
        command.check(migrate.alembic_config(connection))
        after = rows(connection)
        gone = {name: before.pop(name) for name in ("loose_charge", "named_window")}
        chunks = {name: found.pop("workbook_chunk") for name, found in (("then", before), ("now", after))}
        assert chunks == {"then": [("x", 1, b"x")], "now": [("x", 1, b"x")]}, "it had chunks beside its content"
        before["workbook"] = [row[:-1] for row in before["workbook"]]
        new = {name for name in after if name.startswith("journal_")}
        new |= {"charge_name", "charge_name_rules", "kept_aside", "masking", "order_reference", "unread_bank"}
        new |= {"access", "ledger_day", "login_try", "names_looked_at", "unstored_name", "webhook"}
        new |= {"forgotten", "hash_key", "retention"}
        assert len(new) == 18
        before["user"] = [(*row, None, None, None) for row in before["user"]]
        before["session"] = [(*row, None, None) for row in before["session"]]
        before["token"] = [(*row, None) for row in before["token"]]
        before["attempt"] = [(*row, None, None) for row in before["attempt"]]  # what it waits on, whether it yields
        assert all(after.pop(name) == [] for name in new)
        made = {"unmatched_charge": after.pop("unmatched_charge")}
        before["order"] = [(*row, None) for row in before["order"]]
        before["break"] = [
            (*row, None, " ".join("x" * 8), 1) for row in before["break"]
        ]  # as it is searched and sorted
        before["sign_off"] = [(*row, None) for row in before["sign_off"]]
        before["receipt"] = [(*row, None) for row in before["receipt"]]
        before["dispute"] = [(*row, None) for row in before["dispute"]]
        before["rejected_row"] = [(*row[:7], *[None] * 5, *row[7:]) for row in before["rejected_row"]]
        assert [tuple(sorted(map(str, row))) for row in after["rejected_row"]] == [
            tuple(sorted(map(str, row))) for row in before.pop("rejected_row")
        ]
        assert after.pop("rejected_row")
        assert after == before
        assert gone["loose_charge"] == [("x", "chrg_1", ""), ("x", "chrg_2", "A-1")]
        assert made == {"unmatched_charge": [("x", "chrg_1")]}
        with pytest.raises(RuntimeError, match="evidence is in the archive"):
            command.downgrade(migrate.alembic_config(connection), "base")
        connection.exec_driver_sql("DELETE FROM archive_file")
        command.downgrade(migrate.alembic_config(connection), "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]


def test_a_store_that_another_process_carries_over_meanwhile_is_left_to_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_0014(store)
    monkeypatch.setattr(migrate, "current", lambda _store: migrate.LAST_DEVELOPMENT)  # as both of them saw it
    for _ in range(2):
        migrate.upgrade(store, backup=False)
    monkeypatch.undo()
    assert migrate.is_current(store)


def test_a_workbook_of_before_there_were_chunks_is_carried_over_whole(carried_over: Store) -> None:
    assert content_of(carried_over, sha256_of(WORKBOOK)) == WORKBOOK


def test_a_carried_over_store_has_the_tables_and_indexes_of_a_new_one(carried_over: Store, as_new: Store) -> None:
    with reading(carried_over) as connection, reading(as_new) as other:
        assert indexes_as_text(connection) == indexes_as_text(other)


def test_a_step_is_named_for_its_revision() -> None:
    for script in (migrate.SCRIPTS / "versions").glob("*.py"):
        assert f'revision = "{script.name[:4]}"' in script.read_text(encoding="utf-8")


def test_a_store_of_an_older_development_revision_is_refused_and_told_what_to_do(store: Store) -> None:
    at_0014(store)
    for revision in ("0001", "0013"):
        with writing(store) as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
            before = rows(connection)
        with pytest.raises(OtherVersion, match=f'"{revision}".*bring it to "0014" with `recon db upgrade`'):
            migrate.upgrade(store)
        assert migrate.current(store) == revision
        with reading(store) as connection:
            assert rows(connection) == before


def with_one_step_more(folder: Path, step: str) -> Path:
    scripts = folder / "migrations"
    shutil.copytree(migrate.SCRIPTS, scripts)
    head = f'revision = "9000"\ndown_revision = "{max(p.name[:4] for p in (scripts / "versions").glob("0*.py"))}"'
    (scripts / "versions" / "9000_more.py").write_text(
        f"from alembic import op\n{head}\n"
        f"def upgrade():\n    op.execute('CREATE TABLE more (x INTEGER)')\n    {step}\n"
    )
    return scripts


def test_a_store_of_this_release_keeps_every_row_over_a_later_step(ready: Store, tmp_path: Path) -> None:
    with writing(ready) as connection:
        fill(connection)
        before = rows(connection)
    assert all(before.values()), "a row in each table"
    assert migrate.upgrade(ready, scripts=with_one_step_more(tmp_path, "")) == ["9000"]
    with reading(ready) as connection:
        assert rows(connection) == {**before, "more": []}
    with pytest.raises(OtherVersion, match=r'revision "9000", later than this software knows'):
        migrate.is_current(ready)


def test_a_fresh_file_is_not_copied(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/recon.db")
    migrate.upgrade(store)
    store.dispose()
    assert [path.name for path in tmp_path.iterdir()] == ["recon.db"]


def test_an_older_file_is_copied_whole_before_it_changes(tmp_path: Path) -> None:
    store = open_store(fresh_url("sqlite", tmp_path))
    save_objects(store, "th", "charge", [charge("chrg_1")], NOON)
    before = migrate.current(store)
    assert migrate.upgrade(store, scripts=with_one_step_more(tmp_path, "")) == ["9000"]
    store.dispose()
    copy = open_store(f"sqlite:///{store.url.database}.{before}.bak")
    assert (migrate.current(copy), count(copy, "charge")) == (before, 1)
    copy.dispose()


def test_a_step_that_fails_changes_nothing_and_no_copy_is_overwritten(tmp_path: Path) -> None:
    store = open_store(fresh_url("sqlite", tmp_path))
    before = migrate.current(store)
    failing = with_one_step_more(tmp_path, "raise ValueError('no')")
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            migrate.upgrade(store, scripts=failing)
    assert migrate.is_current(store)
    with writing(store) as connection:
        assert "more" not in inspect(connection).get_table_names()
    store.dispose()
    copies = sorted(path.name.partition(f".{before}")[2] for path in tmp_path.glob("*.bak*"))
    assert copies == [".bak", ".bak.2"]


def test_a_store_of_a_later_version_is_refused(ready: Store) -> None:
    with writing(ready) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(OtherVersion, match="9999"):
        migrate.upgrade(ready)
    with pytest.raises(OtherVersion, match="9999"):
        migrate.is_current(ready)
