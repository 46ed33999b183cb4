"""Customer hashes in what is stored: each one changed wherever it stands, and nothing else."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from recon.omise.scrub import Node, object_of
from recon.privacy import HASH

_IN_JSON = re.compile(f'"{HASH.pattern}"')


@dataclass(frozen=True)
class StoredHashes:
    """Hands each hash to `change`, which gives what stands there from now on; null takes it out."""

    change: Callable[[str], str | None]

    def clean(self, node: Node) -> list[Node]:
        """Changes an object in place; returns it and every object of Omise inside it."""
        parts = [node]
        for key, value in node.items():
            node[key] = self._value(value, parts if key != "metadata" else [])
        return parts

    def texts(self, description: str | None, metadata: str | None) -> tuple[str | None, str | None]:
        """An object's description and metadata (JSON)."""
        return self._value(description, []), self._in_json(metadata) if metadata else metadata

    def _value(self, value: Any, parts: list[Node]) -> Any:
        if type(value) is str:
            return self.change(value) if HASH.fullmatch(value) else self._in_json(value)
        if type(value) is list:
            return [self._value(item, parts) for item in value]
        if type(value) is dict:
            inner = self.clean(value)
            parts += inner if object_of(value) else inner[1:]
        return value

    def _in_json(self, text: str) -> str:
        """A text that is JSON, as shops write into metadata."""
        return _IN_JSON.sub(self._quoted, text) if '"' in text else text

    def _quoted(self, match: re.Match[str]) -> str:
        changed = self.change(match.group()[1:-1])
        return "null" if changed is None else f'"{changed}"'
