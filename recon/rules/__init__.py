"""The rules and their catalogue: a case is judged in words; knows no frame of cases, no store and no sheet.

Adding a break is adding a `Rule` to the tuple `RULES` of a module here (or a module with such a tuple): it is then
judged, and stands in the catalogue, the Legend sheet and `recon rules`.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

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


def _declared() -> tuple[Rule, ...]:
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    rules = [rule for module in modules for rule in getattr(module, "RULES", ())]
    return tuple(sorted(rules, key=lambda rule: GROUPS.index(rule.group)))


CATALOGUE: tuple[Rule, ...] = _declared()


def judge(cases: Iterable[Case], context: Context) -> Iterator[Break]:
    """Every break of the cases: per group, of what an order, charge or transfer has, the first code that applies."""
    asked = [rule for rule in CATALOGUE if rule.enabled(context) and (rule.judge or rule.judge_each)]
    groups = [rules for group in GROUPS if (rules := [rule for rule in asked if rule.group == group])]
    for case in cases:
        for rules in groups:
            yield from _first_of_group(rules, case, context)


def _first_of_group(rules: list[Rule], case: Case, context: Context) -> Iterator[Break]:
    """A break on the order speaks for all that the case has; one on a charge for its refunds and for the order."""
    spoken: set[str] = set()
    for rule in rules:
        found = [
            one
            for one in _of_rule(rule, case, context)
            if not (spoken if one.subject_type == "order" else spoken & {_whose(one)})
        ]
        if not found:
            continue
        yield from found
        if any(one.subject_type == "order" for one in found):
            return
        spoken.update(_whose(one) for one in found)


def _of_rule(rule: Rule, case: Case, context: Context) -> list[Break]:
    found = [rule.judge(rule, case, context)] if rule.judge else []
    if rule.judge_each and (things := getattr(case, _THINGS[rule.subject])):
        found += [rule.judge_each(rule, case, thing, context) for thing in things]
    return [one for one in found if one]


# What a rule that judges each of a case's things is asked about, by its subject.
_THINGS = {"charge": "charges", "refund": "refunds", "dispute": "disputes", "transfer": "transfers"}


def _whose(found: Break) -> str:
    """The charge or transfer that a break is about, its own subject where there is none."""
    return found.charge_id or found.subject_id
