"""The steps that make the store's tables, for SQLite and PostgreSQL alike."""

from pathlib import Path

from sqlalchemy import Connection

# In a script's words: a column that counts by itself, what its primary key then says, and bytes.
_WORDS = {
    "sqlite": {"$serial": "INTEGER", "$counted": " AUTOINCREMENT", "$bytes": "BLOB"},
    "postgresql": {"$serial": "BIGSERIAL", "$counted": "", "$bytes": "BYTEA"},
}


def run_script(connection: Connection, file: Path) -> None:
    """Runs every statement of an SQL file (each ends with ";" at a line's end) in the words of the database."""
    script = file.read_text(encoding="utf-8")
    for word, native in _WORDS[connection.dialect.name].items():
        script = script.replace(word, native)
    for statement in script.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
