"""What one account's pull did, as a value and as JSON keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from recon.model import Account, Malformed, Traces

NAMED = 3  # objects of another shape, in a message
GONE = "objects that were stored and that Omise does not know any more (their versions are kept)"
TRAFFIC = ("pages", "retries", "new", "changed")
COUNTS = ("new", "changed", "gone", "pages", "retries")


@dataclass
class Pulled:
    """What one account's pull did.

    `failure` ended it early; `short` names what is not complete; `gone` counts what was stored and what Omise does
    not know any more; `pages` are whole answers, `retries` those that were not; `malformed` is what has not Omise's
    shape; `absent` has the ids, by kind, that a list of their window did not name (a refund's is a pair).
    """

    account: Account
    failure: str = ""
    short: list[str] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    gone: int = 0
    pages: int = 0
    retries: int = 0
    malformed: dict[tuple[str, str, str], Malformed] = field(default_factory=dict)
    absent: dict[str, set[Any]] = field(default_factory=dict)

    @property
    def notes(self) -> Mapping[str, int]:
        """What a person should know of it beside what is wrong, as a result counts it."""
        return {GONE: self.gone} if self.gone else {}

    @property
    def traffic(self) -> dict[str, int]:
        """What went over the line, and what was new in it."""
        return {name: getattr(self, name) for name in TRAFFIC}

    def keep_aside(self, malformed: Malformed) -> None:
        """Remembers an object of another shape, once; what could be read of it is in the store."""
        known = replace(malformed, traces=Traces())
        self.malformed[malformed.kind, malformed.name, malformed.reason] = known

    def report_malformed(self) -> None:
        """Names what was kept aside, a few of each kind, among what is not complete."""
        by_kind: dict[str, list[Malformed]] = {}
        for malformed in self.malformed.values():
            by_kind.setdefault(malformed.kind, []).append(malformed)
        for kind, aside in by_kind.items():
            named = [f"{malformed.id or 'one without an id'} ({malformed.reason})" for malformed in aside[:NAMED]]
            more = f" and {len(aside) - NAMED} more" if len(aside) > NAMED else ""
            self.short.append(
                f"{kind}s: {len(aside)} kept aside, of another shape than Omise documents: {', '.join(named)}{more}"
            )

    def as_json(self) -> dict[str, Any]:
        """All of it but the account, as JSON holds it."""
        values = {name: getattr(self, name) for name in ("failure", "short", *COUNTS)}
        lists = {
            "malformed": [
                {name: getattr(malformed, name) for name in ("kind", "id", "reason", "key")}
                for malformed in self.malformed.values()
            ],
            "absent": {kind: sorted(ids) for kind, ids in self.absent.items() if ids},
        }
        document: dict[str, Any] = msgspec.to_builtins(values | lists)
        return document

    def add(self, part: Mapping[str, Any]) -> None:
        """Takes over what `as_json` gave of an earlier part of the same pull; its failure is not this one's."""
        self.short += part["short"]
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + part[name])
        for malformed in msgspec.convert(part["malformed"], list[Malformed]):
            self.keep_aside(malformed)
        for kind, ids in part["absent"].items():
            self.absent.setdefault(kind, set()).update(tuple(id_) if isinstance(id_, list) else id_ for id_ in ids)
