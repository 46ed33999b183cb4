"""Whether a webhook is Omise's: signatures and bodies as they come, and as somebody else makes them."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from recon.model import Webhook
from recon.omise.webhooks import is_signed, key_of, read_webhook

NOW = datetime(2026, 11, 28, 5, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
BODY = b'{"object":"event","id":"evnt_1","livemode":false,"data":{"object":"charge","id":"chrg_1"}}'
KEY, OLD = b"0123456789abcdef0123", b"fedcba9876543210fedc"


def sign(key: bytes = KEY, stamp: str = STAMP, body: bytes = BODY) -> str:
    return hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("signatures", "stamp", "is_good"),
    [
        (sign(), STAMP, True),
        (sign().upper(), STAMP, True),
        (f"{sign(OLD)},{sign()}", STAMP, True),  # while a secret is rotated, in any order
        (f"{sign()}, {'0' * 64}", STAMP, True),
        (sign(stamp="2026-11-28T05:00:00Z"), "2026-11-28T05:00:00Z", True),  # the header's own text is signed
        (sign(stamp="2026-11-28T12:00:00+07:00"), "2026-11-28T12:00:00+07:00", True),
        ("", STAMP, False),
        (sign(), "", False),
        (sign(b"somebody else's key"), STAMP, False),
        (sign(body=BODY + b" "), STAMP, False),
        (sign(), str(int(STAMP) + 1), False),
        (f"v1={sign()}", STAMP, False),
        (base64.b64encode(bytes.fromhex(sign())).decode(), STAMP, False),
        ("ü" * 64, STAMP, False),
        ("\udcff" * 64, STAMP, False),  # a byte that is no UTF-8, as a server hands it on
        (sign(), "\udcff", False),
        (sign(stamp="soon"), "soon", False),
        (sign(stamp="9" * 12), "9" * 12, False),
        (f"{'0' * 64}," * 4 + sign(), STAMP, False),  # no header has so many
    ],
)
def test_a_signature_is_of_the_timestamps_text_and_the_raw_body(signatures: str, stamp: str, is_good: bool) -> None:
    assert is_signed(BODY, signatures, stamp, [KEY], NOW) is is_good


@pytest.mark.parametrize(("seconds", "is_good"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_five_minutes_are_tolerated_and_no_more(seconds: int, is_good: bool) -> None:
    assert is_signed(BODY, sign(), STAMP, [KEY], NOW + timedelta(seconds=seconds)) is is_good


def test_both_secrets_hold_while_one_is_rotated_and_none_without_any() -> None:
    assert is_signed(BODY, sign(OLD), STAMP, [KEY, OLD], NOW)
    assert not is_signed(BODY, sign(), STAMP, [], NOW)


def test_the_key_is_the_decoded_secret() -> None:
    assert key_of(base64.b64encode(KEY).decode()) == KEY
    for secret in ("no base64!", base64.b64encode(b"short").decode(), ""):
        with pytest.raises(ValueError, match=r"base64|short"):
            key_of(secret)


@pytest.mark.parametrize(
    ("body", "webhook"),
    [
        (BODY, Webhook("evnt_1", False)),
        (b'{"object":"event","id":"evnt_2","livemode":true}', Webhook("evnt_2", True)),
        (BODY.replace(b'"id":"chrg_1"', b'"id":"rfnd_1","charge":"chrg_1"'), Webhook("evnt_1", False, "chrg_1")),
        (BODY.replace(b'"id":"chrg_1"', b'"charge":"chrg_1/../x"'), Webhook("evnt_1", False)),
        (BODY.replace(b'"id":"chrg_1"', b'"charge":{"id":"chrg_1"}'), Webhook("evnt_1", False)),
        (BODY.replace(b"evnt_1", b"evnt_1/../balance"), None),
        (BODY.replace(b"evnt_1", b"chrg_1"), None),
        (BODY.replace(b'"event"', b'"charge"'), None),
        (BODY.replace(b"false", b"null"), None),
        (BODY[:-5], None),
        (b"[" * 60_000, None),
        (b"\xff\xfe", None),
        (b"", None),
        (json.dumps([1]).encode(), None),
    ],
)
def test_only_an_event_is_read_and_of_it_only_ids(body: bytes, webhook: Webhook | None) -> None:
    assert read_webhook(body) == webhook
