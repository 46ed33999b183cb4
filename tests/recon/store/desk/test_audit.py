"""The audit log: an edited row, a missing row, a cut tail, another key are each found and named."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import text

from recon.model.rulings import RulingKind, RulingRequest
from recon.privacy import key_id
from recon.store.desk import audit
from recon.store.engine import Store, reading, writing
from tests.kit.store_samples import DATABASES, NOON, opened
from tests.recon.store.desk.test_rulings import a_run, ask, found

KEY = b"a key of the auditors"
OWN = b"a key of somebody else"


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from told(request.param, tmp_path)


def told(database: str, folder: Path) -> Iterator[Store]:
    """Three rulings on two breaks, and a run between them that recorded the chain's head."""
    for store in opened(database, folder):
        a_run(store, [found("1"), found("2")])
        ask(store, RulingRequest(RulingKind.RESOLVE, "Malee", found("1").id, "refunded"), key=KEY)
        ask(store, RulingRequest(RulingKind.WRITE_OFF, "Malee", found("2").id, "small"), key=KEY)
        a_run(store, [found("1"), found("2")], key=KEY)
        ask(store, RulingRequest(RulingKind.UNDO, "Niran", found("2").id), key=KEY)
        assert audit.prove(store, [KEY]) == []
        yield store


def change(store: Store, *statements: str) -> None:
    with writing(store, "record") as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_an_untouched_chain_is_proved_and_was_recorded_with_the_runs(store: Store) -> None:
    assert audit.prove(store, [KEY]) == []
    with reading(store) as connection:
        heads = [row.audit_head for row in connection.execute(text("select audit_head from run order by id"))]
        chain = [row.hash for row in connection.execute(text("select hash from audit order by seq"))]
        assert audit.head(connection) == chain[-1]
    assert heads == [None, chain[1]]
    assert audit.prove(store, [KEY], chain) == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("update audit set who = 'Somchai' where seq = 2", "audit entry 2 was edited"),
        ("update audit set detail = '{}' where seq = 1", "audit entry 1 was edited"),
        ("update audit set at = at + 1 where seq = 3", "audit entry 3 was edited"),
        ("delete from audit where seq = 2", "audit entry 2 is missing"),
        ("delete from audit where seq = 1", "audit entry 1 is missing"),
        ("delete from audit where seq > 1", "run 2 has the audit head"),
        ("update ruling set who = 'Somchai' where id = 1", "rul_1 was edited since audit entry 1: who"),
        ("update ruling set amount = 1 where id = 2", "rul_2 was edited since audit entry 3: amount"),
        ("delete from ruling where id = 3", "rul_3 was removed"),
        ("update break_event set who = 'Somchai' where what = 'resolved'", "break events 1 to 3"),
        ("update break_event set at = at - 1 where seq = 1", "break events 1 to 3"),
        ("delete from break_event where seq = 4", "break events 4 to 4"),
        ("update \"break\" set status = 'resolved' where subject_id = '2'", "is resolved, and no ruling that stands"),
    ],
)
def test_whatever_is_changed_is_found_and_named(tmp_path: Path, statement: str, words: str) -> None:
    for store in told("sqlite", tmp_path):
        change(store, statement)
        wrong = audit.prove(store, [KEY])
        assert any(words in line for line in wrong), wrong


def test_a_ruling_beside_the_chain_is_found(store: Store) -> None:
    change(
        store,
        "insert into ruling (id, kind, who, at, reason, before, standing)"
        " values (9, 'write_off', 'Malee', 0, 'x', '', 'stands')",
    )
    assert audit.prove(store, [KEY]) == ["rul_9 is in no audit entry"]


def test_a_chain_without_its_tail_is_known_by_a_head_that_was_printed(store: Store) -> None:
    with reading(store) as connection:
        printed = audit.head(connection)
    change(
        store,
        "delete from audit where seq = 3",
        "delete from ruling where id = 3",
        "update ruling set standing = 'stands', ended_at = null, ended_by = null, ended_why = null where id = 2",
        "delete from break_event where what = 'undone'",
    )
    assert audit.prove(store, [KEY]) == []  # nothing in here knows better
    (wrong,) = audit.prove(store, [KEY], [str(printed)])
    assert f"what was given has the audit head {printed}" in wrong


def test_a_chain_over_two_rotations_is_proved_and_the_key_that_lacks_is_named(tmp_path: Path) -> None:
    others = [b"the second key of the auditors", b"the third key of the auditors"]
    for store in told("sqlite", tmp_path):
        for before, after in pairwise([KEY, *others]):
            with writing(store) as connection:
                audit.begin_key(connection, "Niran", NOON, before, after)
            with pytest.raises(audit.AuditKeyMissing, match=f"{key_id(after)}, and the first .* is {key_id(before)}"):
                note(store, before)
            note(store, after)
        assert audit.prove(store, [*others, KEY]) == []
        assert audit.prove(store, [KEY, others[1]]) == [lacking("5 to 6", key_id(others[0]))]
        assert audit.prove(store, ())[0] == lacking("1 to 4", key_id(KEY))
        change(store, "update audit set who = 'Somchai' where seq = 5")
        assert audit.prove(store, [*others, KEY]) == ["audit entry 5 was edited: its content does not have its hash"]


def test_a_key_that_nobody_handed_the_log_to_is_found(tmp_path: Path) -> None:
    for store in told("sqlite", tmp_path):
        with writing(store) as connection:
            audit.begin_key(connection, "Mallory", NOON, None, OWN)
        words = f"with key {key_id(OWN)}, and no entry of key {key_id(KEY)} before it began that"
        assert audit.prove(store, [KEY, OWN]) == [f"audit entry 4 is made {words}"]


def test_entries_from_before_the_key_stay_proved_and_none_may_follow_without_it(store: Store) -> None:
    with pytest.raises(audit.AuditKeyMissing, match="is not set"):
        note(store, None)
    assert audit.prove(store, [KEY]) == []
    columns = "at, who, what, subject, detail, sealed, sealed_digest, hash"
    change(store, f"insert into audit select 9, {columns}, 'sha256:{'0' * 64}' from audit where seq = 3")
    assert any("audit entry 9 is made without a key" in line for line in audit.prove(store, [KEY]))


def test_a_keyed_entry_of_before_keys_had_names_is_proved_by_its_key(store: Store) -> None:
    change(store, f"update audit set hash = 'hmac:' || substr(hash, {len('hmac:12345678:') + 1}) where seq = 3")
    assert audit.prove(store, [b"another", KEY]) == []
    assert "key of before keys had names" in audit.prove(store, [b"another"])[1]
    note(store, KEY)


def test_no_entry_without_a_key_may_follow_one_of_before_keys_had_names(store: Store) -> None:
    change(store, f"update audit set hash = 'hmac:' || substr(hash, {len('hmac:12345678:') + 1})")
    change(store, f"update audit set hash = 'sha256:{'0' * 64}' where seq = 3")
    words = "audit entry 3 is made without a key, and no entry of a key before it began that"
    assert words in audit.prove(store, [KEY])


def note(store: Store, key: bytes | None) -> None:
    ask(store, RulingRequest(RulingKind.NOTE, "Malee", found("1").id, "a note"), key=key)


def lacking(entries: str, name: str) -> str:
    return f"audit entries {entries}: not proved, for key {name}, which made them, is not in [store] audit_key"
