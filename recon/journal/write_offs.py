"""Bookings of what people wrote off: a break's open amount, from the account where it stands."""

import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from importlib import resources

from recon.calendars import local_day
from recon.journal.posting import Posting, moved
from recon.journal.words import EntryKind, LedgerAccount
from recon.model import Account, Break
from recon.model.rulings import Ruling


@cache
def directions() -> dict[str, tuple[LedgerAccount, str]]:
    """By a break's code the account in which it is open, and its direction: loss, gain, short or over."""
    table = tomllib.loads(resources.files("recon.journal").joinpath("write_offs.toml").read_text(encoding="utf-8"))
    return {
        code: (LedgerAccount(account), direction)
        for account, codes_by_direction in table.items()
        for direction, codes in codes_by_direction.items()
        for code in codes
    }


def written_off(
    write_offs: Iterable[tuple[Ruling, Break]], account: Account, first: date, last: date
) -> Iterator[Posting]:
    """What of it was decided, or where a second person had to, approved on the days; without an amount nothing is."""
    for ruling, break_ in write_offs:
        day = local_day(ruling.approved_at or ruling.at, account.zone)
        if break_.account != account.name or not first <= day <= last:
            continue
        if not ruling.amount or not ruling.currency:
            continue
        open_in, direction = directions().get(break_.code, (LedgerAccount.SUSPENSE, "loss"))
        difference = break_.difference or 0
        is_gain = {"gain": True, "short": difference > 0, "over": difference < 0}.get(direction, False)
        debit, credit = (open_in, LedgerAccount.WRITE_OFF) if is_gain else (LedgerAccount.WRITE_OFF, open_in)
        kind = EntryKind.WRITE_OFFS
        yield from moved(day.isoformat(), kind, ruling.currency, ruling.amount, debit=debit, credit=credit, rows=1)
