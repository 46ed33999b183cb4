"""Patterns of breaks that are expected until a day: which break they speak of, and what it then rests on; pure."""

from collections.abc import Callable, Iterable
from datetime import date
from fnmatch import fnmatchcase

from recon.model import Break
from recon.model.rulings import IgnorePattern, Ruling, RulingKind, Standing


def covers(ignore: IgnorePattern, break_: Break) -> bool:
    """Whether a pattern speaks of a break, whatever the day."""
    if break_.code != ignore.code or ignore.account not in (None, break_.account):
        return False
    names = [name for name in (break_.subject_id, break_.order_id) if name]
    return not ignore.pattern or any(fnmatchcase(name, ignore.pattern) for name in names)


def as_ignore(ruling: Ruling) -> IgnorePattern:
    """A ruling of this kind as the pattern that it is."""
    assert ruling.code is not None, "an ignore has a code"
    assert ruling.until is not None, "an ignore has a last day"
    return IgnorePattern(
        ruling.id, ruling.code, ruling.account, ruling.pattern or "", ruling.until, ruling.who, ruling.reason
    )


def expected_by(
    patterns: Iterable[IgnorePattern], today: Callable[[str | None], date]
) -> Callable[[Break], Standing | None]:
    """What says of a break that a pattern expects it; `today` has the local day of an account."""
    by_code: dict[str, list[IgnorePattern]] = {}
    for pattern in patterns:
        by_code.setdefault(pattern.code, []).append(pattern)

    def standing(break_: Break) -> Standing | None:
        for pattern in by_code.get(break_.code, ()):
            if pattern.until >= today(break_.account) and covers(pattern, break_):
                return standing_by(pattern)
        return None

    return standing


def standing_by(ignore: IgnorePattern) -> Standing:
    """What a break rests on that a pattern expects."""
    return Standing(ignore.ruling_id, RulingKind.IGNORE.value, ignore.who, ignore.reason, ignore.until)
