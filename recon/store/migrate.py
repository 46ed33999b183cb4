"""Brings a store's tables to this software's version, with a copy first."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

from recon.store.engine import SQLITE, Refused, reading, writing
from recon.store.migrations import run_script
from recon.store.schema import METADATA

SCRIPTS = Path(__file__).parent / "migrations"
LAST_DEVELOPMENT = "0014"  # of the revisions before the first release the one whose tables are carried over


class OtherVersion(Refused):
    """The store was made by a version of this software that this one cannot carry over; says what to do."""


def upgrade(engine: Engine, backup: bool = True, scripts: Path = SCRIPTS) -> list[str]:
    """Applies what is missing, all of it or nothing, and names the revisions applied, in order.

    A SQLite file that holds an older version is first copied beside itself, as FILE.REVISION.bak (or .bak.2, …).
    Raises OtherVersion.
    """
    before = current(engine)
    missing = _missing(before, scripts)
    if not missing:
        return []
    from alembic import command  # late: a store that is up to date needs none of it

    if backup and before is not None and engine.dialect.name == SQLITE:
        copy_beside(engine, before)
    with writing(engine, "migrate") as connection:
        if _revision(connection) == LAST_DEVELOPMENT:  # or another process was first
            run_script(connection, SCRIPTS / "carry_over.sql")
        command.upgrade(alembic_config(connection, scripts), "head")
        if engine.dialect.name != SQLITE:
            _compare_bytes(connection)
    return missing


def current(engine: Engine) -> str | None:
    """The revision of the store's tables; None where there are none yet."""
    with reading(engine) as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def is_current(engine: Engine) -> bool:
    """Whether nothing is missing; raises OtherVersion."""
    return not _missing(current(engine), SCRIPTS)


def copy(engine: Engine, target: Path) -> None:
    """A whole and consistent copy of a SQLite store, also of what still stands in its write-ahead log."""
    with closing(sqlite3.connect(target)) as other, engine.connect() as connection:
        source: Any = connection.connection.driver_connection
        source.backup(other)


def copy_beside(engine: Engine, word: str) -> Path:
    """A copy of a SQLite store beside itself, as FILE.WORD.bak (or .bak.2, …)."""
    target = _free_name(f"{engine.url.database}.{word}.bak")
    copy(engine, target)
    return target


def alembic_config(connection: Connection | None, scripts: Path = SCRIPTS) -> Any:
    """Alembic's configuration, by code: users have no alembic.ini."""
    from alembic.config import Config

    config = Config(stdout=sys.stdout)  # its default is what that was when alembic was loaded
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _missing(revision: str | None, scripts: Path) -> list[str]:
    known = sorted(script.name.partition("_")[0] for script in (scripts / "versions").glob("[0-9]*.py"))
    if revision is None or revision == LAST_DEVELOPMENT:
        return known
    if revision < LAST_DEVELOPMENT:
        raise OtherVersion(
            f'store: it is at revision "{revision}", from before the first release: bring it to '
            f'"{LAST_DEVELOPMENT}" with `recon db upgrade` of the last version before 0.1.0, or begin a new store'
        )
    if revision not in known:
        raise OtherVersion(f'store: it is at revision "{revision}", later than this software knows ("{known[-1]}")')
    return known[known.index(revision) + 1 :]


def _compare_bytes(connection: Connection) -> None:
    """Let PostgreSQL order and compare texts by their bytes, as SQLite does, whatever the database's own language is.

    That is faster, too, and no new version of the system's languages makes an index wrong.
    """
    others = (
        "SELECT format('%I', table_name), string_agg(format('ALTER %I TYPE text COLLATE \"C\"', column_name), ', ') "
        "FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ANY(:ours) "
        "AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C' GROUP BY table_name"
    )
    for table, changes in connection.execute(text(others), {"ours": list(METADATA.tables)}).all():
        connection.execute(text(f"ALTER TABLE {table} {changes}"))


def _free_name(name: str) -> Path:
    names = (Path(name), *(Path(f"{name}.{number}") for number in range(2, 1000)))
    return next(path for path in names if not path.exists())
