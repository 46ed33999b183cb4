"""Do statements add up, and does each begin where the last one ended? Knows no format and no file."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from recon.bank.source import Balance, BankSource, Rejected, Statement, Unread
from recon.bank.texts import content_of
from recon.money import Currencies

_MOST = 5  # gaps named one by one


def out_of_balance(statement: Statement, opening: Balance, closing: Balance, currencies: Currencies) -> Rejected:
    """A statement that does not add up as one bad row: which of its lines is wrong or missing, nobody knows."""
    show = _shower(statement, currencies)
    total = sum(line.amount for line in statement.lines)
    reason = (
        f"{_name(statement)}: opening {show(opening.amount)} and {len(statement.lines)} line(s) over {show(total)} "
        f"come to {show(opening.amount + total)}, but it closes with {show(closing.amount)}: kept aside as a whole"
    )
    content = (text for line in statement.lines for text in content_of(line))
    days = sorted(day for day in (opening.on, closing.on, *(line.booked_on for line in statement.lines)) if day)
    return Rejected(
        statement.row,
        reason,
        (statement.number, str(opening.amount), str(closing.amount), *content),
        unread=Unread(days[0], days[-1]) if days else Unread(),
        rows=len(statement.lines),
    )


def gaps(source: BankSource, statements: Iterable[tuple[str, Statement]], currencies: Currencies) -> list[str]:
    """Sentences about statements that do not open with what an earlier one closed with; overlaps prove nothing.

    `statements` stand beside the name of their file.
    """
    chains: dict[tuple[str, str], list[_Period]] = {}
    for file, statement in statements:
        if statement.opening and statement.closing:
            period = _Period(statement.opening, statement.closing, statement, file)
            chains.setdefault((statement.bank_account, statement.currency), []).append(period)
    sentences = [gap for chain in chains.values() for gap in _breaks(source, chain, currencies)]
    more = len(sentences) - _MOST
    return [*sentences[:_MOST], *([f"{source.place}: and {more} more such gaps"] if more > 0 else [])]


class _Period(NamedTuple):
    opening: Balance
    closing: Balance
    statement: Statement
    file: str


def _breaks(source: BankSource, chain: list[_Period], currencies: Currencies) -> Iterator[str]:
    starts = Counter((period.opening.on, period.opening.amount) for period in chain)
    for before, after in pairwise(sorted(chain, key=_chronological)):
        start = after.opening
        overlap = start.on < before.closing.on or starts[start.on, start.amount] > 1
        if not overlap and start.amount != before.closing.amount:
            show = _shower(after.statement, currencies)
            yield (
                f"{source.place}: {_name(after.statement)} in {after.file} opens with {show(start.amount)}, but "
                f"{_name(before.statement)} closed with {show(before.closing.amount)}: "
                "a statement between them is missing"
            )


def _chronological(period: _Period) -> tuple[str, str, list[int]]:
    numbers = [int(digits) for digits in re.findall(r"\d{1,18}", period.statement.number)]
    return period.closing.on, period.opening.on, numbers


def _name(statement: Statement) -> str:
    return f"statement {statement.number}" if statement.number else "a statement"


def _shower(statement: Statement, currencies: Currencies) -> Callable[[int], str]:
    return lambda amount: currencies.words(amount, statement.currency)
