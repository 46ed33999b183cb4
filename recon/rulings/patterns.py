"""Patterns of breaks that are expected until a day: which break they speak of, who decides on them; pure."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from fnmatch import fnmatchcase

from recon.model import Break, Severity
from recon.model.rulings import (
    IN_FORCE,
    ApprovalLimits,
    Ruling,
    RulingKind,
    RulingRequest,
    RulingState,
    Standing,
)
from recon.rulings.decide import (
    RulingRefused,
    approve_ruling,
    check_second_person,
    end_ruling,
    last_day,
    needed_reason,
    new_ruling,
)


def covers(pattern: Ruling, break_: Break) -> bool:
    """Whether a pattern speaks of a break, whatever the day."""
    if break_.code != pattern.code or pattern.account not in (None, break_.account):
        return False
    names = [name for name in (break_.subject_id, break_.order_id) if name]
    return not pattern.pattern or any(fnmatchcase(name, pattern.pattern) for name in names)


def holds_on(pattern: Ruling, day: date) -> bool:
    """Whether a pattern's last day is not before this one."""
    return pattern.until is not None and pattern.until >= day


def new_ignore(request: RulingRequest, ruling_id: int, now: datetime, today: date, limits: ApprovalLimits) -> Ruling:
    """The ruling that a pattern is; raises RulingRefused in words."""
    if not request.code:
        raise RulingRefused("an ignore needs the code of the breaks")
    pattern = {
        "code": request.code,
        "account": request.account,
        "pattern": request.pattern or "",
        "until": last_day(request, today, limits),
    }
    asked = replace(request, reason=needed_reason(request))
    return new_ruling(asked, ruling_id, now, RulingState.STANDS, **pattern)


def needs_second_person(pattern: Ruling, covered: Iterable[Break], limits: ApprovalLimits) -> bool:
    """Whether a pattern waits: by these limits, or because what it speaks of is critical."""
    if limits.pattern_needs_approval or not limits.critical_needs_approval:
        return limits.pattern_needs_approval
    return pattern.code in limits.critical_codes or any(break_.severity == Severity.CRITICAL for break_ in covered)


def decide_pattern(
    request: RulingRequest, target: Ruling, ruling_id: int, now: datetime, today: date
) -> tuple[Ruling, Ruling]:
    """An approval, a rejection or an end of a pattern: that ruling, and the pattern as it is then.

    Raises RulingRefused in words.
    """
    if target.standing not in IN_FORCE:
        raise RulingRefused(f"{target.name} no longer stands: {target.standing} ({target.ended_why})")
    ruling = replace(
        new_ruling(request, ruling_id, now, RulingState.DONE),
        code=target.code,
        account=target.account,
        pattern=target.pattern,
    )
    if request.kind == RulingKind.UNDO:
        return ruling, end_ruling(target, RulingState.UNDONE, ruling.who, now, ruling.reason or "taken back")
    if target.standing != RulingState.PENDING:
        raise RulingRefused(
            f"nothing waits for approval: {target.name} stands, approved by {target.approved_by or 'nobody'}"
        )
    check_second_person(request, target)
    if request.kind == RulingKind.REJECT:
        reason = needed_reason(request, "a reason is needed to reject")
        return ruling, end_ruling(target, RulingState.REJECTED, ruling.who, now, reason)
    if target.until is not None and target.until < today:
        raise RulingRefused(f"{target.name} was for until {target.until}, which has passed")
    return ruling, approve_ruling(target, request.who, now)


def standing_patterns(rulings: Iterable[Ruling]) -> list[Ruling]:
    """The patterns among rulings that act: those that wait for a second person do not."""
    return [
        ruling for ruling in rulings if ruling.kind == RulingKind.IGNORE and ruling.standing == RulingState.STANDS
    ]


def expected_by(
    patterns: Iterable[Ruling], today: Callable[[str | None], date]
) -> Callable[[Break], Standing | None]:
    """What says of a break that a pattern expects it; `today` has the local day of an account."""
    by_code: dict[str | None, list[Ruling]] = {}
    for pattern in patterns:
        by_code.setdefault(pattern.code, []).append(pattern)

    def standing(break_: Break) -> Standing | None:
        for pattern in by_code.get(break_.code, ()):
            if holds_on(pattern, today(break_.account)) and covers(pattern, break_):
                return standing_by(pattern)
        return None

    return standing


def standing_by(pattern: Ruling) -> Standing:
    """What a break rests on that a pattern expects."""
    return Standing(pattern.id, RulingKind.IGNORE.value, pattern.who, pattern.reason, pattern.until)
