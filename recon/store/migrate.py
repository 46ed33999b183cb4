"""Brings a store's tables to this software's version, with a copy first; knows no row."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from recon.store.engine import SQLITE, reading, writing

_SCRIPTS = Path(__file__).parent / "migrations"


class StoreTooNew(ValueError):
    """The store was made by a later version of this software."""


def upgrade(engine: Engine, backup: bool = True) -> list[str]:
    """Applies what is missing, all of it or nothing, and names the revisions applied, in order.

    A SQLite file that holds an older version is first copied beside itself, as FILE.REVISION.bak (or .bak.2, …).
    Raises StoreTooNew.
    """
    from alembic import command

    before = current(engine)
    missing = _missing(before)
    if not missing:
        return []
    if backup and before is not None and engine.dialect.name == SQLITE:
        _copy(engine, before)
    with writing(engine, "migrate") as connection:
        command.upgrade(alembic_config(connection), "head")
    return missing


def current(engine: Engine) -> str | None:
    """The revision of the store's tables; None where there are none yet."""
    from alembic.migration import MigrationContext

    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(engine: Engine) -> bool:
    """Whether nothing is missing; raises StoreTooNew."""
    return not _missing(current(engine))


def alembic_config(connection: Connection | None = None) -> Any:
    """Alembic's configuration, by code: users have no alembic.ini."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _missing(revision: str | None) -> list[str]:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(alembic_config())
    known = [script.revision for script in scripts.walk_revisions()][::-1]
    if revision is None:
        return known
    if revision not in known:
        raise StoreTooNew(f'the store is at revision "{revision}", later than this software knows ("{known[-1]}")')
    return known[known.index(revision) + 1 :]


def _copy(engine: Engine, revision: str) -> Path:
    """A whole and consistent copy, also of what still stands in the write-ahead log."""
    file = f"{engine.url.database}.{revision}.bak"
    taken = [Path(file), *(Path(f"{file}.{number}") for number in range(2, 1000))]
    target = next(path for path in taken if not path.exists())
    with engine.connect() as connection:
        copy = sqlite3.connect(target)
        source: Any = connection.connection.driver_connection
        try:
            source.backup(copy)
        finally:
            copy.close()
    return target
