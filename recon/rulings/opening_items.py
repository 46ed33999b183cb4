"""What was known to be open at go-live, and which breaks that explains."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recon.model import Break
from recon.model.rulings import OpeningItem, RulingKind, Standing
from recon.rulings.facts import facts_of

KINDS = ("order", "charge", "refund", "transfer")
NO_RULING = 0  # an opening item is no ruling of the desk: its standing names none

Key = tuple[str, str, str]  # account, kind, id
Items = Mapping[Key, OpeningItem]


@dataclass(frozen=True, slots=True)
class LocatedItem:
    """An item with the file and the row that it stands in."""

    item: OpeningItem
    file: str
    row: int


def by_key(items: Iterable[OpeningItem]) -> Items:
    """Items as `standing_of` looks them up."""
    return {key_of(item): item for item in items}


def key_of(item: OpeningItem) -> Key:
    """What an item is known by: no two have the same."""
    return (item.account, item.kind, item.id)


def standing_of(break_: Break, items: Items) -> Standing | None:
    """The acknowledgement that an opening item gives an open break, null where none covers it.

    An item is the break's by account and subject, or by the order, charge, refund or transfer that the break names.
    It covers the break if its currency is the break's and the break's amount at risk, whichever its sign, is not more
    than its amount; a break of unknown amount is never covered. Ask again in every run, also of breaks that stand by
    an item: the break may have grown, or the item have been replaced.
    """
    item = next((item for item in _items(break_, items) if _covers(item, break_)), None)
    return (
        Standing(NO_RULING, RulingKind.OPENING.value, item.who, item.note, facts=facts_of(break_)) if item else None
    )


def why_not_covered(break_: Break, items: Items) -> str:
    """Why a break stays open although an item names it, for its event (amounts in minor units); empty where none."""
    named = _items(break_, items)
    if not named or any(_covers(item, break_) for item in named):
        return ""
    item = named[0]
    risk = "of unknown amount" if break_.amount_at_risk is None else f"{abs(break_.amount_at_risk)} {break_.currency}"
    return f"the opening item {item.kind} {item.id} ({item.amount} {item.currency}) does not cover it ({risk})"


def _items(break_: Break, items: Items) -> list[OpeningItem]:
    """The items that name a break, the one of its subject first."""
    ids = {kind: getattr(break_, f"{kind}_id") for kind in KINDS}
    keys = [(break_.subject_type, break_.subject_id), *ids.items()]
    named = (items.get((break_.account or "", kind, thing)) for kind, thing in dict.fromkeys(keys) if thing)
    return [item for item in named if item]


def _covers(item: OpeningItem, break_: Break) -> bool:
    at_risk = break_.amount_at_risk
    return item.currency == break_.currency and at_risk is not None and abs(at_risk) <= item.amount
