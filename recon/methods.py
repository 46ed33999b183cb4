"""The payment-method rule book: how long a payer has, by method and region; knows no charge and no account.

The figures stand in methods.toml, each with its source. The API's own word (`expires_at`) beats the book.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import resources


@dataclass(frozen=True, slots=True)
class Expiry:
    """How long an unpaid charge of a method lives in one region, and who says so."""

    method: str
    region: str  # "" = every region
    after: timedelta
    source: str


@dataclass(frozen=True)
class MethodBook:
    """The book as read, with the configuration's overrides by (method, account or "")."""

    expiries: tuple[Expiry, ...] = field(default_factory=lambda: read_book())
    overrides: Mapping[tuple[str, str], timedelta] = field(default_factory=dict)

    def expires_after(self, method: str | None, account: str, region: str) -> timedelta | None:
        """How long an unpaid charge of `method` lives, or null where nobody says."""
        if method is None:
            return None
        for key in ((method, account), (method, "")):
            if key in self.overrides:
                return self.overrides[key]
        by_region = {entry.region: entry.after for entry in self.expiries if entry.method == method}
        return by_region.get(region, by_region.get(""))


def read_book() -> tuple[Expiry, ...]:
    """All figures of methods.toml, in the file's order."""
    text = resources.files("recon").joinpath("methods.toml").read_text(encoding="utf-8")
    return tuple(
        Expiry(row["method"], row.get("region", ""), timedelta(minutes=row["expires_after_minutes"]), row["source"])
        for row in tomllib.loads(text)["expiry"]
    )
