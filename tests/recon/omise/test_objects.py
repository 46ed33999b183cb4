"""Omise's JSON as rows: recorded and synthetic answers in, typed values, digests and evidence out."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.columns import KINDS
from recon.model import Malformed, ObjectRow
from recon.omise.objects import (
    BadAnswer,
    UnexpectedShape,
    decode_account,
    decode_balance,
    decode_list,
    decode_object,
    read_objects,
)
from recon.omise.scrub import Scrub
from recon.privacy import HashKey

FIXTURES = Path(os.environ.get("RECON_FIXTURES", "../shared/fixtures")) / "omise-php"
HASHED = Scrub(HashKey((b"k" * 32,)))
Json = dict[str, Any]


class Page(NamedTuple):
    total: int
    rows: tuple[ObjectRow, ...]
    malformed: tuple[Malformed, ...]


def decode_page(kind: str, body: bytes, scrub: Scrub) -> Page:
    listed = decode_list(body)
    return Page(listed.total, *read_objects(kind, listed.objects, scrub))


def nested_list(*rows: Json) -> Json:
    return {"object": "list", "data": list(rows), "total": len(rows), "limit": 20, "to": "2026-03-01T00:00:00Z"}


def charge(**changes: Any) -> Json:
    """A synthetic card charge in the shape of 2019-05-29."""
    return {
        "object": "charge",
        "id": "chrg_1",
        "location": "/charges/chrg_1",
        "livemode": True,
        "status": "successful",
        "amount": 100000,
        "currency": "THB",
        "funding_amount": 100000,
        "funding_currency": "THB",
        "captured_amount": 100000,
        "fee": 3650,
        "fee_vat": 256,
        "interest": 0,
        "interest_vat": 0,
        "net": 96094,
        "refunded_amount": 0,
        "transaction_fees": {"fee_flat": "0.0", "fee_rate": "3.65", "vat_rate": "7.0"},
        "refunds": nested_list(),
        "transaction": "trxn_1",
        "dispute": None,
        "source": None,
        "card": {"object": "card", "id": "card_1", "brand": "Visa", "last_digits": "4242", "deleted": False},
        "capture": True,
        "authorized": True,
        "paid": True,
        "reversed": False,
        "voided": False,
        "expired": False,
        "refundable": True,
        "partially_refundable": True,
        "reversible": False,
        "disputable": True,
        "capturable": False,
        "can_perform_void": True,
        "created_at": "2026-01-31T17:00:01Z",
        "authorized_at": "2026-01-31T17:00:02Z",
        "paid_at": "2026-01-31T17:00:03Z",
        "expires_at": "2026-02-07T17:00:01Z",
        "expired_at": None,
        "reversed_at": None,
        "failure_code": None,
        "description": "Order-7",
        "metadata": {"order_id": "7"},
    } | changes


def dispute(**changes: Any) -> Json:
    return {
        "object": "dispute",
        "id": "dspt_1",
        "livemode": True,
        "charge": "chrg_1",
        "status": "open",
        "amount": 90000,
        "currency": "THB",
        "funding_amount": 90000,
        "funding_currency": "THB",
        "documents": nested_list(),
        "reason_code": "other",
        "created_at": "2026-02-01T00:00:00Z",
        "closed_at": None,
    } | changes


def transfer(**changes: Any) -> Json:
    return {
        "object": "transfer",
        "id": "trsf_1",
        "livemode": True,
        "amount": 100000,
        "currency": "THB",
        "fee": 2804,
        "fee_vat": 196,
        "total_fee": 3000,
        "net": 97000,
        "sendable": True,
        "sent": True,
        "paid": False,
        "deleted": False,
        "sent_at": "2026-02-02T01:00:00Z",
        "created_at": "2026-02-01T00:00:00Z",
        "transactions": [],
    } | changes


def row(kind: str, node: Json, scrub: Scrub = HASHED) -> ObjectRow:
    return decode_object(kind, json.dumps(node).encode(), scrub)


def named(kind: str, found: ObjectRow) -> Mapping[str, Any]:
    return dict(zip(KINDS[kind].names, found.values, strict=True))


def recorded(name: str) -> bytes:
    path = FIXTURES / name
    if not path.exists():
        pytest.skip("recorded responses are not here")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("charge", "charges-get.json"),
        ("charge", "search-charges-captured-page1.json"),
        ("transfer", "transfers-get.json"),
        ("transaction", "transactions-get.json"),
        ("dispute", "disputes-get.json"),
        ("event", "events-get.json"),
    ],
)
def test_recorded_lists_become_rows_that_frames_accept(kind: str, name: str) -> None:
    body = recorded(name)
    page = decode_page(kind, body, HASHED)
    assert len(page.rows) == len(json.loads(body)["data"]) > 0
    assert page.total == json.loads(body)["total"]
    KINDS[kind].check(KINDS[kind].from_rows(found.values for found in page.rows))
    assert [found.id for found in page.rows] == [node["id"] for node in json.loads(body)["data"]]


def test_every_recorded_object_becomes_a_row() -> None:
    recorded("account-get.json")
    found = 0
    for path in sorted(FIXTURES.rglob("*.json")):
        node = json.loads(path.read_bytes())
        if node.get("object") in KINDS:
            found += 1
            assert json.loads(decode_object(node["object"], path.read_bytes(), HASHED).raw)["id"] == node["id"]
    assert found >= 10


def test_no_recorded_card_holder_is_kept() -> None:
    body = recorded("search-charges-captured-page1.json")
    names = {(node["card"] or {}).get("name") or "-" for node in json.loads(body)["data"]} - {"-"}
    kept = "".join(f"{json.loads(found.raw)}{found.values}" for found in decode_page("charge", body, HASHED).rows)
    assert names
    assert not [name for name in names if f"'{name}'" in kept]


def test_recorded_account_and_balance() -> None:
    facts = decode_account(recorded("account-get.json"))
    assert (facts.country, facts.currency, facts.livemode) == ("TH", "THB", False)
    balance = decode_balance(recorded("balance-get.json"))
    assert (balance.currency, balance.total, balance.reserve, balance.on_hold) == ("THB", 1644800, 0, 0)


def test_a_charge_by_column() -> None:
    found = named("charge", row("charge", charge(currency="usd", link={"object": "link", "id": "link_1"})))
    assert found["charge_id"] == "chrg_1"
    assert (found["amount"], found["currency"], found["net"], found["fee_rate"]) == (100000, "USD", 96094, "3.65")
    assert (found["method"], found["card_brand"], found["transaction_id"]) == ("card", "Visa", "trxn_1")
    assert found["created_at"] == 1769878801 * 1_000_000
    assert found["paid_at"] == 1769878803 * 1_000_000
    assert (found["link"], found["reversed_at"], found["dispute_id"]) == ("link_1", None, None)
    assert (found["metadata"], found["description"], found["livemode"]) == ('{"order_id":"7"}', "Order-7", True)


def test_what_a_charge_may_leave_out() -> None:
    bare = charge(metadata={}, card=None, source={"type": "promptpay"}, transaction={"id": "trxn_2", "amount": 1})
    for key in ("captured_amount", "transaction_fees", "authorized_at", "dispute", "interest", "link"):
        bare.pop(key, None)
    found = named("charge", row("charge", bare))
    assert (found["captured_amount"], found["fee_rate"]) == (None, None)
    assert (found["method"], found["transaction_id"], found["metadata"]) == ("promptpay", "trxn_2", None)


def test_the_method_is_not_guessed() -> None:
    assert named("charge", row("charge", charge(card=None)))["method"] is None


def test_an_unknown_status_stays_the_word_it_is() -> None:
    assert named("charge", row("charge", charge(status="frozen")))["status"] == "frozen"


def test_metadata_text_has_sorted_keys() -> None:
    assert named("charge", row("charge", charge(metadata={"b": 1, "a": "x"})))["metadata"] == '{"a":"x","b":1}'


def test_an_embedded_dispute_gives_its_id() -> None:
    assert named("charge", row("charge", charge(dispute=dispute())))["dispute_id"] == "dspt_1"


def test_a_transfer_names_its_own_debit_not_the_money_given_back() -> None:
    moves = [{"id": "trxn_back", "direction": "credit"}, {"id": "trxn_out", "direction": "debit"}]
    assert named("transfer", row("transfer", transfer(transactions=moves)))["transaction_id"] == "trxn_out"
    assert named("transfer", row("transfer", transfer()))["transaction_id"] is None


def test_a_refund_with_its_charge_expanded() -> None:
    node = {
        "object": "refund",
        "id": "rfnd_1",
        "livemode": True,
        "charge": {"object": "charge", "id": "chrg_1"},
        "status": "closed",
        "amount": 10000,
        "currency": "THB",
        "funding_amount": 10000,
        "funding_currency": "THB",
        "voided": False,
        "created_at": "2026-02-01T00:00:00Z",
    }
    found = named("refund", row("refund", node))
    assert (found["charge_id"], found["voided"], found["transaction_id"]) == ("chrg_1", False, None)


def test_an_event_names_its_object_only() -> None:
    node = {
        "object": "event",
        "id": "evnt_1",
        "key": "charge.create",
        "livemode": True,
        "created_at": "2026-02-01T00:00:00Z",
        "data": {"object": "charge", "id": "chrg_9", "created": "long ago"},
        "webhook_deliveries": [{"created_at": "2023-03-02 10:27:09 UTC", "payload": '{"secret": 1}'}],
    }
    found = row("event", node)
    assert found.values[:3] == ("evnt_1", "charge.create", "chrg_9")
    assert "secret" not in json.dumps(json.loads(found.raw))


def test_a_page_of_receipts() -> None:
    receipt = {
        "object": "receipt",
        "id": "rcpt_1",
        "currency": "THB",
        "vat": 102200,
        "wht": 0,
        "total": 1562200,
        "issued_on": "2026-01-31",
        "created_at": "2026-01-31T18:00:00Z",
        "adjustment_transaction": {"transaction": "trxn_5"},
    }
    page = decode_page(
        "receipt", json.dumps({"object": "receipt_list", "data": [receipt], "total": 1}).encode(), HASHED
    )
    found = named("receipt", page.rows[0])
    assert (found["transaction_id"], found["issued_on"], found["vat"]) == ("trxn_5", "2026-01-31", 102200)


MOVES_BY_ITSELF: list[Json] = [
    {"expired": True, "expired_at": "2026-02-07T17:00:01Z"},
    {"refundable": False, "partially_refundable": False},
    {"reversible": True, "disputable": False, "capturable": True, "can_perform_void": False},
    {"refunds": nested_list() | {"to": "2027-01-01T00:00:00Z"}},
    {"card": charge()["card"] | {"deleted": True, "location": "/customers/cust_1/cards/card_1"}},
]
IS_A_CHANGE: list[Json] = [
    {"status": "expired"},
    {"amount": 100001},
    {"refunded_amount": 1},
    {"voided": True},
    {"dispute": dispute()},
    {"a_field_of_next_year": 1},
    {"metadata": {"order_id": "8"}},
    {"refunds": nested_list({"object": "refund", "id": "rfnd_1"})},
    {"expires_at": "2026-02-08T17:00:01Z"},
]


@pytest.mark.parametrize("change", MOVES_BY_ITSELF)
def test_clocks_and_abilities_make_no_new_version(change: Json) -> None:
    assert row("charge", charge(**change)).digest == row("charge", charge()).digest
    kept = json.loads(row("charge", charge(**change)).raw)
    assert all(kept[key] == value for key, value in change.items())


@pytest.mark.parametrize("change", IS_A_CHANGE)
def test_everything_else_does(change: Json) -> None:
    assert row("charge", charge(**change)).digest != row("charge", charge()).digest


def test_clocks_in_an_embedded_dispute_make_no_new_version_and_its_status_does() -> None:
    before = row("charge", charge(dispute=dispute())).digest
    later = dispute(documents=nested_list() | {"to": "2027-01-01T00:00:00Z"})
    assert row("charge", charge(dispute=later)).digest == before
    assert row("charge", charge(dispute=dispute(status="lost"))).digest != before


def test_a_deleted_transfer_is_a_change() -> None:
    assert row("transfer", transfer(deleted=True)).digest != row("transfer", transfer()).digest


@given(st.permutations(list(charge().items())))
def test_the_digest_does_not_know_the_order_of_keys(items: list[tuple[str, Any]]) -> None:
    assert row("charge", dict(items)).digest == row("charge", charge()).digest


def test_the_evidence_is_the_whole_object() -> None:
    assert list(json.loads(row("charge", charge()).raw).items()) == list(charge().items())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502 somchai</html>",
        json.dumps(charge()).encode()[:-9],
        b"[]",
        b"[" * 100_000,
        json.dumps(charge(amount="somchai")).encode(),
        json.dumps(charge(amount=1000.5)).encode(),
        json.dumps(charge(created_at="somchai")).encode(),
        json.dumps(charge(created_at="2026-01-01T00:00:00")).encode(),
        json.dumps(charge(livemode=None)).encode(),
        json.dumps({"object": "error", "code": "somchai"}).encode(),
        b"\xff\xfe",
    ],
)
def test_a_body_that_is_no_charge_is_told_in_words(body: bytes) -> None:
    with pytest.raises(BadAnswer) as told:
        decode_object("charge", body, HASHED)
    assert "somchai" not in str(told.value)


@pytest.mark.parametrize(
    ("wrong", "id", "reason"),
    [
        (charge(id="chrg_odd", amount="somchai"), "chrg_odd", "Expected `int`, got `str` - at `$.amount`"),
        (
            charge(id="chrg_odd", created_at="somchai"),
            "chrg_odd",
            "Invalid RFC3339 encoded datetime - at `$.created_at`",
        ),
        (charge(id=None), "", "Expected `str`, got `null` - at `$.id`"),
        (charge(id="somchai@example.com", net=1.5), "", "Expected `int`, got `float` - at `$.net`"),
        ({"object": "charge"}, "", "Object missing required field `id`"),
        ("somchai", "", "Expected `object`, got `str`"),
        (None, "", "Expected `object`, got `null`"),
    ],
)
def test_an_odd_object_in_a_page_is_kept_aside_and_the_others_are_rows(wrong: Any, id: str, reason: str) -> None:
    body = json.dumps({"total": 3, "data": [charge(id="chrg_1"), wrong, charge(id="chrg_2")]}).encode()
    page = decode_page("charge", body, HASHED)
    assert [row.id for row in page.rows] == ["chrg_1", "chrg_2"]
    assert [(odd.kind, odd.id, odd.reason) for odd in page.malformed] == [("charge", id, reason)]


@pytest.mark.parametrize("body", [b'{"data": []}', b"[]", b'{"object": "error"}', b'{"total": "1", "data": []}'])
def test_whole_json_that_is_no_list_is_told_from_what_is_cut(body: bytes) -> None:
    with pytest.raises(UnexpectedShape):
        decode_page("charge", body, HASHED)
    with pytest.raises(BadAnswer, match="not whole"):
        decode_page("charge", body[:-1], HASHED)


def test_an_object_that_is_cut_is_no_list_with_an_odd_one() -> None:
    for inner in (json.dumps(charge()).encode()[:-9], b"<html>", b"[" * 100_000):
        with pytest.raises(BadAnswer, match="not whole"):
            decode_page("charge", b'{"total": 1, "data": [' + inner + b", {}]}", HASHED)


def test_a_text_in_another_encoding_costs_its_object_only() -> None:
    body = b'{"total": 1, "data": [' + json.dumps(charge(description="x")).encode().replace(b'"x"', b'"\xff"') + b"]}"
    assert [odd.reason for odd in decode_page("charge", body, HASHED).malformed] == ["it is no readable JSON"]


def test_an_account_and_a_balance_that_are_none() -> None:
    for decode in (decode_account, decode_balance):
        with pytest.raises(BadAnswer):
            decode(b"{}")


def test_an_older_balance_has_nothing_on_hold_to_say() -> None:
    body = b'{"currency": "jpy", "total": 5, "transferable": 5, "reserve": 0}'
    assert decode_balance(body).on_hold is None
    assert decode_balance(body).currency == "JPY"


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({}, None),
        ({"message": ""}, None),
        ({"documents": nested_list() | {"total": 2}}, "documents"),
        ({"documents": None, "message": None}, None),
        ({"message": "We sent it on Monday.", "documents": nested_list() | {"total": 2}}, "message"),
    ],
)
def test_what_a_dispute_was_answered_with_is_known_and_not_its_words(said: Json, answer: str | None) -> None:
    answered = row("dispute", dispute(**said))
    assert named("dispute", answered)["answer"] == answer
    assert answer is None or answered.digest != row("dispute", dispute()).digest, "a new version"


def test_what_moves_the_balance_in_another_currency_than_the_accounts_is_kept_aside_and_a_charge_is_not() -> None:
    """Omise settles an account in one currency: its charges may be in others, its ledger and transfers never are."""
    usd = [json.dumps(transfer(currency=currency)).encode() for currency in ("USD", "thb")]
    rows, [aside] = read_objects("transfer", usd, HASHED, "THB")
    assert (len(rows), aside.id, aside.reason) == (1, "trsf_1", "it is in USD, the account settles in THB")
    assert aside.traces.currency == "USD"
    assert read_objects("charge", [json.dumps(charge(currency="USD")).encode()], HASHED, "THB")[1] == ()
