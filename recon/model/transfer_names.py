"""Which transfers a bank's text names: whole ids, in whatever case, glued to other words, or cut at a field's end."""

import re
from collections.abc import Collection

_NAME = re.compile(r"trsf_(?:test_)?[0-9a-z]+", re.IGNORECASE)
_SHORTEST = len("trsf_test_") + 6  # characters: a shorter piece of an id may be anybody's


def named_in(*texts: object) -> frozenset[str]:
    """The ids of transfers, in small letters, as they stand in texts: perhaps not to their end; a null has none."""
    return frozenset(name.lower() for text in texts if isinstance(text, str) for name in _NAME.findall(text))


def whose(name: str, ids: Collection[str]) -> str | None:
    """The one of some ids that a name means: itself, else the only one that goes on where the name was cut."""
    if name in ids:
        return name
    longer = [id for id in ids if id.startswith(name)] if len(name) >= _SHORTEST else []
    return longer[0] if len(longer) == 1 else None
