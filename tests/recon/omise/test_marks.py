"""Marks of objects: what moves by itself leaves them, whatever else changes does not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.omise.marks import key_of, marks_of
from recon.omise.objects import decode_object
from recon.omise.scrub import Scrub
from recon.privacy import HashKey
from tests.recon.omise.test_objects import Json, charge, nested_list, transfer

SCRUB = Scrub(HashKey((b"k" * 32,)))
KEY = key_of(b"secret", SCRUB)
EMPTY = {key: value for key, value in nested_list().items() if key != "to"}
NESTED: Json = {**EMPTY, "order": "chronological", "from": "1970-01-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"}
LAST = ("expired_at", "refundable", "partially_refundable", "reversible", "capturable", "disputable", "expired")
FIRST = ("object", "id", "refunds", "description", "metadata", "card")


def recorded(**changes: Any) -> Json:
    """A charge with its fields in Omise's order: refunds, metadata and card, at last the abilities."""
    node = charge(refunds=NESTED, **changes)
    between = [key for key in node if key not in FIRST + LAST]
    return {key: node[key] for key in (*FIRST, *between, *LAST)}


def mark(node: Json, kind: str = "charge", key: bytes = KEY, **style: Any) -> bytes:
    ((_, found),) = marks_of(kind, [json.dumps(node, **({"separators": (",", ":")} | style)).encode()], key)
    return found


@pytest.mark.parametrize(
    "change",
    [
        {"refunds": NESTED | {"to": "2027-01-01T00:00:00Z"}},
        {"expired": True, "expired_at": "2026-02-07T17:00:01Z"},
        {"refundable": False, "partially_refundable": False, "disputable": False},
    ],
)
def test_a_clock_and_abilities_leave_the_mark(change: Json) -> None:
    assert mark(recorded() | change) == mark(recorded())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"status": "failed"}),
        ({}, {"livemode": False}),
        ({}, {"a_field_of_next_year": 1}),
        ({"metadata": {"expired": True}}, {"metadata": {"expired": False}}),
        ({"metadata": {"refunds": NESTED}}, {"metadata": {"refunds": NESTED | {"to": "2027-01-01T00:00:00Z"}}}),
        ({"metadata": {"a": {}, "refundable": True}}, {"metadata": {"a": {}, "refundable": False}}),
        ({"description": '"refundable":true'}, {"description": '"refundable":false'}),
        ({"description": '}","refundable":true'}, {"description": '}","refundable":false'}),
        ({"refunds": NESTED | {"to": "x"}, "link": "2026"}, {"refunds": NESTED | {"to": "y"}, "link": "2027"}),
    ],
)
def test_a_change_changes_the_mark(before: Json, after: Json) -> None:
    assert mark(recorded() | before) != mark(recorded() | before | after)


TEXT = st.sampled_from(
    ["", "x", "}", "{", '"', "\\", '"to":"2026-03-01T00:00:00Z"', '},"expired_at":null,"refundable":true', "true"]
)
VALUE = st.recursive(
    st.none() | st.booleans() | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*LAST, "to", "metadata"]), inner),
    max_leaves=6,
)
CHANGES = st.dictionaries(st.sampled_from(["description", "metadata", "link", "a_new_field", *LAST[1:]]), VALUE)


@given(CHANGES, CHANGES)
def test_equal_marks_mean_equal_digests(one: Json, other: Json) -> None:
    first, second = (recorded() | {"metadata": {}} | change for change in (one, other))
    bodies = [json.dumps(node, separators=(",", ":")).encode() for node in (first, second)]
    (_, left), (_, right) = marks_of("charge", bodies, KEY)
    if left == right:
        plain = Scrub(HashKey((b"k" * 32,)))
        rows = [decode_object("event", body[:-1] + EVENT, plain) for body in bodies]
        assert rows[0].digest == rows[1].digest


EVENT = b',"key":"x","created_at":"2026-03-01T00:00:00Z"}'


def test_white_space_is_nothing() -> None:
    assert mark(recorded(), indent=2, separators=None) == mark(recorded()) == mark(recorded(), separators=None)


def test_objects_of_other_kinds_are_marked_whole() -> None:
    assert mark(transfer(paid=True), "transfer") != mark(transfer(), "transfer")


def test_a_mark_is_worth_nothing_under_another_key_or_another_scrub() -> None:
    scrubs = [Scrub(None), Scrub(HashKey((b"k" * 32,)), ("buyer",))]
    keys = [key_of(b"other", SCRUB), *(key_of(b"secret", scrub) for scrub in scrubs)]
    assert len({mark(recorded(), key=key) for key in (KEY, *keys)}) == 4


def test_an_object_without_a_usable_id_has_none() -> None:
    bodies = [b'{"id":"chrg_1"}', b"{}", b'{"id":5}', b"null", b'{"id":"a b"}']
    assert [id for id, _ in marks_of("charge", bodies, KEY)] == ["chrg_1", "", "", "", ""]
