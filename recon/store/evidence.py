"""What is stored of one object, version by version, for people to look at; knows no rule and changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Table, select

from recon import columns
from recon.store import tables
from recon.store.engine import from_micros, reading

TABLES: Mapping[str, Table] = {**tables.OBJECTS, tables.ORDER.name: tables.ORDER, "bank_line": tables.BANK_LINE}
_MOMENTS = {
    kind: {column.name for column in frame.columns if column.dtype == columns.MOMENT}
    for kind, frame in {**columns.KINDS, "order": columns.ORDER, "bank_line": columns.BANK_LINE}.items()
}
# Not for people: hashes, and what the version itself says.
_HIDDEN = {columns.DIGEST, columns.SEEN_AT, columns.FIRST_SEEN_AT, tables.SUPERSEDED_AT, tables.RAW}
_HIDDEN |= {columns.ACCOUNT, columns.CUSTOMER, columns.FILE_HASH}


@dataclass(frozen=True)
class Version:
    """One version of an object: its fields by their names (money in minor units), and since when it was known."""

    seen_at: datetime
    fields: Mapping[str, Any]

    def changed(self, before: "Version | None") -> list[tuple[str, Any, Any]]:
        """Field, before, now: what is not as it was."""
        if before is None:
            return []
        return [
            (name, before.fields.get(name), value)
            for name, value in self.fields.items()
            if before.fields.get(name) != value
        ]


def versions(
    engine: Engine, kind: str, account: str | None, object_id: str, visible: frozenset[str] | None = None
) -> list[Version]:
    """Every version of an object (a key of `TABLES`) that was ever stored, oldest first; none for an unknown one.

    An id that the account does not have is looked for in the others that may be seen (`visible` null: all).
    """
    table = TABLES[kind]
    shown = [column for column in table.columns if column.name not in _HIDDEN]
    seen, whose = table.c[columns.SEEN_AT], table.c[columns.ACCOUNT]
    statement = select(seen, whose, *shown).where(table.c[tables.key_of(table)] == object_id).order_by(seen)
    if visible is not None:
        statement = statement.where(whose.in_(sorted(visible)))
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    names = {row[1] for row in rows}
    chosen = account if account in names else min(names, default=None)
    return [Version(from_micros(row[0]), dict(_values(kind, dict(row._mapping)))) for row in rows if row[1] == chosen]


def _values(kind: str, row: Mapping[str, Any]) -> list[tuple[str, Any]]:
    moments = _MOMENTS[kind]
    return [
        (name, from_micros(value) if name in moments and value is not None else value)
        for name, value in row.items()
        if name not in _HIDDEN
    ]
