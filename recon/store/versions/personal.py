"""Changes the customer hashes that are stored: to a new key's, or to none, of one customer or by age.

Each change is whole or not at all, with its audit entry; no run may go on meanwhile.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from recon import columns as c
from recon.privacy import HASH
from recon.store import bulk, tables
from recon.store.desk import access, audit
from recon.store.desk.people import Act
from recon.store.desk.workbooks import GROUP
from recon.store.engine import Refused, Store, from_micros, reading, to_micros, writing
from recon.store.runs.attempts import refuse_beside_runs
from recon.store.tables.customers import FORGOTTEN, RETENTION
from recon.store.tables.desk import WORKBOOK
from recon.store.versions import customers, rewriting
from recon.store.versions.rewriting import Changed, Changes, RowValues, Values

KEY_BEGUN = "hash key begun"
ERASED = "customer erased"
PAST_ITS_TIME = "customer data past its time"
_Change = Callable[[str], str | None]  # of a hash


@dataclass(frozen=True)
class Rewritten:
    """How many rows changed, by table; how many files of the archive; what of the old is not gone yet, in words."""

    rows: Mapping[str, int]
    files: int
    note: str


@dataclass
class CustomerObjects:
    """What is a customer's: ids by account and kind, and for each account when these were created."""

    ids: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    created: set[tuple[str, datetime]] = field(default_factory=set)

    def keep(self, kind: str, object_id: str, row: RowValues) -> None:
        """One more object or order."""
        self.ids.setdefault((row[c.ACCOUNT], kind), set()).add(object_id)
        if made := row.get(c.CREATED_AT):
            self.created.add((row[c.ACCOUNT], from_micros(made)))


def renew(store: Store, before: str | None, name: str, changes: Changes, act: Act) -> Rewritten:
    """Brings every hash on from one key to another; names of both. Raises Refused, ArchiveError."""

    def begin(connection: Connection) -> Changed:
        if customers.key_in_force(connection) != before:
            raise Refused("another process began a new hash key at the same time")
        customers.begin_key(connection, name, act.at)
        return rewriting.change(connection, changes, act)

    return _change(store, act, begin, audit.Entry(act.who, KEY_BEGUN, name, {"from": before, "to": name}))


def erase(store: Store, customer: str, changes: Changes, act: Act) -> tuple[Rewritten, CustomerObjects]:
    """Takes every hash out of what has a customer's hash, and out of the charges of their orders with what is about
    these; what is theirs.

    Nothing of that is stored again. Raises Refused, ArchiveError.
    """
    objects = CustomerObjects()
    ids: set[str] = set()

    def concerns(kind: str, row: RowValues, raw: bytes) -> bool:
        object_id = row[c.NAME] if c.KIND in row else row.get(c.KINDS[kind].names[0])
        is_found = customer.encode() in raw or object_id in ids
        if is_found and object_id:
            objects.keep(kind, str(object_id), row)
        return is_found and changes.concerns(kind, row, raw)

    def order(row: RowValues) -> Values:
        if row[c.CUSTOMER] != customer:
            return {}
        objects.keep(tables.ORDER.name, row[c.ORDER_ID], row)
        return changes.order(row)

    def forget(connection: Connection) -> Changed:
        ids.update(_of_orders(connection, customer))
        mine = Changes(changes.object_of, changes.texts_of, order, concerns=concerns)
        changed = rewriting.change(connection, mine, act)
        customers.forget(connection, objects.ids, act.at)
        return changed

    return _change(store, act, forget, audit.Entry(act.who, ERASED, "customer", {})), objects


def apply_retention(
    store: Store,
    before: datetime,
    access_before: datetime,
    created_at: Callable[[bytes], datetime | None],
    changes: Changes,
    act: Act,
) -> Rewritten:
    """Takes the hashes out of what was created before a moment; `created_at` reads it in a raw object.

    Nothing of that is stored again. The access log loses what is older than its own. Raises Refused, ArchiveError.
    """
    micros = to_micros(before)

    def concerns(kind: str, row: RowValues, raw: bytes) -> bool:
        if not changes.concerns(kind, row, raw):
            return False
        made = row.get(c.CREATED_AT) or row.get("created_from")
        if made is None and (moment := created_at(raw)) is not None:
            made = to_micros(moment)
        return made is not None and made < micros

    def order(row: RowValues) -> Values:
        return changes.order(row) if row[c.CREATED_AT] < micros else {}

    def forget(connection: Connection) -> Changed:
        customers.keep_from(connection, before, act.at)
        old = Changes(changes.object_of, changes.texts_of, order, concerns=concerns)
        changed = rewriting.change(connection, old, act)
        lines = access.remove(connection, access_before)
        return replace(changed, counts={**changed.counts, "access": lines}) if lines else changed

    detail = {"before": before.isoformat(), "access_before": access_before.isoformat()}
    return _change(store, act, forget, audit.Entry(act.who, PAST_ITS_TIME, "customers", detail))


def changes_of(
    change: _Change,
    object_of: Callable[[str, bytes], Any],
    texts_of: Callable[[str | None, str | None], tuple[str | None, str | None]],
) -> Changes:
    """What becomes of everything where each hash is changed, and nothing else."""
    hashes = re.compile(HASH.pattern.encode())

    def order(row: RowValues) -> Values:
        customer = row[c.CUSTOMER]
        return rewriting.unlike(row, {c.CUSTOMER: change(customer)}) if customer else {}

    return Changes(object_of, texts_of, order, concerns=lambda _kind, _row, raw: hashes.search(raw) is not None)


def workbooks_of(store: Store, days: Collection[tuple[str, date]]) -> list[str]:
    """The names of the workbooks whose range has one of these days of an account."""
    books = WORKBOOK.c
    with reading(store) as connection:
        rows = connection.execute(select(books.name, books.account, books.first_day, books.last_day)).all()
    shown = (
        row.name
        for row in rows
        for account, day in days
        if row.account in (account, GROUP) and row.first_day <= day <= row.last_day
    )
    return sorted(set(shown))


def taken_out_since(store: Store, moment: datetime, account: str, start: datetime) -> list[str]:
    """What was taken out of an account's customers since a moment, if a range may show it, in words.

    `start` is when the range's first day begins.
    """
    erased = select(FORGOTTEN.c.at).where(FORGOTTEN.c.account == account, FORGOTTEN.c.at > moment).distinct()
    applied = select(RETENTION.c.at, RETENTION.c.before_at).where(RETENTION.c.at > moment).order_by(RETENTION.c.id)
    with reading(store) as connection:
        words = [
            f"a customer was erased on {at:%Y-%m-%d} (recon erase)"
            for at in connection.execute(erased.order_by(FORGOTTEN.c.at)).scalars()
        ]
        words += [
            f"customers of before {before:%Y-%m-%d %H:%M} UTC were taken out on {at:%Y-%m-%d} (recon retention apply)"
            for at, before in connection.execute(applied)
            if before > start
        ]
    return [f"{said}: what only the customer told apart is linked by amount and time since" for said in words]


def begin_audit_key(store: Store, act: Act, before: bytes | None, key: bytes) -> None:
    """Hands the audit log over to another key; null: the key before is lost. Raises AuditKeyMissing, Refused."""
    with writing(store, "record") as connection:
        refuse_beside_runs(connection, act.at)
        audit.begin_key(connection, act.who, act.at, before, key)


def keys_in_force(store: Store) -> tuple[str | None, str | None]:
    """The names of the keys that hashes and audit log go on with; null: none yet."""
    with reading(store) as connection:
        return customers.key_in_force(connection), audit.key_in_force(connection)


def refuse_now(store: Store, now: datetime) -> None:
    """Raises Refused where a run goes on: before a key is written that would not be begun."""
    with reading(store) as connection:
        refuse_beside_runs(connection, now)


def refuse_without_audit_key(store: Store, key: bytes | None) -> None:
    """Raises AuditKeyMissing where the audit log goes on with another key, before anything is written."""
    with reading(store) as connection:
        if words := audit.lacking_key(connection, key):
            raise audit.AuditKeyMissing(words)


def _change(store: Store, act: Act, work: Callable[[Connection], Changed], entry: audit.Entry) -> Rewritten:
    rewriting.clear(store, act.at)  # what a kill left
    with writing(store, rewriting.LOCK) as connection:
        rewriting.lock(connection)
        refuse_beside_runs(connection, act.at)
        changed = work(connection)
        if changed.counts or changed.replaced or entry.what == KEY_BEGUN:
            detail = {**entry.detail, "rows": changed.counts, "replaced": changed.replaced}
            audit.append(connection, entry.who, entry.what, entry.subject, detail, act.at, act.audit_key)
        rewriting.record(connection, changed, act.at)
    return Rewritten(changed.counts, len(changed.replaced), rewriting.clear(store, act.at))


def _of_orders(connection: Connection, customer: str) -> set[str]:
    """The charges that were found to belong to a customer's orders, and what is about them: events quote them."""
    order = tables.ORDER.c
    match = tables.MATCH.c
    same = (order[c.ACCOUNT] == match[c.ORDER_ACCOUNT]) & (order[c.ORDER_ID] == match[c.ORDER_ID])
    linked = select(match[c.CHARGE_ID]).join(tables.ORDER, same).where(order[c.CUSTOMER] == customer)
    charge_ids = set(connection.execute(linked).scalars())
    ids = set(charge_ids)
    for kind, about in (("event", c.OBJECT_ID), ("refund", c.CHARGE_ID), ("dispute", c.CHARGE_ID)):
        table = tables.OBJECTS[kind]
        for condition in bulk.among(connection, table.c[about], charge_ids):
            ids.update(connection.execute(select(table.c[tables.key_of(table)]).where(condition)).scalars())
    return ids
