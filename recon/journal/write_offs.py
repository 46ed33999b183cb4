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

OF_A_REFUND = " of a refund"


@cache
def directions() -> dict[str, tuple[LedgerAccount, str]]:
    """By a break's code the account in which it is open, and its direction: loss, gain, short, over or nothing.

    A code "of a refund" goes before the code alone.
    """
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
        lost = loss(ruling, break_)
        if not lost or not ruling.currency:
            continue
        sides = {"debit": LedgerAccount.WRITE_OFF, "credit": against(break_)}
        yield from moved(day.isoformat(), EntryKind.WRITE_OFFS, ruling.currency, lost, **sides, rows=1)


def against(break_: Break) -> LedgerAccount:
    """The account in which it is open, and which its write-off clears."""
    return _place(break_)[0]


def loss(ruling: Ruling, break_: Break) -> int:
    """Minor units that a write-off costs, a gain negative; nothing where no account has anything open."""
    difference = break_.difference or 0
    direction = _place(break_)[1]
    is_gain = {"gain": True, "short": difference > 0, "over": difference < 0}.get(direction, False)
    amount = 0 if direction == "nothing" else ruling.amount or 0
    return -amount if is_gain else amount


def _place(break_: Break) -> tuple[LedgerAccount, str]:
    own = directions().get(f"{break_.code}{OF_A_REFUND}") if break_.refund_id else None
    return own or directions().get(break_.code, (LedgerAccount.SUSPENSE, "loss"))
