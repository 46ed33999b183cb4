"""The rules and their catalogue: a case is judged in words.

Adding a break is adding a `Rule` to the tuple `RULES` of a module here (or a module with such a tuple): it is then
judged, and stands in the catalogue, the Legend sheet and `recon rules`.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator

from recon.model import Break, Case
from recon.rules.rule import Judge, JudgeEach, Rule
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
    groups = [(_CONCERNS.get(group), _steps(group, context)) for group in GROUPS]
    asked = [(concerns, steps) for concerns, steps in groups if steps]
    for case in cases:
        for concerns, steps in asked:
            if concerns is None or concerns(case):
                yield from _first_of_group(steps, case, context)


_Step = tuple[Rule, Judge | None, JudgeEach | None, str]


def _steps(group: str, context: Context) -> list[_Step]:
    """A group's rules that judge cases, taken apart once: a million cases ask them."""
    rules = [rule for rule in CATALOGUE if rule.group == group and rule.enabled(context)]
    return [
        (rule, rule.judge, rule.judge_each, _THINGS.get(rule.subject, ""))
        for rule in rules
        if rule.judge or rule.judge_each
    ]


def _first_of_group(steps: list[_Step], case: Case, context: Context) -> list[Break]:
    """A break on the order speaks for all that the case has; one on a charge for its refunds and for the order."""
    result: list[Break] = []
    spoken: set[str] = set()
    for rule, whole, each, things in steps:
        found: list[Break] = []
        if whole and (one := whole(rule, case, context)):
            found.append(one)
        if each:
            for thing in getattr(case, things):
                if one := each(rule, case, thing, context):
                    found.append(one)
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
