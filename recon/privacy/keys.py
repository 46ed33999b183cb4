"""Keys of customer hashes and of the audit log: the name by which what they made says so, how short none may be."""

import hmac
import re
from dataclasses import dataclass, field
from functools import cached_property

SHORTEST_KEY = 32  # characters
HASH = re.compile(r"([0-9a-f]{8})_([0-9a-f]{32})")  # of a customer: the key's name, and what it made


def key_id(key: bytes) -> str:
    """The name of a key: 8 hex digits, from which nobody learns the key."""
    return hmac.digest(key, b"omise-recon: name of a key", "sha256").hex()[:8]


@dataclass(frozen=True)
class HashKey:
    """The key of customer hashes after those before it, oldest first: each hashes what the one before it made.

    So a stored hash is brought on to a new key without the value, equal customers stay equal, and a key that became
    known is worth nothing without the one after it.
    """

    keys: tuple[bytes, ...] = field(repr=False)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The names of the keys, oldest first."""
        return tuple(map(key_id, self.keys))

    def hash(self, value: str) -> str:
        """Of a customer field, case and outer spaces aside: equal people have equal hashes."""
        return f"{self.ids[-1]}_{self._onward(self._first(value), 1)}"

    def hidden(self, value: str) -> str:
        """Of an id: by the first key for good, since an id that changed would be another thing's."""
        return f"{self.ids[0]}-{self._first(value)}"

    def renewed(self, stored: str) -> str | None:
        """A hash as today's key makes it; null where its own is missing. One without a name is the first's."""
        name, _, digest = stored.rpartition("_")
        name = name or self.ids[0]
        return f"{self.ids[-1]}_{self._onward(digest, self.ids.index(name) + 1)}" if name in self.ids else None

    def _first(self, value: str) -> str:
        return hmac.digest(self.keys[0], value.strip().casefold().encode(), "sha256").hex()[:32]

    def _onward(self, digest: str, start: int) -> str:
        for key in self.keys[start:]:
            digest = hmac.digest(key, digest.encode(), "sha256").hex()[:32]
        return digest
