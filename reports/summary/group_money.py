"""Where the money of all accounts went: a column an account, each in its own settlement currency."""

from collections.abc import Iterator, Mapping, Sequence

from recon.model import MOVING_LINES, BalanceLine, PayoutLine
from recon.money import Money
from reports.report import Group, Report
from reports.sheet import Cell, Line, PlacedSheet
from reports.summary.answers import JOURNAL, lines_of, names_together, payout_lines_of, short_answers
from reports.summary.money import (
    BALANCE_WORDS,
    IN_SHORT,
    PAYOUT_WORDS,
    TO_BANK,
    TOTALS,
    WENT,
    Cleared,
    cleared_of,
    over_journal,
)
from reports.summary.parts import COLUMNS, GAP, PlacedSheets, header, section
from reports.workbook.styles import total_money_style

_WIDTH = COLUMNS - 1  # accounts beside each other


def group_money(group: Group, placed: PlacedSheets, _: int) -> Iterator[Line]:
    """In short, what moved each balance, and the payouts on to the bank; currencies are never added together."""
    parts = [part for part in group.parts if len(part.result.settlement.waterfall)]
    for at in range(0, len(parts), _WIDTH):
        beside = parts[at : at + _WIDTH]
        for place, lines in enumerate((_short(beside), _balances(beside, placed.get(JOURNAL)), _payouts(beside))):
            if at or place:
                yield GAP
            yield from lines


def _heads(parts: Sequence[Report], text: str) -> Iterator[Line]:
    yield section(f"{text} (a column an account; currencies are never added together)")
    yield header(("", *(f"{part.name} {part.result.account.currency}" for part in parts)))


def _short(parts: Sequence[Report]) -> Iterator[Line]:
    yield from _heads(parts, IN_SHORT)
    lists = [short_answers(part.result) for part in parts]
    answers = [{answer.name: answer for answer in of_part} for of_part in lists]
    for name in names_together(lists):
        cells = [Cell(name)]
        for part, of_part in zip(parts, answers, strict=True):
            answer = of_part.get(name)
            if answer is None:
                cells.append(Cell(""))
            elif answer.amount is None:
                cells.append(Cell(answer.count))
            else:
                cells.append(Cell(Money(answer.amount, part.result.account.currency)))
        yield Line(tuple(cells))


def _balances(parts: Sequence[Report], journal: PlacedSheet | None) -> Iterator[Line]:
    """The waterfall; what moved a balance is a formula over the Journal sheet."""
    yield from _heads(parts, WENT)
    amounts = [lines_of(part.result, part.result.account.currency) for part in parts]
    cleared = [cleared_of(part.result) if journal else None for part in parts]
    for line in BalanceLine:
        if not any(line in of_part for of_part in amounts):
            continue
        cells = [Cell(BALANCE_WORDS[line][0], "total" if line in TOTALS else "text")]
        for part, of_part, cleared_of_part in zip(parts, amounts, cleared, strict=True):
            cells.append(_balance_cell(part, of_part, line, journal, cleared_of_part))
        yield Line(tuple(cells))


def _balance_cell(
    part: Report,
    amounts: dict[str, tuple[int | None, int]],
    line: BalanceLine,
    journal: PlacedSheet | None,
    cleared: Mapping[tuple[str, str], Cleared] | None,
) -> Cell:
    if line not in amounts:
        return Cell("")
    currency = part.result.account.currency
    money = Money(amounts[line][1], currency)
    exact = part.basis.is_number(money)
    formula = ""
    if line in MOVING_LINES and journal is not None and cleared is not None and exact:
        formula = over_journal(part.basis, journal, cleared, line, currency, amounts[line], part.name)["formula"]
    return Cell(money, total_money_style(currency) if line in TOTALS and exact else "", formula=formula)


def _payouts(parts: Sequence[Report]) -> Iterator[Line]:
    yield from _heads(parts, TO_BANK)
    amounts = [payout_lines_of(part.result) for part in parts]
    for line in PayoutLine:
        if line == PayoutLine.FEES_RETURNED and not any(line in of_part for of_part in amounts):
            continue
        cells = [Cell(PAYOUT_WORDS[line][0], "total" if line in TOTALS else "text")]
        for part, of_part in zip(parts, amounts, strict=True):
            currency = part.result.account.currency
            money = Money(of_part.get(line, (0, 0))[1], currency)
            bold = line in TOTALS and part.basis.is_number(money)
            cells.append(Cell(money, total_money_style(currency) if bold else ""))
        yield Line(tuple(cells))
