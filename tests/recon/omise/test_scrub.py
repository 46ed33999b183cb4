"""No customer gets past the door: synthetic people planted all over Omise's objects, then looked for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.omise.objects import decode_object
from recon.omise.scrub import Scrub
from recon.privacy import HashKey, is_address_or_card
from tests.recon.omise.test_objects import Json, charge, nested_list, transfer

KEY = HashKey((b"a key of thirty-two bytes or so.",))
SCRUBS = [Scrub(KEY, ("loyalty",)), Scrub(None, ("loyalty",))]

CARD = "4242424242424242"
PEOPLE = {
    "card": {
        "object": "card",
        "id": "card_1",
        "name": "Malee Planted",
        "brand": "Visa",
        "last_digits": "4242",
        "street1": "99 Planted Road",
        "street2": "Soi Planted",
        "city": "Plantedburi",
        "postal_code": "10987",
        "state": "Planted State",
        "phone_number": "0810987654",
        "first_digits": "424200",
        "bank": "Some Bank",
        "fingerprint": "PlantedFingerprint=",
    },
    "ip": "203.0.113.77",
    "description": f"Order-7 for malee.planted@example.com, card {CARD} or 4242 4242 4242 4242",
    "return_uri": "https://shop.example/back?token=planted&email=malee%40example.com",
    "metadata": {
        "order_id": "1000000000000008",
        "loyalty": "PLANTED-L-1",
        "customer_email": "Malee.Planted@example.com",
        "customerName": "Malee Planted",
        "phone": 66810987654,
        "note": "call malee.planted@example.com",
        "shipping_address": {"street": "99 Planted Road", "zip": "10987"},
        "sum": f"paid with {CARD}",
        "buyer": {"first": "Malee Planted"},
        "as_text": '{"full_name": "Malee Planted", "order": "7"}',
        "contact": "malee%40example.com",
        "malee.planted@example.com": 1,
        "store_name": "Shop Seven",
        "people": [{"email": "malee.planted@example.com"}],
        "card_no": CARD,
        "whole": int(CARD),
    },
}
PLANTED = (
    "alee",
    "lanted",
    "10987",
    "810987654",
    "203.0.113.77",
    CARD,
    "4242 4242",
    "424200",
    "PLANTED",
    "example.com",
)


def everything(kind: str, node: Json, scrub: Scrub) -> str:
    row = decode_object(kind, json.dumps(node).encode(), scrub)
    return json.dumps(json.loads(row.raw), ensure_ascii=False) + json.dumps(row.values, ensure_ascii=False)


@pytest.mark.parametrize("scrub", SCRUBS)
def test_a_charge_full_of_people(scrub: Scrub) -> None:
    found = everything("charge", charge(**PEOPLE), scrub)
    assert not [planted for planted in PLANTED if planted in found]
    for kept in ("Order-7", '"order_id": "1000000000000008"', "Shop Seven", '"4242"', "Visa", "Some Bank", '"7'):
        assert kept in found


@pytest.mark.parametrize("scrub", SCRUBS)
def test_a_source_a_customer_and_a_refund_inside_a_charge(scrub: Scrub) -> None:
    source = {
        "object": "source",
        "type": "atome",
        "email": "malee@example.com",
        "name": "Malee Planted",
        "phone_number": "+66810987654",
        "mobile_number": "0810987654",
        "ip": "203.0.113.77",
        "barcode": "10987",
        "billing": {"street1": "99 Planted Road"},
        "shipping": {"city": "Plantedburi"},
        "items": [{"name": "Planted", "amount": 1}],
    }
    customer = {"object": "customer", "id": "cust_1", "description": "Malee Planted", "email": "m@example.com"}
    refund = {"object": "refund", "id": "rfnd_1", "metadata": {"email": "malee@example.com"}}
    node = charge(card=None, source=source, customer=customer, refunds=nested_list(refund))
    found = everything("charge", node, scrub)
    assert not [planted for planted in PLANTED if planted in found]
    assert "cust_1" in found
    assert "atome" in found


@pytest.mark.parametrize("scrub", SCRUBS)
def test_a_bank_account_and_a_webhook(scrub: Scrub) -> None:
    bank_account = {
        "object": "bank_account",
        "name": "Malee Planted",
        "account_number": "0010987001",
        "last_digits": "7001",
        "brand": "scb",
    }
    found = everything("transfer", transfer(bank_account=bank_account), scrub)
    assert not [planted for planted in PLANTED if planted in found]
    assert "7001" in found
    event = {
        "object": "event",
        "id": "evnt_1",
        "key": "charge.create",
        "livemode": True,
        "created_at": "2026-02-01T00:00:00Z",
        "data": charge(**PEOPLE),
        "webhook_deliveries": [
            {"uri": "https://shop.example/hook?key=planted", "payload": json.dumps(charge(**PEOPLE))}
        ],
    }
    found = everything("event", event, scrub)
    assert not [planted for planted in PLANTED if planted in found]


def test_equal_customers_have_equal_hashes_in_the_shops_key() -> None:
    node = charge(metadata={"loyalty": " Planted-L-1", "order_id": "7"})
    row = decode_object("charge", json.dumps(node).encode(), SCRUBS[0])
    assert KEY.hash("planted-l-1") in str(row.values)
    metadata: Any = json.loads(decode_object("charge", json.dumps(node).encode(), SCRUBS[1]).raw)["metadata"]
    assert metadata == {"loyalty": None, "order_id": "7"}


@pytest.mark.parametrize(
    "text",
    [
        "opn-shop.example.com - #1000018",
        "Order 20260131170001 of 2026-01-31",
        "1769878801000123",
        "2026013117000108",  # passes Luhn
        "INV/2026/0000000016",
        "คำสั่งซื้อ 000000016",
        "https://shop.example/orders?id=7",
        "100% off",
    ],
)
def test_ids_in_free_text_survive(text: str) -> None:
    node = charge(description=text, metadata={"reference": text, "memo": text})
    row = decode_object("charge", json.dumps(node).encode(), SCRUBS[0])
    kept = json.loads(row.raw)
    assert kept["description"] == text
    assert kept["metadata"] == {"reference": text, "memo": text}


@pytest.mark.parametrize("text", ["ไม่มีชื่อ 000000016", "100% cotton_key 000000016"])
def test_of_words_that_are_not_known_the_ids_beside_them_survive(text: str) -> None:
    node = charge(description=text, metadata={"memo": text})
    kept = json.loads(decode_object("charge", json.dumps(node).encode(), SCRUBS[0]).raw)
    assert kept["description"].endswith(" 000000016")
    assert kept["metadata"] == {"memo": "[masked]"}


@given(st.integers(0, 10**19))
def test_a_number_that_is_an_order_id_survives_whatever_its_digits_unless_it_is_a_card(number: int) -> None:
    node = charge(metadata={"order_id": str(number)})
    kept = KEY.hidden(str(number)) if is_address_or_card(str(number)) else str(number)
    metadata = json.loads(decode_object("charge", json.dumps(node).encode(), SCRUBS[0]).raw)["metadata"]
    assert metadata == {"order_id": kept}


def test_the_key_shows_nowhere() -> None:
    assert "thirty-two" not in repr(SCRUBS[0])


def test_a_nul_that_no_database_keeps_is_shown_as_unreadable() -> None:
    [charge] = Scrub(None, ()).clean({"object": "charge", "description": "A\0-1", "metadata": {"order_id": "B\0-2"}})
    assert charge["description"] == "A\ufffd-1"
    assert charge["metadata"] == {"order_id": "B\ufffd-2"}
