"""Migrations: from nothing, up to date, down again, a copy first, a store too new."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, inspect
from sqlalchemy.engine.interfaces import ReflectedIndex

from recon.store import migrate
from recon.store.engine import open_store, writing
from recon.store.migrate import StoreTooNew
from recon.store.save import save_objects
from recon.store.schema import METADATA
from tests.store_samples import DATABASES, NOON, charge, count, fresh_url


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


def _own(indexes: list[ReflectedIndex]) -> list[ReflectedIndex]:
    """Those that are not a unique constraint's, which PostgreSQL lists too."""
    return [index for index in indexes if "duplicates_constraint" not in index]


def test_keys_and_indexes_are_those_of_the_tables(store: Engine) -> None:
    migrate.upgrade(store)
    found = inspect(store)
    for name, table in METADATA.tables.items():
        key = found.get_pk_constraint(name)
        assert key["constrained_columns"] == [column.name for column in table.primary_key]
        indexes = {index["name"]: index["column_names"] for index in _own(found.get_indexes(name))}
        assert indexes == {index.name: [column.name for column in index.columns] for index in table.indexes}


def with_one_step_more(folder: Path, step: str) -> Path:
    scripts = folder / "migrations"
    shutil.copytree(migrate.SCRIPTS, scripts)
    head = f'revision = "9000"\ndown_revision = "{max(p.name[:4] for p in (scripts / "versions").glob("0*.py"))}"'
    (scripts / "versions" / "9000_more.py").write_text(
        f"from alembic import op\n{head}\n"
        f"def upgrade():\n    op.execute('CREATE TABLE more (x INTEGER)')\n    {step}\n"
    )
    return scripts


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


def test_a_store_of_a_later_version_is_refused(store: Engine) -> None:
    migrate.upgrade(store)
    with writing(store) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew, match="9999"):
        migrate.upgrade(store)
    with pytest.raises(StoreTooNew, match="9999"):
        migrate.is_current(store)
