"""An Omise account of the merchant, and spans of time."""

from dataclasses import dataclass
from datetime import date, datetime
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
