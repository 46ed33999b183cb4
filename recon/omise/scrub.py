"""Takes customer fields out of Omise's objects before anything is kept."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any
from urllib.parse import unquote

import msgspec

from recon.privacy import keyed_hash, redact

Node = dict[str, Any]

PLAIN, TEXT, PERSONAL, LINK, DROPPED = range(5)

_FIELDS: Mapping[str, Any] = tomllib.loads(
    resources.files("recon").joinpath("omise", "personal.toml").read_text(encoding="utf-8")
)
_PERSONAL_WORDS = frozenset(_FIELDS["words"])
_THINGS = frozenset(_FIELDS["things"])
_PAIRS = tuple(frozenset(pair) for pair in _FIELDS["pairs"])
_IDS = frozenset(_FIELDS["metadata_ids"])

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LONG = 13  # characters, of which the next one finds as many
_LONG_NUMBER = re.compile(r"[2-6][\d -]{12,}", re.ASCII)


@dataclass(frozen=True)
class Scrub:
    """Hashes customer fields with `hash_key`, or nulls them without one.

    `customer_keys` are the shop's own metadata keys that name a customer, whatever their words are.
    """

    hash_key: bytes | None = field(default=None, repr=False)
    customer_keys: tuple[str, ...] = ()

    def clean(self, node: Node) -> list[Node]:
        """Takes customers out of an object in place; returns it and every object of Omise inside it."""
        met: list[Node] = []
        self._walk(node, met)
        return met

    def _walk(self, node: Node, met: list[Node]) -> Node:
        met.append(node)
        for key, value in node.items():  # every value of every object passes here: the common kinds first
            kind = type(value)
            if kind is str:
                rule = _RULES[key]
                if rule != PLAIN and (rule != TEXT or _suspect(value)):
                    node[key] = self._string(rule, value)
            elif value is None or kind is bool:
                continue
            elif kind is dict or kind is list:
                node[key] = self._nested(key, value, met)
            elif value and _RULES[key] == PERSONAL:
                node[key] = self._hide(value)
        return node

    def _nested(self, key: str, value: Any, met: list[Node]) -> Any:
        if key == "metadata" and type(value) is dict:
            return self._metadata(value)
        rule = _RULES[key]
        if rule in (PERSONAL, DROPPED):
            return self._hide(value) if rule == PERSONAL and value else None
        if type(value) is list:
            return [self._element(key, item, met) for item in value] if value else value
        if object_of(value) in _FIELDS["people"]:
            return {"object": value["object"], "id": value.get("id")}
        return self._walk(value, met)

    def _element(self, key: str, item: Any, met: list[Node]) -> Any:
        if type(item) is str:
            return self._string(_RULES[key], item)
        return self._nested(key, item, met) if type(item) in (dict, list) else item

    def _string(self, rule: int, value: str) -> str | None:
        if rule == TEXT:
            return self._text(value) if _suspect(value) else value
        if rule == LINK:
            return self._string(TEXT, value.partition("?")[0])
        return self._hide(value) if rule == PERSONAL and value else None

    def _text(self, value: str) -> str | None:
        """Free text: an e-mail address alone is a customer field; within more text it is masked, as cards are.

        NUL becomes U+FFFD: PostgreSQL cannot keep it, and SQLite cuts a text there when it is read.
        """
        value = value.replace("\0", "\ufffd")
        if "%40" in value:
            value = unquote(value)
        if _EMAIL.fullmatch(value.strip()):
            return self._hide(value)
        return redact(value)

    def _hide(self, value: Any) -> str | None:
        if self.hash_key is None:
            return None
        text = value if isinstance(value, str) else msgspec.json.encode(value, order="deterministic").decode()
        return keyed_hash(text, self.hash_key)

    def _metadata(self, data: Mapping[str, Any]) -> Node:
        """What the shop wrote beside a charge: any key, any text, objects as JSON texts too."""
        return {(redact(key) if "@" in key else key): self._entry(key, value) for key, value in data.items()}

    def _entry(self, key: str, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if key in self.customer_keys or _personal_in_metadata(key):
            return self._hide(value) if value != "" else value
        if isinstance(value, dict):
            return self._metadata(value)
        if isinstance(value, list):
            return [self._entry(key, item) for item in value]
        if isinstance(value, str):
            inner = _inner(value)
            if inner is not None:
                clean = self._entry(key, inner)
                return value if clean == inner else msgspec.json.encode(clean).decode()
        text = str(value)
        if not _suspect(text) or (_names_id(key) and text.isalnum()):
            return value
        return self._text(text)


def object_of(node: Node) -> str:
    """What an object of Omise says it is; empty where it does not."""
    found = node.get("object")
    return found if isinstance(found, str) else ""


class _Rules(dict[str, int]):
    """The rule of each key that an object of Omise has had so far."""

    def __missing__(self, key: str) -> int:
        self[key] = rule = _rule(key)
        return rule


_RULES = _Rules()


def _rule(key: str) -> int:
    if key in _FIELDS["plain"]:
        return PLAIN
    if key in _FIELDS["links"]:
        return LINK
    if key in _FIELDS["dropped"]:
        return DROPPED
    return PERSONAL if _personal(key) else TEXT


def _suspect(text: str) -> bool:
    """Whether a text may hold what `_text` takes out; cheap, since every text of every object is asked."""
    held = "@" in text or "%40" in text or "key_" in text or "\0" in text
    return held or (len(text) >= _LONG and _LONG_NUMBER.search(text) is not None)


def _words(key: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(key)}


def _personal(key: str) -> bool:
    words = _words(key)
    if key.lower() in _FIELDS["keys"] or any(pair <= words for pair in _PAIRS):
        return True
    found = words & _PERSONAL_WORDS
    return bool(found) and not (found == {"name"} and words & _THINGS)


@lru_cache(maxsize=10_000)
def _names_id(key: str) -> bool:
    return not _IDS.isdisjoint(_words(key))


@lru_cache(maxsize=10_000)
def _personal_in_metadata(key: str) -> bool:
    return key.lower() in _FIELDS["metadata_keys"] or _personal(key)


def _inner(value: str) -> Any:
    """The object or array that a metadata text spells, or null."""
    if value[:1] not in ("{", "["):
        return None
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return None
