"""Patterns of breaks that are expected until a day: which break they speak of, and what it then rests on; pure."""

from collections.abc import Callable, Iterable
from datetime import date
from fnmatch import fnmatchcase

from recon.model import Break
from recon.model.rulings import Ignore, Kind, Ruling, Standing


def covers(ignore: Ignore, found: Break) -> bool:
    """Whether a pattern speaks of a break, whatever the day."""
    if found.code != ignore.code or ignore.account not in (None, found.account):
        return False
    names = [name for name in (found.subject_id, found.order_id) if name]
    return not ignore.pattern or any(fnmatchcase(name, ignore.pattern) for name in names)


def as_ignore(ruling: Ruling) -> Ignore:
    """A ruling of this kind as the pattern that it is."""
    assert ruling.code is not None, "an ignore has a code"
    assert ruling.until is not None, "an ignore has a last day"
    return Ignore(
        ruling.id, ruling.code, ruling.account, ruling.pattern or "", ruling.until, ruling.who, ruling.reason
    )


def ignored_by(ignores: Iterable[Ignore], today: Callable[[str | None], date]) -> Callable[[Break], Standing | None]:
    """What says of a break that a pattern expects it; `today` has the local day of an account."""
    by_code: dict[str, list[Ignore]] = {}
    for one in ignores:
        by_code.setdefault(one.code, []).append(one)

    def standing(found: Break) -> Standing | None:
        for one in by_code.get(found.code, ()):
            if one.until >= today(found.account) and covers(one, found):
                return ignoring(one)
        return None

    return standing


def ignoring(ignore: Ignore) -> Standing:
    """What a break rests on that a pattern expects."""
    return Standing(ignore.ruling_id, Kind.IGNORE.value, ignore.who, ignore.reason, ignore.until)
