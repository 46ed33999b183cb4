"""Says what is wrong with a database itself: damage, a full disk, a lock; in words, with what to do."""

import errno

from recon.store.engine import BUSY_SECONDS, SQLITE, Store, is_lost

_LIMIT = 5  # findings that are named
_FULL = "the disk is full: make room, then run again; what was finished is kept"
# Of SQLite's "disk I/O error" those that say no more than that nothing could be written: a quota, or no room for the
# index of its log.
_NOT_WRITTEN = ("SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_SHMMAP", "SQLITE_IOERR_TRUNCATE")
_BACK = "keep the file as it is, go back to the last copy (recon db backup made it), then run the days since again"
# What the databases' own errors say -> what it means.
_WORDS = (
    (
        ("database is locked",),
        f"another process holds the store for more than {BUSY_SECONDS} s: run again when it is over",
    ),
    (("malformed", "not a database", "disk I/O error", "invalid page"), f"the store is damaged: {_BACK}"),
    (("database or disk is full", "No space left on device", "could not extend file"), _FULL),
    (
        ("readonly database", "unable to open database file", "permission denied"),
        "the store cannot be written: look at the rights of its file and folder",
    ),
)


def trouble(error: BaseException) -> str:
    """What an error of a database or a disk means and what to do; nothing where it is another one."""
    text = str(error)
    if isinstance(error, OSError):
        return _FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    if not type(error).__module__.startswith(("sqlalchemy", "sqlite3", "psycopg")):
        return ""
    name = getattr(getattr(error, "orig", error), "sqlite_errorname", "")
    if name in _NOT_WRITTEN:
        return f"{_FULL} ({name})"
    for signs, words in _WORDS:
        sign = next((sign for sign in signs if sign in text), None)
        if sign is not None:
            return f"{words} ({sign})"
    return "the store's database cannot be reached: is it running?" if is_lost(error) else ""


def damage(store: Store) -> list[str]:
    """What the database itself finds wrong with what it keeps: every page of SQLite, the checksums of PostgreSQL."""
    with store.connect() as connection:
        if store.dialect.name == SQLITE:
            findings = connection.exec_driver_sql(f"PRAGMA integrity_check({_LIMIT})").scalars().all()
            return [] if findings == ["ok"] else [f"{line}; {_BACK}" for line in findings]
        counted = "select coalesce(checksum_failures, 0) from pg_stat_database where datname = current_database()"
        failures = connection.exec_driver_sql(counted).scalar() or 0
    return (
        [f"PostgreSQL counted {failures} pages whose checksum is wrong: go back to the last backup"]
        if failures
        else []
    )
