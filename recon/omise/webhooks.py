"""A webhook as Omise sends it: whether it is signed, and which event it names; nothing in it is believed.

Signature: hex HMAC-SHA256 of the timestamp header's text, a dot and the raw body, keyed with the base64-decoded
secret; several values stand beside each other, joined by commas, while a secret is rotated (facts: quoted from
Omise's page by six implementations).
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from recon.model import Webhook

TOLERANCE = timedelta(minutes=5)
LARGEST = 64 * 1024  # bytes of a body
SIGNATURES = 4  # in one header: two secrets are two
_ID = re.compile(r"evnt_\w{1,80}", re.ASCII)
_CHARGE = re.compile(r"chrg_\w{1,80}", re.ASCII)
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)


class _Data(msgspec.Struct, frozen=True):
    charge: Any = None


class _Event(msgspec.Struct):
    object: str
    id: str
    livemode: bool
    data: _Data = _Data()


def key_of(secret: str) -> bytes:
    """The key in a webhook secret; raises ValueError where it is no base64 or too short to keep anybody out."""
    try:
        key = base64.b64decode(secret, validate=True)
    except binascii.Error:
        raise ValueError("is no base64: copy the webhook secret as the dashboard shows it") from None
    if len(key) < 16:
        raise ValueError("is too short for a webhook secret")
    return key


def is_signed(body: bytes, signatures: str, timestamp: str, keys: Sequence[bytes], now: datetime) -> bool:
    """Whether one of the keys signed the body within five minutes of now, by the headers' own text."""
    moment = _moment(timestamp)
    given = [_sent(value.strip().lower()) for value in signatures.split(",", SIGNATURES)[:SIGNATURES]]
    message = _sent(timestamp) + b"." + body
    wanted = [hmac.new(key, message, hashlib.sha256).hexdigest().encode() for key in keys]
    matches = [hmac.compare_digest(ours, theirs) for ours in wanted for theirs in given]
    return moment is not None and abs(now - moment) <= TOLERANCE and any(matches)


def read_webhook(body: bytes) -> Webhook | None:
    """The event that a body names; null where it is none of Omise's."""
    try:
        event = msgspec.json.decode(body, type=_Event)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if event.object != "event" or not _ID.fullmatch(event.id):
        return None
    charge = event.data.charge
    is_id = isinstance(charge, str) and _CHARGE.fullmatch(charge)
    return Webhook(event.id, event.livemode, charge if is_id else None)


def _sent(header: str) -> bytes:
    """The bytes of a header, which may be no UTF-8: anybody sends them."""
    return header.encode("utf-8", "surrogateescape")


def _moment(timestamp: str) -> datetime | None:
    """Unix seconds, as seen; or ISO 8601, which one implementation's test has."""
    try:
        if _SECONDS.fullmatch(timestamp):
            return datetime.fromtimestamp(int(timestamp), UTC)
        moment = datetime.fromisoformat(timestamp)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
