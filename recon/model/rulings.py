"""What people decide about breaks, as values: what may be asked, what stands, what the answer was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from recon.money import Currencies


class RulingKind(StrEnum):
    """What a person can do to a break; `opening` is an item known at go-live."""

    ASSIGN = "assign"
    NOTE = "note"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    LINK = "link"
    WRITE_OFF = "write_off"
    IGNORE = "ignore"
    APPROVE = "approve"
    REJECT = "reject"
    UNDO = "undo"
    REOPEN = "reopen"
    OPENING = "opening"


# Those that give a break a status: what an auditor calls a decision.
DECIDING = frozenset(
    {RulingKind.ACKNOWLEDGE, RulingKind.RESOLVE, RulingKind.LINK, RulingKind.WRITE_OFF, RulingKind.IGNORE}
)

# The usual reasons of a resolution or a write-off, offered in lists; any other text is kept as it is.
REASONS = (
    "refunded",
    "charged again",
    "order corrected",
    "paid another way",
    "duplicate refunded",
    "corrected at omise",
    "corrected at the bank",
    "timing",
    "test order",
    "no action needed",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """The ruling that a break's status rests on. `facts` are the break's when it was ruled on; null: whatever they
    are. `until`: the last day, in the account's zone, on which it holds; null: for good."""

    ruling_id: int
    kind: str
    who: str
    reason: str
    until: date | None = None
    facts: str | None = None


@dataclass(frozen=True, slots=True)
class RulingRequest:
    """One thing that a person asks for; what its kind does not need is null or empty.

    `version` is the break as the person saw it (null: as it is now). `key` makes a repeated request known: one whose
    key was answered once changes nothing. `target`: the ruling that an undo, an approval
    or a rejection names (null: the break's last). `token`: the one by which it is asked, if it is by one.
    """

    kind: RulingKind
    who: str
    break_id: str | None = None
    reason: str = ""
    until: date | None = None
    owner: str | None = None
    order_id: str | None = None
    charge_id: str | None = None
    code: str | None = None
    account: str | None = None
    pattern: str | None = None
    target: int | None = None
    version: int | None = None
    key: str | None = None
    token: str | None = None


class Outcome(StrEnum):
    """What became of a request."""

    APPLIED = "applied"
    PENDING = "pending_approval"
    ALREADY = "already_applied"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request, in words for the person who asked."""

    request: RulingRequest
    outcome: Outcome
    words: str
    ruling_id: int | None = None
    status: str | None = None  # the break's afterwards
    covers: tuple[str, ...] | None = None  # of a pattern: the open breaks that it speaks of


@dataclass(frozen=True, slots=True)
class ApprovalLimits:
    """What one person decides alone, and for how long.

    `write_off` and `link`: up to these sums (minor units by currency); a currency that is not named has 0. `longest`:
    how far away the last day of what is expected may be. `critical_codes`: whose breaks are critical as configured.
    `currencies`: how sums are written.
    """

    write_off: Mapping[str, int] = field(default_factory=dict)
    link: Mapping[str, int] = field(default_factory=dict)
    longest: timedelta = timedelta(days=90)
    pattern_needs_approval: bool = True
    critical_needs_approval: bool = True
    critical_codes: frozenset[str] = frozenset()
    currencies: Currencies = field(default_factory=Currencies)

    def of(self, kind: str, currency: str | None) -> int | None:
        """The sum that one person decides alone by a ruling of a kind; null where none is set to it."""
        limits = {RulingKind.WRITE_OFF: self.write_off, RulingKind.LINK: self.link}.get(RulingKind(kind))
        return None if limits is None or currency is None else limits.get(currency, 0)

    def words(self, currency: str | None) -> str:
        """The sums of a currency that one person decides alone; without one, those of every currency."""
        shown = []
        for kind, limits in (("write-offs", self.write_off), ("links", self.link)):
            own = limits if currency is None else {currency: limits.get(currency, 0)}
            sums = ", ".join(self.currencies.words(limit, code) for code, limit in own.items() if limit)
            shown.append(f"{kind} up to {sums}" if sums else f"no {kind}{f' in {currency}' if currency else ''}")
        return "; ".join(shown)


@dataclass(frozen=True, slots=True)
class OpeningItem:
    """Something known to be open at go-live: kind is order, charge, refund or transfer; amount in minor units."""

    account: str
    kind: str
    id: str
    amount: int
    currency: str
    note: str
    who: str


class RulingState(StrEnum):
    """Where a ruling stands: it waits, holds, was done once for all, or why it no longer holds."""

    PENDING = "pending"
    STANDS = "stands"
    DONE = "done"  # what changes no status: it neither stands nor ends
    REPLACED = "replaced"  # by a later ruling on the same break; its undo lets this one stand again
    UNDONE = "undone"
    REJECTED = "rejected"  # by the second person
    REOPENED = "reopened"
    FELL = "fell"
    EXPIRED = "expired"
    CLOSED = "auto_closed"


IN_FORCE = frozenset({RulingState.PENDING, RulingState.STANDS})


@dataclass(frozen=True, slots=True)
class PriorState:
    """What a break's life was before a ruling, for an undo."""

    status: str
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class Ruling:
    """A ruling as it is kept; `amount` in minor units. `facts` are those that it was made on: of a link those of the
    order and the charge, else the break's.

    An ignore is a pattern of breaks that is expected until a day: those of `code`, in `account` (null: any), whose
    subject or order id is like `pattern` (shell wild cards; empty: all).
    """

    id: int
    break_id: str | None
    kind: str
    who: str
    at: datetime
    reason: str
    standing: str
    before: PriorState | None = None
    until: date | None = None
    owner: str | None = None
    account: str | None = None
    code: str | None = None
    pattern: str | None = None
    order_account: str | None = None
    order_id: str | None = None
    charge_account: str | None = None
    charge_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    facts: str | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_why: str | None = None
    key: str | None = None

    @property
    def name(self) -> str:
        """As people write it: rul_7."""
        return f"rul_{self.id}"


@dataclass(frozen=True, slots=True)
class EndedRuling:
    """A ruling that a run ended: where it stands now, and why, in words."""

    ruling_id: int
    standing: RulingState
    why: str
