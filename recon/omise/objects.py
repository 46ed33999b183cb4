"""Omise's JSON becomes typed, scrubbed rows here and ends here."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec

from recon.bounds import LARGEST_AMOUNT, LARGEST_OBJECT, LARGEST_SUM, MOST_OBJECTS, YEARS
from recon.model import Balance, Malformed, ObjectRow, Traces
from recon.omise.hashes import StoredHashes
from recon.omise.scrub import Node, Scrub, object_of
from recon.omise.shapes import TYPES, VALUES, Moment

T = TypeVar("T")

_sorted = msgspec.json.Encoder(order="deterministic")
_plain = msgspec.json.Encoder()
_node = msgspec.json.Decoder(dict[str, Any])

# What moves by itself inside an unchanged object, by the object it stands in: the server's clock in every embedded
# list, abilities that flip as time passes, and a saved card's later life (recorded: one card, two charges, a day).
MOVING: Mapping[str, frozenset[str]] = {
    "charge": frozenset(
        {
            "expired",
            "expired_at",
            "refundable",
            "partially_refundable",
            "reversible",
            "disputable",
            "capturable",
            "can_perform_void",
        }
    ),
    "list": frozenset({"to"}),
    "card": frozenset({"deleted", "location"}),
}


class BadAnswer(ValueError):
    """A body that is not the JSON it should be: cut, or a gateway's page."""


class UnexpectedShape(BadAnswer):
    """Whole JSON that is not what was asked for; asking again is of little use."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list, its objects not read yet: how many the whole list has, and the bytes of each of these."""

    total: int
    objects: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What `/account` says about the key's account."""

    id: str
    currency: str
    livemode: bool
    country: str | None = None  # older test accounts do not say


Objects = tuple[tuple[ObjectRow, ...], tuple[Malformed, ...]]


_Sum = Annotated[int, msgspec.Meta(ge=-LARGEST_SUM, le=LARGEST_SUM)]


class _List(msgspec.Struct):
    total: Annotated[int, msgspec.Meta(ge=0, le=MOST_OBJECTS)]
    data: list[msgspec.Raw]


class _Balance(msgspec.Struct):
    currency: str
    total: _Sum
    transferable: _Sum
    reserve: _Sum = 0
    on_hold: _Sum | None = None


class _Named(msgspec.Struct):
    id: Any = None


class _Made(msgspec.Struct):
    created_at: Moment


_list = msgspec.json.Decoder(_List)
_account = msgspec.json.Decoder(AccountFacts)
_balance = msgspec.json.Decoder(_Balance)
_whole = msgspec.json.Decoder(dict[str, msgspec.Raw])
_named = msgspec.json.Decoder(_Named)
_made = msgspec.json.Decoder(_Made)
_ID = re.compile(r"\w{1,64}", re.ASCII)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError)
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_MOVE_BALANCES = ("transaction", "transfer")
_MOVED = {"charge": ("captured_amount", "amount"), "transfer": ("net",)}  # by which fields an object moved money


def decode_list(body: bytes) -> ListPage:
    """A page of any list of Omise (`list`, `receipt_list`, `search`); raises BadAnswer."""
    try:
        page = _decoded(_list.decode, body)
    except UnexpectedShape:
        raise
    except BadAnswer:
        rewritten = _rewritten(body)
        if rewritten is None:
            raise
        page = _decoded(_list.decode, rewritten[0])
        return ListPage(page.total, rewritten[1])
    return ListPage(page.total, tuple(map(bytes, page.data)))


def _rewritten(body: bytes) -> tuple[bytes, tuple[bytes, ...]] | None:
    """A list without its objects, and these one by one, where half a letter in one of them hides all others."""
    try:
        page = json.loads(body)
        objects = tuple(json.dumps(item).encode() for item in page.pop("data"))
        return json.dumps(page | {"data": []}).encode(), objects
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def read_objects(kind: str, bodies: Iterable[bytes], scrub: Scrub, settles_in: str = "") -> Objects:
    """Objects, each as its bytes: their rows, and those that have another shape.

    `settles_in`: the account's only currency, in which everything that moves its balance is (empty: any).
    """
    rows: list[ObjectRow] = []
    malformed: list[Malformed] = []
    for body in bodies:
        try:
            rows.append(_row(kind, _node_of(body), scrub.clean, settles_in if kind in _MOVE_BALANCES else ""))
        except _UNREADABLE as error:
            malformed.append(_malformed(kind, body, error, scrub))
    return tuple(rows), tuple(malformed)


def id_of(body: bytes) -> str:
    """The id in an object's bytes; empty where it has none that could be one."""
    try:
        object_id = _named.decode(body).id
    except _UNREADABLE:
        return ""
    return object_id if isinstance(object_id, str) and _ID.fullmatch(object_id) else ""


def decode_object(kind: str, body: bytes, scrub: Scrub) -> ObjectRow:
    """One object; raises BadAnswer."""
    return _decoded(lambda whole: _row(kind, _node_of(whole), scrub.clean), body)


def stored_object(kind: str, body: bytes, change: Callable[[str], str | None]) -> ObjectRow:
    """An object as it is stored, each of its customer hashes changed and nothing else; raises BadAnswer."""
    return _decoded(lambda whole: _row(kind, _node_of(whole), StoredHashes(change).clean), body)


def clean_texts(description: str | None, metadata: str | None, scrub: Scrub) -> tuple[str | None, str | None]:
    """An object's description and metadata (JSON) as a row holds them, cleaned without the rest of it."""
    node: dict[str, Any] = {"description": description, "metadata": _node.decode(metadata) if metadata else None}
    scrub.clean(node)
    return node["description"], _sorted.encode(node["metadata"]).decode() if metadata else metadata


def object_bytes(body: bytes) -> bytes:
    """The bytes of one object, not read yet; raises BadAnswer."""
    _decoded(_whole.decode, body)
    return body


def decode_account(body: bytes) -> AccountFacts:
    """What `/account` answers; raises BadAnswer."""
    facts = _decoded(_account.decode, body)
    country = facts.country.upper() if facts.country else None
    return AccountFacts(facts.id, facts.currency.upper(), facts.livemode, country)


def decode_balance(body: bytes) -> Balance:
    """What `/balance` answers, in minor units of the settlement currency; raises BadAnswer."""
    balance = _decoded(_balance.decode, body)
    return Balance(balance.currency.upper(), balance.total, balance.transferable, balance.reserve, balance.on_hold)


def _decoded(decode: Callable[[bytes], T], body: bytes) -> T:
    """What it decodes, or BadAnswer in words that hold nothing of the body."""
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        problem = f"the answer has another shape than Omise's: {error}"
    except _UNREADABLE:
        problem = ""
    if problem and _is_whole(body):
        raise UnexpectedShape(problem)
    raise BadAnswer("the answer is not whole JSON")


def _is_whole(body: bytes) -> bool:
    """Whether a body is JSON to its end: a wrong type is told before what comes after it is looked at."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except _UNREADABLE:
        return False
    return True


def _node_of(body: bytes) -> dict[str, Any]:
    """Raises msgspec.DecodeError."""
    if len(body) > LARGEST_OBJECT:
        raise msgspec.ValidationError(f"it has {len(body):,} bytes, and at most {LARGEST_OBJECT:,} are read")
    return _node.decode(body)


def _row(kind: str, node: Node, clean: Callable[[Node], list[Node]], settles_in: str = "") -> ObjectRow:
    """Raises msgspec.ValidationError."""
    parts = clean(node)
    typed = msgspec.convert(node, TYPES[kind])
    if settles_in and (currency := typed.currency.upper()) != settles_in:
        named = currency if _CURRENCY.fullmatch(currency) else "another currency"
        raise msgspec.ValidationError(f"it is in {named}, the account settles in {settles_in}")
    raw = _plain.encode(node)  # before the digest, which takes out what moves
    return ObjectRow(typed.id, VALUES[kind](typed), _digest(node, parts), raw)


def key_of(body: bytes) -> str:
    """Tells an object's bytes from all others."""
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def created_at(body: bytes) -> datetime | None:
    """When an object says that it was made; null where it does not."""
    try:
        made = _made.decode(body).created_at
        return made if made.year in YEARS else None
    except _UNREADABLE:
        return None


def _malformed(kind: str, body: bytes, error: Exception, scrub: Scrub) -> Malformed:
    reason = str(error) if isinstance(error, msgspec.ValidationError) else "it is no readable JSON"
    return Malformed(kind, id_of(body), reason, key_of(body), _traces(kind, body, scrub))


def _traces(kind: str, body: bytes, scrub: Scrub) -> Traces:
    """Each field by itself: what is wrong with one says nothing about the others."""
    try:
        node = _node_of(body)
        scrub.clean(node)
    except _UNREADABLE:
        return Traces()
    made = created_at(body)
    amounts = [_amount(node.get(name)) for name in _MOVED.get(kind, ("amount",))]
    currency, description, metadata = (node.get(name) for name in ("currency", "description", "metadata"))
    return Traces(
        created=(made, made) if made else None,
        amount=next((amount for amount in amounts if amount is not None), None),
        currency=currency.upper() if isinstance(currency, str) and _CURRENCY.fullmatch(currency) else None,
        charge_id=_reference(node.get("charge")),
        transaction_id=_reference(node.get("transaction")),
        origin=_reference(node.get("origin")),
        description=description if isinstance(description, str) else None,
        metadata=_sorted.encode(metadata).decode() if isinstance(metadata, dict) and metadata else None,
    )


def _amount(value: Any) -> int | None:
    """Minor units, where it can be nothing else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_AMOUNT else None


def _reference(value: Any) -> str | None:
    """An id, or the id of an expanded object."""
    name = value.get("id") if isinstance(value, dict) else value
    return name if isinstance(name, str) and _ID.fullmatch(name) else None


def _digest(node: dict[str, Any], parts: Sequence[dict[str, Any]]) -> bytes:
    """Of the object without what moves by itself in it or in its parts, whatever the order of keys; takes it out."""
    for part in parts:
        if (moving := MOVING.get(object_of(part))) is not None:
            for key in moving:
                part.pop(key, None)
    return hashlib.blake2b(_sorted.encode(node), digest_size=16).digest()
