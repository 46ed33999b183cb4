"""What Omise said, as it is handed to the store: objects, what could not be read of them, balances, webhooks."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One object of Omise, decoded and scrubbed."""

    id: str
    values: tuple[str | int | bool | None, ...]  # as `recon.columns.KINDS[kind]`; moments are int microseconds (UTC)
    digest: bytes  # leaves out clocks and flipping abilities
    raw: bytes  # the scrubbed object as JSON


@dataclass(frozen=True, slots=True)
class Webhook:
    """The event that a webhook names; `charge_id`, where its object is a part of a charge, is a hint as all of it."""

    event_id: str
    livemode: bool
    charge_id: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What `/balance` said when it was read; minor units of the settlement currency."""

    currency: str
    total: int
    transferable: int
    reserve: int
    on_hold: int | None


@dataclass(frozen=True, slots=True)
class Traces:
    """What could be read of an object of another shape, scrubbed: by this it is known what it may have been.

    `created` are the first and the last moment at which it may have been made, null where nothing says so; `amount`
    is what it moved: of a charge what was captured, of a transfer its net.
    """

    created: tuple[datetime, datetime] | None = None
    amount: int | None = None
    currency: str | None = None
    charge_id: str | None = None
    transaction_id: str | None = None
    origin: str | None = None
    description: str | None = None
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """An object whose shape is not the documented one: kept aside. `id` is empty where it has none; `key` tells it
    from others; `reason` names the field and holds nothing of the object."""

    kind: str
    id: str
    reason: str
    key: str
    traces: Traces = field(default_factory=Traces, compare=False)

    @property
    def name(self) -> str:
        """What it is kept under."""
        return self.id or self.key
