"""The rules and their catalogue: a case is judged in words; knows no frame of cases, no store and no sheet.

Adding a break is adding a `Rule` to the tuple `RULES` of a module here (or a module with such a tuple): it is then
judged, and stands in the catalogue, the Legend sheet and `recon rules`.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator

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
    """Every break of the cases: per group and subject the first rule that applies."""
    groups = [[rule for rule in CATALOGUE if rule.group == group and rule.enabled(context)] for group in GROUPS]
    for case in cases:
        for rules in groups:
            yield from _first_of_group(rules, case, context)


def _first_of_group(rules: list[Rule], case: Case, context: Context) -> Iterator[Break]:
    for rule in rules:
        if rule.judge and (found := rule.judge(rule, case, context)):
            yield found
            break
    for charge in case.charges:
        judged = (rule.judge_charge(rule, case, charge, context) for rule in rules if rule.judge_charge)
        found = next((one for one in judged if one), None)
        if found:
            yield found
