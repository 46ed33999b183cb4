"""Personal data planted in five languages, by shape and by name of key: what stays and what does not."""

import copy
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recon.omise.objects import decode_object, read_objects
from recon.omise.scrub import Scrub
from recon.orders.rows import payment_words
from recon.privacy import HashKey, hidden_id, is_harmless, mask, masked_payment, masked_prose, shown_cell
from tests.kit import canaries
from tests.kit.places import FIXTURES
from tests.recon.omise.test_objects import Json, charge, dispute, transfer

KEY = HashKey((b"a key of thirty-two bytes or so.",))
ORDER_KEYS = ("order_id", "注文番号")
SCRUBS = [Scrub(KEY, (), ORDER_KEYS), Scrub(None, (), ORDER_KEYS)]

KEYS = [
    *("contact", "ship_to", "idcard", "line_id", "recipient", "remark", "memo", "extra", "Deliver To", "attn"),
    *("ชื่อ", "เบอร์โทร", "ที่อยู่", "เลขบัตรประชาชน", "ไลน์"),
    *("お名前", "電話番号", "住所", "マイナンバー", "denwa"),
    *("nama", "alamat", "no_telefon", "kad_pengenalan", "poskod"),
    *("姓名", "电话", "地址", "身份证", "微信"),
]
PEOPLE = [
    *("Somchai Jaidee", "somchai", "สมชาย ใจดี", "山田太郎", "Ahmad bin Ali", "王小明", "Müller"),
    *(
        "0812345678",
        "081-234-5678",
        "+66 81 234 5678",
        "090-1234-5678",
        "012-345 6789",
        "+65 9123 4567",
        "０９０１２３４５６７８",
    ),
    *("1101700230708", "1-1017-00230-70-8", "900101-14-5678", "S1234567D", "4242424242424242", "mali@example.com"),
    *("99/1 Sukhumvit Road", "somchai99", "31/01/2533", "AA1234567", "๐๘๑๒๓๔๕๖๗๘"),
]


@pytest.mark.parametrize("scrub", SCRUBS)
@pytest.mark.parametrize("key", KEYS)
def test_under_no_name_of_a_key_a_person_is_kept(scrub: Scrub, key: str) -> None:
    for person in PEOPLE:
        node = charge(metadata={key: person, "order_id": "A-1", "deep": {key: [person]}})
        row = decode_object("charge", json.dumps(node).encode(), scrub)
        assert person not in json.dumps(json.loads(row.raw), ensure_ascii=False) + str(row.values), person


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("order_id", text) for text in ("1101700230708", "900101145678", "A-1", "Somchai", "0812345678")),
        ("注文番号", "注文-7"),
        ("order_key", "wc_order_AbCdEfGhIjKlM"),
        ("x_reference", "rAbCdEfGhIjKlMnOpQrStUvWx"),
        ("payment_attempt_id", 48),
        *(("size", value) for value in ("XL-42", 7, 1499.5, True, None, "2026-11-28", "web checkout")),
    ],
)
def test_what_is_configured_a_plugins_or_provably_nobodys_stays(key: str, value: Any) -> None:
    row = decode_object("charge", json.dumps(charge(metadata={key: value})).encode(), SCRUBS[0])
    assert json.loads(row.raw)["metadata"] == {key: value}


@pytest.mark.parametrize("person", [person for person in PEOPLE if person not in ("somchai99", "AA1234567")])
def test_descriptions_and_messages_name_nobody_and_keep_their_order(person: str) -> None:
    text = f"Order A-1001 for {person} thanks"
    for kind, node in (
        ("charge", charge(description=text, failure_message=text)),
        ("dispute", dispute(message=text, admin_message=text, reason_message=text)),
    ):
        raw = json.dumps(
            json.loads(decode_object(kind, json.dumps(node).encode(), SCRUBS[0]).raw), ensure_ascii=False
        )
        words = [word for word in person.split() if not word.isdigit() and "/" not in word]
        assert not [word for word in words if word in raw], (kind, raw)
        assert "A-1001" in raw


OBJECTS: list[tuple[str, Json]] = [
    ("charge", charge()),
    ("transfer", transfer()),
    ("dispute", dispute()),
]


@pytest.mark.parametrize(("kind", "node"), OBJECTS)
@pytest.mark.parametrize("name", ["contact_person", "anything_new", "message", "filename", "billing", "phone_number"])
def test_a_field_that_omise_adds_names_nobody(kind: str, node: Json, name: str) -> None:
    for person in PEOPLE:
        found = decode_object(
            kind, json.dumps({**node, name: person, "nested": {name: [person]}}).encode(), SCRUBS[0]
        )
        assert person not in json.dumps(json.loads(found.raw), ensure_ascii=False)


@pytest.mark.parametrize("person", PEOPLE)
def test_a_cell_in_the_wrong_column_is_not_shown(person: str) -> None:
    assert shown_cell(person) == "[masked]" or person in ("31/01/2533",)


@pytest.mark.parametrize(
    "text", ["processing", "Paid", "on-hold", "wc-completed", "ชำระเงินแล้ว", "発送済み", "1,234.5", "XXX"]
)
def test_a_status_a_number_a_code_is_shown(text: str) -> None:
    assert shown_cell(text) == text


@pytest.mark.parametrize("text", ["4242424242424242", "5555 5555 5555 4444", "Mali@Example.com"])
def test_an_id_that_is_a_card_or_an_address_is_alike_on_both_sides(text: str) -> None:
    metadata = json.loads(
        decode_object("charge", json.dumps(charge(metadata={"order_id": text})).encode(), SCRUBS[0]).raw
    )["metadata"]
    assert metadata == {"order_id": hidden_id(text, KEY)}
    assert metadata["order_id"] != text
    assert hidden_id(text, None) is None


@pytest.mark.parametrize(
    "text", ["Order 1101700230708", "order id: 900101145678", "注文番号 0812345678", "#1101700230708"]
)
def test_a_number_after_a_word_for_an_order_is_the_orders(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Touch 'n Go", "Touch 'n Go"),
        ("Touch ’n Go eWallet", "Touch 'n Go eWallet"),
        ("PayPal Express Checkout", "PayPal Express Checkout"),
        ("paid by Go Siew Ling via PayPal", "paid by [masked] [masked] [masked] via PayPal"),
        ("Boost Tan", "Boost [masked]"),
        ("Omise + anna@example.com", "Omise + [e-mail]"),
    ],
)
def test_ways_of_paying_are_read_whole_and_names_beside_them_are_not(text: str, kept: str) -> None:
    assert payment_words(text) == kept


@pytest.mark.parametrize(
    "piece",
    ["1", "a", "a@", "+", "-", " ", "1 ", "a@a.b ", "4242424242424242 ", "0812345678 ", "สมชาย", "(0", "%40", "a."],
)
def test_masking_is_linear(piece: str) -> None:
    """Ten times the text takes no more than some thirty times as long; a square takes a hundred."""
    for masking in (mask, masked_prose, masked_payment, is_harmless, shown_cell):
        took = []
        for size in (20_000, 200_000):
            text = piece * (size // len(piece))
            began = time.perf_counter()
            masking(text)
            took.append(time.perf_counter() - began)
        assert took[1] < max(30 * took[0], 0.25), (masking.__name__, took)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("+65 9187 6543 090-1987-6543", "[phone] [phone]"),
        ("+66 81 987 6543 081-987-6543", "[phone] [phone]"),
        ("+81 90 1987 6543 1000123", "[phone] 1000123"),
        ("+60 12-987 6543, +1 415 555 0100", "[phone], [phone]"),
    ],
)
def test_a_phone_takes_no_digits_of_the_number_beside_it(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("uri", "kept"),
    [
        ("https://shop.example.com/orders/1001/return?mail=a@b.co#x", "https://shop.example.com/orders/1001/return"),
        ("https://shop.example.com/user/Somchai Jaidee/", "https://shop.example.com/user/[masked] [masked]/"),
        (
            "https://shop.example.com/%E0%B8%AA%E0%B8%A1%E0%B8%8A%E0%B8%B2%E0%B8%A2",
            "https://shop.example.com/[masked]",
        ),
        (
            "https://api.example.com/payments/paym_test_1/authorize",
            "https://api.example.com/payments/paym_test_1/authorize",
        ),
    ],
)
def test_of_a_link_the_known_words_of_its_path_stay(uri: str, kept: str) -> None:
    [node] = Scrub(KEY).clean({"object": "charge", "return_uri": uri})
    assert node["return_uri"] == kept


def test_an_id_beside_a_card_or_an_address_is_masked_alike_on_both_sides() -> None:
    for text in ("A-1 mali@example.com", "A-1 4242424242424242"):
        [node] = Scrub(KEY).clean({"object": "charge", "metadata": {"order_id": text}})
        assert node["metadata"]["order_id"] == hidden_id(text, KEY) == hidden_id(text, None) != text


def test_a_key_of_metadata_that_is_a_sentence_is_masked() -> None:
    [node] = Scrub(KEY).clean({"object": "charge", "metadata": {"Somchai " * 9: 1, "ship_to": None}})
    assert node["metadata"] == {"[masked]": 1, "ship_to": None}


FORMS = ("charge", "refund", "transfer", "transaction", "dispute", "event")
RECORDED = sorted(path for path in FIXTURES.rglob("*.json")) if FIXTURES.exists() else []


def objects_in(node: Any) -> Iterator[Json]:
    """Each object of a kind that is read, wherever it stands."""
    if isinstance(node, dict):
        if node.get("object") in FORMS:
            yield node
        for value in node.values():
            yield from objects_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects_in(value)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: str(path.relative_to(FIXTURES)))
@pytest.mark.parametrize("scrub", SCRUBS)
def test_people_in_every_text_of_a_recorded_object_are_gone(path: Path, scrub: Scrub) -> None:
    for node in objects_in(json.loads(path.read_bytes())):
        planted = canaries.planted(copy.deepcopy(node))
        rows, malformed = read_objects(str(node["object"]), [json.dumps(planted).encode()], scrub)
        for row in rows:
            texts = json.dumps(json.loads(row.raw), ensure_ascii=False) + str(row.values)
            assert canaries.found_in([("store: charge.raw", texts.encode())]) == {}
        assert canaries.found_in([("store: kept aside", repr(malformed).encode())]) == {}
