"""The rules and their catalogue: what was judged is put into words.

Adding a break is adding a `Rule` to the tuple `RULES` of a module here (or a module with such a tuple and a GROUP):
it is then asked, and stands in the catalogue, the Legend sheet and `recon rules`.
"""

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from recon.model import Break, Case, Exposure
from recon.rules.occurrence import dated
from recon.rules.rule import BySign, Judge, JudgeEach, Rule
from recon.settings import Context
from recon.triage import Judged

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
_RULES = [replace(rule, group=module.GROUP) for module in _MODULES for rule in getattr(module, "RULES", ())]

CATALOGUE: tuple[Rule, ...] = tuple(sorted(_RULES, key=lambda rule: GROUPS.index(rule.group)))
RULE_OF = {rule.code: rule for rule in CATALOGUE}

# What a case must have for a group to be asked at all, where the group's module says so.
_CONCERNS: dict[str, Callable[[Case], bool]] = {
    module.GROUP: module.concerns for module in _MODULES if hasattr(module, "concerns")
}

# Where a rule that judges each of a case's things finds them, by its subject.
_THINGS = {"charge": "charges", "refund": "refunds", "dispute": "disputes"}


def case_rules(context: Context, rules: Sequence[Rule] = CATALOGUE) -> list[Rule]:
    """Those that the configuration leaves on and that judge cases: triage goes by their masks."""
    return [rule for rule in rules if rule.enabled(context) and (rule.judge or rule.judge_each)]


def title_of(code: str) -> str:
    """A break in a few plain words; of a code that is not known any more its own words."""
    rule = RULE_OF.get(code)
    return rule.title if rule else code.replace("_", " ").capitalize()


def exposure_of(code: str, expected: int | None, actual: int | None) -> Exposure:
    """What a break's amount means for cash, by its code and both sides (minor units); no_cash of an unknown code."""
    rule = RULE_OF.get(code)
    if rule is None:
        return Exposure.NO_CASH
    return rule.exposure.of(expected, actual) if isinstance(rule.exposure, BySign) else rule.exposure


def cause_of(code: str, account: str, currency: str) -> str:
    """The common cause of the breaks of a code in one account and currency; empty where each has its own."""
    rule = RULE_OF.get(code)
    return rule.cause.format(account=account, currency=currency) if rule else ""


def find_breaks(judged: Judged, context: Context, rules: Sequence[Rule] = CATALOGUE) -> Iterator[Break]:
    """Every break of what was judged, with its day: those of the cases, then those in columns; of any account."""
    return dated(_undated(judged, context, rules), judged.books, context)


def _undated(judged: Judged, context: Context, rules: Sequence[Rule]) -> Iterator[Break]:
    spoken: defaultdict[str, set[str]] = defaultdict(set)
    group_of = {rule.code: rule.group for rule in rules}
    for raised in judge(judged.triage.cases, context, rules):
        spoken[group_of[raised.code]].add(_spoken_for(raised))
        yield raised
    for rule in rules:
        if rule.find is None or not rule.enabled(context):
            continue
        silenced = spoken[rule.group]
        breaks = rule.find(rule, replace(judged, spoken=frozenset(silenced)), context)
        fresh = [raised for raised in breaks if _spoken_for(raised) not in silenced]
        silenced.update(_spoken_for(raised) for raised in fresh)
        yield from fresh


def judge(cases: Iterable[Case], context: Context, rules: Sequence[Rule] = CATALOGUE) -> Iterator[Break]:
    """Every break of the cases: per group, of what an order or charge has, the first code that applies."""
    by_group = [(_CONCERNS.get(group), _steps(group, context, rules)) for group in GROUPS]
    groups = [(concerns, steps) for concerns, steps in by_group if steps]
    for case in cases:
        for concerns, steps in groups:
            if concerns is None or concerns(case):
                yield from _first_of_group(steps, case, context)


_Step = tuple[Rule, Judge | None, JudgeEach | None, str]


def _steps(group: str, context: Context, rules: Sequence[Rule]) -> list[_Step]:
    """A group's rules that judge cases, taken apart once: a million cases ask them."""
    chosen = [rule for rule in case_rules(context, rules) if rule.group == group]
    return [(rule, rule.judge, rule.judge_each, _THINGS.get(rule.subject, "")) for rule in chosen]


def _first_of_group(steps: list[_Step], case: Case, context: Context) -> list[Break]:
    """A break on the order speaks for all that the case has, but not for another order that the same charge pays.

    One on a charge speaks for its refunds and for the order.
    """
    result: list[Break] = []
    spoken: set[str] = set()
    on_orders: set[str] = set()
    for rule, whole, each, things in steps:
        raised: tuple[Break, ...] = ()
        if whole and (on_case := whole(rule, case, context)):
            raised = (on_case,)
        if each:
            for thing in getattr(case, things):
                if on_thing := each(rule, case, thing, context):
                    raised = (*raised, on_thing)
        if not raised:
            continue
        fresh = [break_ for break_ in raised if not _is_spoken_of(break_, spoken, on_orders)]
        result += fresh
        on_orders |= {break_.subject_id for break_ in fresh if break_.subject_type == "order"}
        if len(on_orders) > len(case.other_orders):
            break
        spoken.update(_spoken_for(break_) for break_ in fresh if break_.subject_type != "order")
    return result


def _is_spoken_of(raised: Break, spoken: set[str], on_orders: set[str]) -> bool:
    if raised.subject_type == "order":
        return bool(spoken) or raised.subject_id in on_orders
    return bool(on_orders) or _spoken_for(raised) in spoken


def _spoken_for(raised: Break) -> str:
    """The charge or transfer that a break is about, its own subject where there is none."""
    return raised.charge_id or raised.transfer_id or raised.subject_id
