"""What the configuration may set of matching and of the rules, as frozen values; knows no rule and no pass."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from recon.methods import MethodBook
from recon.model import Charge, Severity
from recon.money import Currencies, Tolerance


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """One `[rules.CODE]`: absent values are the rule's own defaults."""

    enabled: bool = True
    severity: Severity | None = None
    thresholds: Mapping[str, timedelta | int] = field(default_factory=dict)


@dataclass(frozen=True)
class WithoutOrders:
    """Charges that have no order by design: made by a link or a schedule, or with a description that matches."""

    kinds: frozenset[str] = frozenset()
    description: str = ""


@dataclass(frozen=True)
class MatchSettings:
    """What the configuration says about matching."""

    patterns: Mapping[str, re.Pattern[str]] = field(default_factory=dict)  # order source -> pattern with one group
    window: timedelta = timedelta(hours=72)
    tolerance: Tolerance = field(default_factory=Tolerance)


@dataclass(frozen=True)
class Context:
    """What every rule is handed: the moment that counts as now, and the few settings that rules share."""

    as_of: datetime
    currencies: Currencies = field(default_factory=Currencies)
    tolerance: Tolerance = field(default_factory=Tolerance)
    methods: MethodBook = field(default_factory=MethodBook)
    settings: Mapping[str, RuleSettings] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)  # account -> region
    split_sources: frozenset[str] = frozenset()  # order sources with split payments
    without_orders: WithoutOrders = field(default_factory=WithoutOrders)

    def threshold(self, code: str, key: str, default: timedelta) -> timedelta:
        """A rule's own duration, or its default."""
        rule = self.settings.get(code)
        value = rule.thresholds.get(key, default) if rule else default
        assert isinstance(value, timedelta), f"{code}.{key} is a duration"
        return value

    def stuck_from(self, charge: Charge) -> datetime | None:
        """When a pending charge is stuck: its `expires_at`, else its method's expiry, plus grace; null: unknown."""
        due = charge.expires_at
        if due is None:
            after = self.methods.expires_after(charge.method, charge.account, self.regions.get(charge.account, ""))
            due = None if after is None else charge.created_at + after
        return None if due is None else due + self.threshold("pending_stuck", "grace", timedelta(minutes=30))
