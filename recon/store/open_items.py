"""Says what a pull reads again by id: what is not final, and what is named but not stored; judges nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, Table, exists, func, select, union

from recon import columns
from recon.model import ChargeStatus
from recon.store import tables
from recon.store.engine import reading, to_micros

_CHARGE, _REFUND = tables.OBJECTS["charge"].c, tables.OBJECTS["refund"].c
_TRANSFER, _DISPUTE = tables.OBJECTS["transfer"].c, tables.OBJECTS["dispute"].c
_PENDING = ChargeStatus.PENDING.value
_OPEN_DISPUTES = ("open", "pending")

# An authorised charge that waits for its capture is pending, too (facts/omise.md, states of a charge).
_NOT_FINAL: Mapping[str, ColumnElement[bool]] = {
    "charge": _CHARGE[columns.STATUS] == _PENDING,
    "refund": _REFUND[columns.STATUS] == _PENDING,
    "transfer": ~_TRANSFER[columns.PAID] & ~_TRANSFER[columns.DELETED] & _TRANSFER[columns.FAILURE_CODE].is_(None),
    "dispute": _DISPUTE[columns.STATUS].in_(_OPEN_DISPUTES),
}
_PREFIXES = {"charge": "chrg_", "transaction": "trxn_"}
_EVENT_PREFIXES = {"charge": "chrg_", "refund": "rfnd_", "transfer": "trsf_", "dispute": "dspt_"}
_NAMING = {
    "charge": (tables.ORDER, tables.OBJECTS["refund"], tables.OBJECTS["dispute"]),
    "transaction": (tables.OBJECTS["charge"], tables.OBJECTS["refund"], tables.OBJECTS["transfer"]),
}


def not_final(engine: Engine, account: str) -> dict[str, list[Any]]:
    """Ids of what may still change by itself, by kind; a refund's is the pair (charge id, refund id)."""
    found: dict[str, list[Any]] = {}
    with reading(engine) as connection:
        for kind, condition in _NOT_FINAL.items():
            table = tables.OBJECTS[kind]
            key = table.c[tables.key_of(table)]
            names = [table.c[columns.CHARGE_ID], key] if kind == "refund" else [key]
            current = (table.c[columns.ACCOUNT] == account) & tables.known_at(table, None)
            rows = connection.execute(select(*names).where(current, condition).order_by(*names)).all()
            found[kind] = [tuple(row) if kind == "refund" else row[0] for row in rows]
    return found


def named_not_stored(engine: Engine, account: str) -> dict[str, list[str]]:
    """Ids of charges and transactions that current rows of an account name and no account holds, by kind.

    Only what looks like an id of Omise's own: a shop's file may hold anything in its charge column.
    """
    with reading(engine) as connection:
        return {
            kind: sorted(connection.execute(union(*(_missing(kind, table, account) for table in naming))).scalars())
            for kind, naming in _NAMING.items()
        }


def _missing(kind: str, naming: Table, account: str) -> Select[Any]:
    stored = tables.OBJECTS[kind]
    key = tables.key_of(stored)
    named = naming.c[key]
    return select(named).where(
        naming.c[columns.ACCOUNT] == account,
        tables.known_at(naming, None),
        func.substr(named, 1, len(_PREFIXES[kind])) == _PREFIXES[kind],
        ~exists().where(stored.c[key] == named, tables.known_at(stored, None)),
    )


def named_by_events(engine: Engine, account: str, since: datetime) -> dict[str, list[Any]]:
    """Ids of the objects that an account's events since a moment name, by kind; a refund's is a pair as above.

    A refund that is not stored is left out: its charge was created or changed with it and brings it.
    """
    event, refund = tables.OBJECTS["event"].c, tables.OBJECTS["refund"].c
    named = event[columns.OBJECT_ID]
    recent = (event[columns.ACCOUNT] == account) & (event[columns.CREATED_AT] >= to_micros(since))
    found: dict[str, list[Any]] = {}
    with reading(engine) as connection:
        for kind, prefix in _EVENT_PREFIXES.items():
            names = select(named).where(recent, func.substr(named, 1, len(prefix)) == prefix).distinct()
            if kind != "refund":
                found[kind] = sorted(connection.execute(names).scalars())
                continue
            current = (refund[columns.ACCOUNT] == account) & tables.known_at(tables.OBJECTS[kind], None)
            pairs = select(refund[columns.CHARGE_ID], refund[columns.REFUND_ID]).where(current)
            rows = connection.execute(pairs.where(refund[columns.REFUND_ID].in_(names)))
            found[kind] = sorted(tuple(row) for row in rows)
    return found
