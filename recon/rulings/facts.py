"""The facts of a break, or of a link by hand, that a ruling rests on: a digest of them, and which are others now."""

import hashlib

from recon.model import BREAK_IDS, Break

_FACTS = ("currency", "expected", "actual", "amount_at_risk", *BREAK_IDS)
_TOTALS = ("account", "proof")  # types of subjects


def facts_of(break_: Break) -> str:
    """A digest of the facts that a ruling on a break rests on; words, severity and due dates are none."""
    named = (break_.code, break_.account, break_.subject_type, break_.subject_id)
    return hashlib.sha256(
        repr((*named, *(getattr(break_, name) for name in _fact_names(break_)))).encode()
    ).hexdigest()


def _fact_names(break_: Break) -> tuple[str, ...]:
    """Of a total, which every night moves on, the difference is the fact, and not its two sides."""
    if break_.subject_type in _TOTALS:
        return ("difference", *(name for name in _FACTS if name not in ("expected", "actual")))
    return _FACTS


def changed_facts(old: Break, new: Break) -> str:
    """Which facts are others now, in words; amounts are minor units."""
    names = [name for name in _fact_names(new) if getattr(old, name) != getattr(new, name)]
    return "; ".join(f"{name}: {getattr(old, name)} -> {getattr(new, name)}" for name in names)


def link_facts(order: tuple[int, str], charge: tuple[int, str], pays: bool) -> str:
    """The facts that a link by hand rests on: both sums (minor units, currency), and whether the charge pays."""
    state = "paid" if pays else "not paid"
    return f"order {order[0]} {order[1]}, charge {charge[0]} {charge[1]} {state}"
