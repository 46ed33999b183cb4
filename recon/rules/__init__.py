"""The rules and their catalogue: a case is judged in words; knows no frame of cases, no store and no sheet.

Adding a break is adding a `Rule` to the tuple `RULES` of a module here (or a module with such a tuple): it is then
judged, and stands in the catalogue, the Legend sheet and `recon rules`.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator

from recon.model import Break, Case
from recon.rules.rule import Rule
from recon.settings import Context

# Groups as the contract orders them; inside a group the first rule that applies to a subject is the one raised.
GROUPS = (
    "Order and charge",
    "Charge alone",
    "Refunds",
    "Ledger and fees",
    "Settlement and bank",
    "Disputes and data",
)


_MODULES = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
_RULES: list[Rule] = [rule for module in _MODULES for rule in getattr(module, "RULES", ())]

CATALOGUE: tuple[Rule, ...] = tuple(sorted(_RULES, key=lambda rule: GROUPS.index(rule.group)))

# What a case must have for a group to be asked at all, where the group's module says so.
_CONCERNS: dict[str, Callable[[Case], bool]] = {
    module.GROUP: module.concerns for module in _MODULES if hasattr(module, "concerns")
}

# Where a rule that judges each of a case's things finds them, by its subject.
_THINGS = {"charge": "charges", "refund": "refunds", "dispute": "disputes", "transfer": "transfers"}


def judge(cases: Iterable[Case], context: Context) -> Iterator[Break]:
    """Every break of the cases: per group, of what an order, charge or transfer has, the first code that applies."""
    asked = [rule for rule in CATALOGUE if rule.enabled(context) and (rule.judge or rule.judge_each)]
    by_group = [(_CONCERNS.get(group), [rule for rule in asked if rule.group == group]) for group in GROUPS]
    groups = [(concerns, rules) for concerns, rules in by_group if rules]
    for case in cases:
        for concerns, rules in groups:
            if concerns is None or concerns(case):
                yield from _first_of_group(rules, case, context)


def _first_of_group(rules: list[Rule], case: Case, context: Context) -> list[Break]:
    """A break on the order speaks for all that the case has; one on a charge for its refunds and for the order."""
    result: list[Break] = []
    spoken: set[str] = set()
    for rule in rules:
        whole, each = rule.judge, rule.judge_each
        one = whole(rule, case, context) if whole else None
        found = [one] if one else []
        if each and (things := getattr(case, _THINGS[rule.subject])):
            found += [one for thing in things if (one := each(rule, case, thing, context))]
        if not found:
            continue
        fresh = [one for one in found if not _is_spoken_of(one, spoken)]
        result += fresh
        if any(one.subject_type == "order" for one in fresh):
            break
        spoken.update(_whose(one) for one in fresh)
    return result


def _is_spoken_of(one: Break, spoken: set[str]) -> bool:
    return bool(spoken) if one.subject_type == "order" else _whose(one) in spoken


def _whose(found: Break) -> str:
    """The charge or transfer that a break is about, its own subject where there is none."""
    return found.charge_id or found.subject_id
