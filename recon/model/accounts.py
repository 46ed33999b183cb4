"""An Omise account of the merchant, and spans of time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of aware moments: start <= t < end."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Account:
    """One Omise account: its name in the configuration, country, settlement currency and zone."""

    name: str
    region: str
    currency: str
    zone: ZoneInfo
    go_live: date | None = None


def zone_of(name: str | None, accounts: Mapping[str, Account]) -> tzinfo:
    """The zone of the account of a name; UTC for none, and for one that is not configured any more."""
    account = accounts.get(name or "")
    return account.zone if account else UTC
