"""Open breaks of one cause as one group each: one thing to do, with its members; changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recon.model import Exposure, KnownBreak
from recon.rules import cause_of, exposure_of
from recon.store.desk import overview, worklist
from recon.store.engine import Store

MEMBERS = 12  # of a group that are named


@dataclass(frozen=True)
class CauseGroup:
    """At least two breaks of a code in one account and currency; amounts of two exposures are never added."""

    cause: str
    account: str
    code: str
    currency: str
    count: int
    amounts: Mapping[Exposure, int]
    members: Sequence[KnownBreak]  # the first of them, by what they are about


def of_one_cause(store: Store, visible: frozenset[str] | None) -> list[CauseGroup]:
    """Every group of the accounts that somebody sees, by cause."""
    groups: dict[tuple[str, str, str, str], list[overview.OpenSum]] = {}
    for part in overview.open_sums(store, visible):
        account, currency = part.account or "", part.currency or ""
        cause = cause_of(part.code, account, currency)
        if cause:
            groups.setdefault((cause, account, part.code, currency), []).append(part)
    return [
        _group(store, visible, *key, parts)
        for key, parts in sorted(groups.items())
        if sum(part.count for part in parts) > 1
    ]


def _group(
    store: Store,
    visible: frozenset[str] | None,
    cause: str,
    account: str,
    code: str,
    currency: str,
    parts: Sequence[overview.OpenSum],
) -> CauseGroup:
    wanted = worklist.Filter(visible=visible, accounts=(account,), codes=(code,), currency=currency)
    members = worklist.find(store, wanted, "age", False, 0, MEMBERS)
    amounts: dict[Exposure, int] = {}
    for part in parts:
        exposure = exposure_of(code, 0, part.sign)
        amounts[exposure] = amounts.get(exposure, 0) + part.amount
    return CauseGroup(cause, account, code, currency, members.total, amounts, members.breaks)
