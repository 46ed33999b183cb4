"""Marks an object by its bytes, so that what came before as it comes now is not read again.

A mark is a keyed hash over the bytes of an object without what moves by itself in a charge. Equal marks mean equal
digests; two objects of the same digest may well have different marks, and are then read.
"""

import hashlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from recon.columns import CHARGE
from recon.omise.objects import MOVING, id_of
from recon.omise.scrub import Scrub

# Raised when the scrubbing or the digest of an object changes: what was stored by older rules is then read once more.
RULES = b"4"

_SHORT = b'{"object":"'  # written without white space
_CLOCK = b'"order":"chronological","from":"1970-01-01T00:00:00Z","to":"'
_STAMP = len("2026-01-01T00:00:00Z")
_METADATA = b'"metadata":{'
_ENDED = b'"expired_at":'
_ABILITIES = tuple(name.encode() for name in sorted(MOVING[CHARGE.name] - {"expired_at"}))
_FLIPS = tuple((b'"%b":true' % name, b'"%b":false' % name) for name in _ABILITIES)


@dataclass(frozen=True)
class StoredMarks:
    """The marks that the store has: `unchanged` is given a kind and marks by id, and returns the ids that have them.

    `key` is secret: a mark is made of customer fields too, and nobody may guess them from it.
    """

    key: bytes = field(repr=False)
    unchanged: Callable[[str, Mapping[str, bytes]], Awaitable[Collection[str]]]


def key_of(secret: bytes, scrub: Scrub) -> bytes:
    """The key of marks that are worth something only while the same fields are taken out of objects."""
    patterns = (pattern.pattern for pattern in scrub.patterns)
    names = (*scrub.customer_keys, "", *scrub.order_keys, "", *patterns)
    hash_keys = scrub.hash_key.keys if scrub.hash_key else ()
    rules = b"\0".join((RULES, *hash_keys, *(name.encode() for name in names)))
    return hashlib.blake2b(rules, digest_size=32, key=hashlib.blake2b(secret, digest_size=32).digest()).digest()


def marks_of(kind: str, bodies: Iterable[bytes], key: bytes) -> list[tuple[str, bytes]]:
    """Id and mark (16 bytes) of each object's bytes; the id is empty where there is none."""
    marks = []
    for body in bodies:
        mark = hashlib.blake2b(digest_size=16, key=key)
        text = body if body.startswith(_SHORT) else _shortened(body)
        for piece in _lasting(text) if kind == CHARGE.name else (text,):
            mark.update(piece)
        marks.append((id_of(body), mark.digest()))
    return marks


def _shortened(body: bytes) -> bytes:
    try:
        return msgspec.json.format(body, indent=-1)
    except (msgspec.DecodeError, RecursionError):  # reported when it is read
        return body


def _lasting(charge: bytes) -> tuple[bytes, ...]:
    """A charge's bytes without the clock of its lists and its abilities, cut only where it is certain what is cut.

    Quotes inside a text are escaped, so a name with its quotes is a name. After the last inner brace only the
    charge's own fields stand; before its first metadata nothing that a shop may have written as an object.
    """
    last = charge.rfind(b"}", 0, -1) + 1
    end, _, after = charge[last:].partition(_ENDED)  # Omise writes all abilities after it
    after = after[after.find(b",") :]
    for able, unable in _FLIPS:
        after = after.replace(able, unable)
    metadata = charge.find(_METADATA, 0, last)
    clock = charge.find(_CLOCK, 0, last if metadata < 0 else metadata)
    cut = clock + len(_CLOCK)
    if clock < 0 or charge.find(b'"', cut) != cut + _STAMP:
        return charge[:last], end, after
    return charge[:cut], charge[cut + _STAMP : last], end, after
