"""Takes customer fields out of Omise's objects before anything is kept."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any
from urllib.parse import unquote

import msgspec

from recon.bounds import LONGEST_TEXT, LONGEST_WRITTEN
from recon.expressions import Expression
from recon.privacy import (
    HASH,
    MASKED,
    HashKey,
    hidden_id,
    is_address_or_card,
    is_harmless,
    mask,
    masked_prose,
    redact,
)

Node = dict[str, Any]

PLAIN, FREE, TEXT, PROSE, PERSONAL, LINK, SHOP_LINK, MESSAGE, DROPPED = range(9)

_FIELDS: Mapping[str, Any] = tomllib.loads(
    resources.files("recon").joinpath("omise", "personal.toml").read_text(encoding="utf-8")
)
_PERSONAL_WORDS = frozenset(_FIELDS["words"])
_THINGS = frozenset(_FIELDS["things"])
_PAIRS = tuple(frozenset(pair) for pair in _FIELDS["pairs"])
_MASKED_WORDS = frozenset(_FIELDS["masked_words"])
_PLUGIN_KEYS = frozenset(_FIELDS["plugin_keys"])
_ORDER_WORDS = frozenset(_FIELDS["order_words"])
_KINDS = {
    "plain": PLAIN,
    "texts": TEXT,
    "prose": PROSE,
    "messages": MESSAGE,
    "links": LINK,
    "shop_links": SHOP_LINK,
    "dropped": DROPPED,
}
_LISTED = {key: rule for name, rule in _KINDS.items() for key in _FIELDS[name]}

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ONE_WORD = re.compile(r"(?=\S*\d)[\w.:/#+-]{1,64}", re.ASCII)
_STORED_HASH = re.compile(rf"{HASH.pattern}|[0-9a-f]{{32}}")  # and as they were before keys had names
_LONGEST_KEY = 64  # characters: what is longer is no name of a field
_MOST_KEYS = 10_000  # of which the rule is kept


@dataclass(frozen=True)
class Scrub:
    """Hashes customer fields with `hash_key`, or nulls them without one; masks what may be a person's.

    Of metadata `customer_keys` are hashed, `order_keys` name orders and are kept, and so is what a shop's plug-in
    writes or what is provably nobody's; in descriptions the spans that one of `patterns` finds are kept. `stored`:
    the objects were cleaned by older rules, and what is a hash stays one.
    """

    hash_key: HashKey | None = None
    customer_keys: tuple[str, ...] = ()
    order_keys: tuple[str, ...] = ("order_id",)
    patterns: tuple[Expression, ...] = ()
    stored: bool = False

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
                if rule != PLAIN and value:
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
        if len(value) > LONGEST_WRITTEN and rule not in (PERSONAL, DROPPED):
            return MASKED
        if rule == FREE:
            return value if is_harmless(value) else MASKED
        if rule == MESSAGE:
            return MASKED
        if rule == TEXT:
            return self._text(value)
        if rule == LINK:
            return self._text(value.partition("?")[0])
        if rule == SHOP_LINK:
            return self._text(_link(value))
        if rule == PROSE:
            return self._prose(value)
        return self._hide(value) if rule == PERSONAL else None

    def _text(self, value: str) -> str | None:
        """Words of others: an e-mail address alone is a customer field; within more text it is masked, as all is."""
        value = _readable(value)
        return self._hide(value) if _is_address(value) else mask(value)

    def _prose(self, value: str) -> str | None:
        """As `_text`; words that are not known are masked too, but in what a pattern finds."""
        value = _readable(value)
        if _is_address(value):
            return self._hide(value)
        for pattern in self.patterns:
            match = pattern.search(value)
            if match is not None and match.group():
                before, after = value[: match.start()], value[match.end() :]
                return f"{masked_prose(before)}{redact(match.group())}{masked_prose(after)}"
        return masked_prose(value)

    def _hide(self, value: Any) -> str | None:
        if self.hash_key is None:
            return None
        text = value if isinstance(value, str) else msgspec.json.encode(value, order="deterministic").decode()
        if self.stored and _STORED_HASH.fullmatch(text):
            return self.hash_key.renewed(text) or text
        return self.hash_key.hash(text)

    def _metadata(self, data: Mapping[str, Any]) -> Node:
        """What the shop wrote beside a charge: any key, any text, objects as JSON texts too."""
        return {
            mask(key) if len(key) <= _LONGEST_KEY else MASKED: (
                self._entry(key, value) if len(key) <= LONGEST_TEXT else MASKED
            )
            for key, value in data.items()
        }

    def _entry(self, key: str, value: Any) -> Any:
        if value is None or isinstance(value, bool) or value == "":
            return value
        if key in self.customer_keys:
            return self._hide(value)
        rule = _METADATA_RULES[key]
        if rule == PERSONAL and key not in self.order_keys:
            return self._hide(value)
        if isinstance(value, dict):
            return self._metadata(value)
        if isinstance(value, list):
            return [self._entry(key, item) for item in value]
        if isinstance(value, str):
            if len(value) > LONGEST_WRITTEN:
                return MASKED
            value = _readable(value)
            inner = _inner(value)
            if inner is not None:
                clean = self._entry(key, inner)
                return value if clean == inner else msgspec.json.encode(clean).decode()
        return self._id(value) if key in self.order_keys else _kept(rule, value)

    def _id(self, value: Any) -> Any:
        """What names an order, whole; but a card number or an address that is one is hashed, as the order's is."""
        text = str(value)
        id = hidden_id(text, self.hash_key)
        return value if id == text else id


def _kept(rule: int, value: Any) -> Any:
    """A text or number of metadata that no customer key and no order key names, if it may stay."""
    text = str(value)
    if rule == TEXT:
        masked = mask(text)
        return value if masked == text else masked
    if rule == PROSE and _ONE_WORD.fullmatch(text) and redact(text) == text:
        return value
    return value if rule != MESSAGE and is_harmless(text) else MASKED


def _readable(value: str) -> str:
    """NUL becomes U+FFFD: PostgreSQL cannot keep it, and SQLite cuts a text there when it is read."""
    value = value.replace("\0", "\ufffd") if "\0" in value else value
    return unquote(value) if "%40" in value else value


@lru_cache(maxsize=1_000)  # a shop has few
def _link(value: str) -> str:
    """An address in the web up to its question mark; of its path known words stay, and what holds a digit."""
    scheme, mark, rest = value.partition("?")[0].partition("#")[0].rpartition("://")
    host, *path = rest.split("/")
    return "/".join((f"{scheme}{mark}{host}", *map(_segment, path)))


def _segment(text: str) -> str:
    text = unquote(text)
    return text if _ONE_WORD.fullmatch(text) else masked_prose(text)


def _is_address(value: str) -> bool:
    return "@" in value and is_address_or_card(value)


def object_of(node: Node) -> str:
    """What an object of Omise says it is; empty where it does not."""
    name = node.get("object")
    return name if isinstance(name, str) else ""


class _Rules(dict[str, int]):
    """The rule of each key that was met so far."""

    def __init__(self, rule_of: Callable[[str], int]) -> None:
        super().__init__()
        self._rule_of = rule_of

    def __missing__(self, key: str) -> int:
        rule = self._rule_of(key)
        if len(self) < _MOST_KEYS:
            self[key] = rule
        return rule


def _rule(key: str) -> int:
    """Of a field of Omise's objects."""
    listed = _LISTED.get(key)
    if listed is not None:
        return listed
    if len(key) > LONGEST_TEXT:
        return MESSAGE
    return PERSONAL if _personal(key) else FREE


def _metadata_rule(key: str) -> int:
    """Of a key of metadata: TEXT is a plug-in's, PROSE one that names an order, MESSAGE what is masked whole."""
    if key in _PLUGIN_KEYS:
        return TEXT
    if key.lower() in _FIELDS["metadata_keys"] or _personal(key):
        return PERSONAL
    words = _words(key)
    if not key.isascii() or not _MASKED_WORDS.isdisjoint(words) or mask(key) != key:
        return MESSAGE
    return FREE if _ORDER_WORDS.isdisjoint(words) else PROSE


_RULES = _Rules(_rule)
_METADATA_RULES = _Rules(_metadata_rule)


def _words(key: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(key)}


def _personal(key: str) -> bool:
    words = _words(key)
    if key.lower() in _FIELDS["keys"] or any(pair <= words for pair in _PAIRS):
        return True
    personal_words = words & _PERSONAL_WORDS
    return bool(personal_words) and not (personal_words == {"name"} and words & _THINGS)


def _inner(value: str) -> Any:
    """The object or array that a metadata text spells, or null."""
    if value[:1] not in ("{", "["):
        return None
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return None
