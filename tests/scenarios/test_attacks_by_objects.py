"""Hostile objects of Omise's: each is kept aside by its id and field, and leaves the store as a clean one has it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recon import columns as c
from recon.model import Window
from recon.omise.objects import BadAnswer, decode_balance, decode_list, read_objects
from recon.omise.scrub import Scrub
from recon.privacy import HashKey
from recon.store.engine import Store
from recon.store.versions.kept_aside import keep_aside, release_window
from recon.store.versions.load import load_books
from recon.store.versions.save import save_objects
from tests.kit.hostile_rows import KEPT, NOON, names
from tests.kit.store_samples import DATABASES, opened
from tests.recon.omise.test_objects import charge

DAYS = Window(datetime(1970, 1, 1, tzinfo=UTC), NOON)
SCRUB = Scrub(HashKey((b"k" * 32,)))
RAW = "\0raw"  # stands in the JSON as it is


def raw(text: str) -> str:
    return RAW + text


# Field, its value, and what the reason says.
ATTACKS: list[tuple[str, Any, str]] = [
    ("amount", 2**63, "$.amount"),
    ("amount", 2**63 - 1, "$.amount"),
    ("amount", -(2**63) - 1, "$.amount"),
    ("amount", 2**80, "$.amount"),
    ("amount", 9 * 10**12 + 1, "$.amount"),
    ("amount", 9 * 10**12, KEPT),
    ("amount", raw("9" * 5000), "out of range"),
    ("amount", raw("1e400"), "out of range"),
    ("amount", raw("1e3"), "$.amount"),
    ("amount", raw("NaN"), "no readable JSON"),
    ("amount", "100", "$.amount"),
    ("amount", True, "$.amount"),
    ("amount", None, "$.amount"),
    ("amount", [100], "$.amount"),
    ("fee", 2**62, "$.fee"),
    ("fee_vat", 2**63, "$.fee_vat"),
    ("net", -(2**63), "$.net"),
    ("funding_amount", 2**63, "$.funding_amount"),
    ("captured_amount", 2**63, "$.captured_amount"),
    ("refunded_amount", 2**63, "$.refunded_amount"),
    ("interest", 2**63, "$.interest"),
    ("id", "chrg_\0two", "NUL"),
    ("id", "c" * 256, "$.id"),
    ("id", "c" * 1_000_000, "$.id"),
    ("id", 5, "$.id"),
    ("status", "succ\0essful", "NUL"),
    ("status", "s" * 256, "$.status"),
    ("currency", "TH\0B", "NUL"),
    ("currency", "T" * 100_000, "$.currency"),
    ("transaction", "trxn_\0", "NUL"),
    ("transaction", "t" * 10_000, "$.transaction"),
    ("transaction", {"id": "t" * 10_000}, "$.transaction"),
    ("failure_code", "f" * 300, "$.failure_code"),
    ("created_at", "0001-01-01T00:00:00Z", "year 1"),
    ("created_at", "9999-12-31T23:59:59Z", "year 9999"),
    ("created_at", "10000-01-01T00:00:00Z", "$.created_at"),
    ("created_at", "2026-02-30T00:00:00Z", "$.created_at"),
    ("created_at", "2026-11-24T00:00:00", "$.created_at"),
    ("created_at", "0001-01-01T00:00:00+14:00", ""),
    ("paid_at", "9999-12-31T23:59:59-14:00", "year 9999"),
    ("created_at", 2**63, "$.created_at"),
    ("description", "a" * 900_000, KEPT),
    ("description", "a\0b", KEPT),
    ("description", raw('"\\ud800"'), "no readable JSON"),
    ("description", raw('"\\udc00\\ud800"'), "no readable JSON"),
    ("description", "@" * 100_000, KEPT),
    ("description", "\u202e" * 1000, KEPT),
    ("metadata", {"order_id": "A\0"}, KEPT),
    ("metadata", {"\0": "\0"}, KEPT),
    ("metadata", {"order_id": "x" * 100_000}, KEPT),
    ("metadata", {"n": 10**30}, KEPT),
    ("metadata", {"n": 1e308}, KEPT),
    ("metadata", {f"key{at}": at for at in range(20_000)}, KEPT),
    ("metadata", raw('{"a":' * 400 + "1" + "}" * 400), KEPT),
    ("metadata", {"text": "[" * 50_000}, KEPT),
    ("metadata", {"note": "x" * 1_100_000}, "bytes"),
    ("refunds", {"object": "list", "data": [{"object": "refund", "id": f"rfnd_{at}"} for at in range(10_000)]}, KEPT),
    ("card", "4242424242424242", "$.card"),
    ("livemode", "yes", "$.livemode"),
]


def body_of(field: str, value: Any) -> bytes:
    marked = isinstance(value, str) and value.startswith(RAW)
    text = json.dumps(charge(id="chrg_2") | {field: "@@" if marked else value})
    return (text.replace('"@@"', value.removeprefix(RAW)) if marked else text).encode()


@pytest.mark.parametrize("attack", ATTACKS, ids=names)
def test_one_bad_object_is_kept_aside_and_nothing_beside_it(attack: tuple[str, Any, str]) -> None:
    field, value, reason = attack
    sound = [json.dumps(charge(id=name)).encode() for name in ("chrg_1", "chrg_3")]
    bodies = [sound[0], body_of(field, value), sound[1]]
    page = decode_list(b'{"object":"list","total":3,"data":[' + b",".join(bodies) + b"]}")
    rows, malformed = read_objects("charge", page.objects, SCRUB)
    if not reason and len(malformed) == 0:
        assert len(rows) == 3
        return
    assert [row.id for row in rows] == ["chrg_1", "chrg_3"]
    [aside] = malformed
    assert reason in aside.reason
    assert len(aside.reason) < 200
    assert aside.id in ("chrg_2", "")


@pytest.mark.parametrize("database", DATABASES)
def test_after_every_attack_the_store_has_what_a_clean_one_has(tmp_path: Path, database: str) -> None:
    """All of them, each under an id of its own, then sound ones: what is current is what a clean store has."""
    names_of = [f"chrg_{at}" for at in range(len(ATTACKS))]
    hostile = [
        body_of(field, value).replace(b"chrg_2", name.encode())
        for name, (field, value, _) in zip(names_of, ATTACKS, strict=True)
    ]
    sound = [json.dumps(charge(id=name)).encode() for name in names_of]
    books = []
    for pulls in ([hostile, sound], [sound]):
        for store in opened(database, tmp_path):
            for hours, bodies in enumerate(pulls):
                stored(store, bodies, NOON + timedelta(hours=hours))
                load_books(store, NOON)
            books.append(load_books(store, NOON))
    both, alone = (book.charges.drop(columns=[c.SEEN_AT, c.FIRST_SEEN_AT]) for book in books)
    pd.testing.assert_frame_equal(both[both[c.CHARGE_ID].isin(names_of)].reset_index(drop=True), alone)
    assert books[0].outside == {}
    assert books[0].kept_aside[c.RELEASED_AT].notna().all()


def stored(store: Store, bodies: list[bytes], moment: datetime) -> None:
    rows, malformed = read_objects("charge", bodies, SCRUB)
    save_objects(store, "th", "charge", rows, moment)
    keep_aside(store, "th", malformed, DAYS, moment)
    still = {item.name for item in malformed}
    release_window(store, "th", "charge", Window(DAYS.start, DAYS.end + timedelta(days=1)), still, moment)


@pytest.mark.parametrize(("depth", "is_refused"), [(5_000, False), (50_000, True), (1_000_000, True)])
def test_nobody_goes_down_without_end(depth: int, is_refused: bool) -> None:
    """A page that is deeper than any Python goes is none; of one that is not, the object is kept aside."""
    body = body_of("metadata", raw('{"a":' + "[" * depth + "]" * depth + "}"))
    if is_refused:
        with pytest.raises(BadAnswer, match="whole JSON"):
            decode_list(b'{"object":"list","total":1,"data":[' + body + b"]}")
    rows, [aside] = read_objects("charge", [body], SCRUB)
    assert (rows, aside.reason[:3]) == ((), "it ")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"total": -1, "data": []}', "total"),
        (b'{"total": 1000000000000000000000000000000, "data": []}', "total"),
        (b'{"total": 1e9, "data": []}', "total"),
        (b'{"total": 1, "data": {}}', "data"),
        (b'{"total": 1, "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "whole JSON"),
        (b"[" * 1_000_000, "whole JSON"),
        (b"\xff\xfe{\x00", "whole JSON"),
        (b"", "whole JSON"),
        (b"<html>" * 10_000, "whole JSON"),
    ],
    ids=range(9),
)
def test_a_page_that_is_none_is_an_answer_that_is_none(body: bytes, words: str) -> None:
    with pytest.raises(BadAnswer, match=words):
        decode_list(body)


@pytest.mark.parametrize("total", ["9223372036854775808", "1e400", "4611686018427387905", "-4611686018427387905"])
def test_a_balance_that_no_store_holds_is_none(total: str) -> None:
    with pytest.raises(BadAnswer):
        decode_balance(f'{{"currency": "THB", "total": {total}, "transferable": 0}}'.encode())
