"""What Omise said, as it is handed to the store: objects and balances."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One object of Omise, decoded and scrubbed."""

    id: str
    values: tuple[str | int | bool | None, ...]  # as `recon.columns.KINDS[kind]`; moments are int microseconds (UTC)
    digest: bytes  # leaves out clocks and flipping abilities
    raw: bytes  # the scrubbed object as JSON


@dataclass(frozen=True, slots=True)
class Balance:
    """What `/balance` said when it was read; minor units of the settlement currency."""

    currency: str
    total: int
    transferable: int
    reserve: int
    on_hold: int | None
