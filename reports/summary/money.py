"""Where the money went: from the shop's orders to the sales, through the balance at Omise, to the bank."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Unpack

from recon import columns as c
from recon.columnar import np
from recon.model import MOVING_LINES, BalanceLine, PayoutLine, Proof, Result
from recon.money import Money
from recon.result.proofs import ORDERS_TO_CHARGES
from recon.settlement.sales import CHARGES_TO_SALES
from reports.report import Basis, Report
from reports.sheet import Line, PlacedSheet
from reports.sheets.balance_proof import SHEET as BALANCE
from reports.sheets.balance_proof import in_words
from reports.sheets.bank import SHEET as BANK
from reports.sheets.settlement import SHEET as SETTLEMENT
from reports.summary.answers import JOURNAL, KEPT, Short, lines_of, payout_lines_of, short_answers
from reports.summary.parts import COLUMNS, GAP, PlacedSheets, Shown, amount_line, assert_ties, header, section

IN_SHORT = "In short"
WENT = "Where the money went"
BRIDGE = "From the shop's orders to the sales"
TO_BANK = "From the payouts to the bank"
NOT_EXPLAINED = "Not explained"
_CLEARING = "clearing"
BALANCE_WORDS: Mapping[str, tuple[str, str]] = {
    BalanceLine.OPENING: ("Balance at the beginning", "At Omise, when the first day began."),
    BalanceLine.SALES: ("Sales", "What customers paid and Omise credited, before its fees."),
    BalanceLine.FEES: ("less Omise's fees", "On payments; those on payouts stand further below."),
    BalanceLine.FEE_VAT: ("less VAT on these fees", "Reclaimed with Omise's tax receipts, where that is allowed."),
    BalanceLine.INTEREST: ("less instalment interest", "Where the shop bears it."),
    BalanceLine.INTEREST_VAT: ("less VAT on the interest", ""),
    BalanceLine.REFUNDS: ("less refunds", "Omise keeps the fee of the sale."),
    BalanceLine.VOIDS: ("less voids", "Taken back whole before they were settled."),
    BalanceLine.DISPUTES_OPENED: ("less disputes opened", "Omise takes the money while the bank decides."),
    BalanceLine.DISPUTES_WON: ("plus disputes won", "Given back."),
    BalanceLine.RECEIPT_ADJUSTMENTS: ("VAT rounded by receipts", "Omise rounds VAT once a day."),
    BalanceLine.OTHER: ("Other bookings", "By Omise's own names, below; a kind that is not known here is a break."),
    BalanceLine.PAYOUTS: ("less payouts", "What left the balance for the bank, their fees included."),
    BalanceLine.PAYOUTS_RETURNED: ("plus payouts returned", "They failed, and came back."),
    BalanceLine.CLOSING: ("Balance at the end", "At Omise, when the last day ended: the sum of the lines above."),
    BalanceLine.BOOKED_SINCE: ("Booked until the reading", "The balance is only known at a reading."),
    BalanceLine.READING: ("Balance as Omise says", ""),
    BalanceLine.DIFFERENCE: (NOT_EXPLAINED, "Omise's balance less what was booked."),
}
PAYOUT_WORDS: Mapping[str, tuple[str, str]] = {
    PayoutLine.SENT: ("Payouts", "What left the balance in these days."),
    PayoutLine.FEES: ("less fees of payouts", "With their VAT."),
    PayoutLine.NOT_AS_SAID: ("Booked otherwise", "The ledger took another sum than the transfer says."),
    PayoutLine.NET: ("Paid out", "Sent to the bank, after the fees of payouts."),
    PayoutLine.FAILED: ("less failed payouts", "They are, or will be, back in the balance."),
    PayoutLine.AT_BANK: ("less at the bank", "Credited until the last day."),
    PayoutLine.KEPT_BY_BANK: ("less kept by the bank", "Its fees, or a credit of another sum."),
    PayoutLine.IN_TRANSIT: ("In transit at the end", "Of these payouts, not at the bank on the last day."),
    PayoutLine.CLEARED: ("less at the bank since", "Credited after the last day."),
    PayoutLine.STILL_IN_TRANSIT: ("Still in transit", "Of these payouts, on the as-of day; others stand below."),
    PayoutLine.FEES_RETURNED: ("Fees that came back", "In these days, with failed payouts that came back whole."),
}
TOTALS = frozenset({BalanceLine.CLOSING, PayoutLine.NET, PayoutLine.IN_TRANSIT, PayoutLine.STILL_IN_TRANSIT})


@dataclass
class _Table:
    """Lines of one currency below each other, and the row that each named line stands in."""

    basis: Basis
    currency: str
    row: int  # of the next line
    lines: list[Line] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)

    def add(
        self,
        key: str,
        name: str,
        amount: int | None,
        about: str = "",
        *,
        count: int | None = None,
        **shown: Unpack[Shown],
    ) -> None:
        self.rows[key] = self.row
        money = None if amount is None else Money(amount, self.currency)
        self.put(amount_line(self.basis, name, count, money, about, **shown))

    def put(self, line: Line) -> None:
        self.lines.append(line)
        self.row += 1

    def head(self, text: str, titles: tuple[str, ...]) -> None:
        self.put(section(text))
        self.put(header(titles, last=COLUMNS - len(titles) + 1))

    def gap(self) -> None:
        self.put(GAP)

    def cell(self, key: str) -> str:
        return f"C{self.rows[key]}"

    def sum_of(self, keys: Sequence[str], sign: str = "") -> str:
        """Of cells that may stand apart, rounded to the currency's decimals."""
        cells = "+".join(self.cell(key) for key in keys)
        return f"ROUND({sign}({cells}),{self.basis.currencies.decimals(self.currency)})"


def where_the_money_went(report: Report, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """In short; the bridge from the orders; what moved the balance; the payouts: of the account's own currency."""
    result = report.result
    amounts = lines_of(result, result.account.currency)
    if not amounts:
        return
    short = short_answers(result)
    table = _Table(report.basis, result.account.currency, row + 2 + len(short) + 1)
    _bridge(table, report, placed)
    table.gap()
    _balance(table, report, placed)
    table.gap()
    _payouts(table, result, placed)
    for currency in sorted({*result.settlement.waterfall[c.CURRENCY]} - {result.account.currency}):
        table.gap()
        _elsewhere(table, result, currency)
    yield from _in_short(report, placed, table, row, short)
    yield GAP
    yield from table.lines


def _in_short(
    report: Report, placed: PlacedSheets, table: _Table, row: int, short: Sequence[Short]
) -> Iterator[Line]:
    amounts = {**lines_of(report.result, table.currency), **payout_lines_of(report.result)}
    own = _Table(report.basis, table.currency, row)
    own.head(f"{IN_SHORT}, {table.currency}", ("", "How many", "Amount", "That is"))
    for answer in short:
        sheet = placed.get(answer.sheet)
        formula = ""
        if answer.keys and all(report.basis.is_number(Money(amounts[key][1], table.currency)) for key in answer.keys):
            formula = table.sum_of(answer.keys, answer.sign)
        own.add(
            answer.name,
            answer.name,
            answer.amount,
            answer.about,
            count=answer.count,
            formula=formula,
            link=sheet.link() if sheet else "",
        )
    yield from own.lines


def step_words(what: str) -> str:
    """Why two totals differ, as people read it: a break by its title, without its code."""
    words, _ = in_words(what)
    return words[:1].upper() + words[1:]


def _bridge(table: _Table, report: Report, placed: PlacedSheets) -> None:
    """Every step from what the shop says was paid to what Omise booked as sales."""
    result = report.result
    sales = lines_of(result, table.currency)[BalanceLine.SALES]
    link = placed[BALANCE.name].link()
    table.head(f"{BRIDGE}, {table.currency}", ("Step", "How many", "Amount", "That is"))
    proofs = {proof.name: proof for proof in result.proofs if proof.currency == table.currency}
    orders = proofs.get(ORDERS_TO_CHARGES)
    charged = proofs.get(CHARGES_TO_SALES)
    paid = orders.left if orders else 0
    table.add("paid orders", "Paid orders", paid, "Orders of these days that the shop counts as paid.")
    keys = ["paid orders", *_steps(table, orders, link)]
    taken = orders.right if orders else 0
    about = "What the payments of these days took in this currency, and kept."
    table.add("taken", "Paid at Omise", taken, about, formula=table.sum_of(keys), is_total=True)
    keys = ["taken", *_steps(table, charged, link)]
    assert_ties("paid at Omise", charged.left if charged else 0, taken)
    assert_ties("sales of the bridge", charged.right if charged else 0, sales[1])
    about = "The same as the first line that moved the balance, below."
    table.add("booked sales", "Sales", sales[1], about, formula=table.sum_of(keys), count=sales[0], is_total=True)


def _steps(table: _Table, proof: Proof | None, link: str) -> Iterator[str]:
    """One line an item of a proof, and what no item explains."""
    if proof is None:
        return
    for item in proof.items:
        if item.amount or item.count:
            key = f"{proof.name} {item.what}"
            name = step_words(item.what)
            table.add(key, name, item.amount, "", count=item.count, link=link)
            yield key
    if proof.rest:
        key = f"{proof.name} rest"
        about = "No break and no reason tells of it: the rows stand on the Balance proof sheet."
        table.add(key, NOT_EXPLAINED, proof.unexplained, about, count=len(proof.rest), link=link)
        yield key


def _balance(table: _Table, report: Report, placed: PlacedSheets) -> None:
    result = report.result
    amounts = lines_of(result, table.currency)
    table.head(f"{WENT}, {table.currency}", ("The balance at Omise", "How many", "Amount", "That is"))
    days = placed[BALANCE.name]
    opening = amounts[BalanceLine.OPENING][1]
    _balance_line(table, BalanceLine.OPENING, None, opening, link=days.link())
    sheet = placed.get(JOURNAL)
    cleared = cleared_of(result)
    firsts = _first_of_entries(sheet) if sheet and cleared is not None else {}
    for line in MOVING_LINES:
        count, amount = amounts[line]
        shown: Shown = {}
        if sheet is not None and cleared is not None:
            entries = cleared.get((line, table.currency), Cleared()).entries
            shown = over_journal(table.basis, sheet, cleared, line, table.currency, amounts[line])
            places = [firsts[entry] for entry in entries if entry in firsts]
            shown |= Shown(link=sheet.link(min(places)) if places else "")
        _balance_line(table, line, count, amount, **shown)
        if line == BalanceLine.INTEREST_VAT:
            net = sum(amounts[kept][1] for kept in (BalanceLine.SALES, *KEPT))
            about = "What of the sales was credited."
            formula = table.sum_of((BalanceLine.SALES, *KEPT))
            table.add("net", "Sales after Omise's costs", net, about, formula=formula, is_total=True)
        if line == BalanceLine.OTHER:
            _other_keys(table, result)
    closing = amounts[BalanceLine.CLOSING][1]
    assert_ties("closing balance", opening + sum(amounts[line][1] for line in MOVING_LINES), closing)
    moving = table.sum_of((BalanceLine.OPENING, *MOVING_LINES))
    _balance_line(table, BalanceLine.CLOSING, None, closing, formula=moving)
    if BalanceLine.READING not in amounts:
        return
    _balance_line(table, BalanceLine.BOOKED_SINCE, None, amounts[BalanceLine.BOOKED_SINCE][1])
    read_on = result.settlement.waterfall
    read_on = read_on[read_on[c.LINE] == BalanceLine.READING][c.DAY].iloc[0]
    name, _ = BALANCE_WORDS[BalanceLine.READING]
    table.add(BalanceLine.READING, name, amounts[BalanceLine.READING][1], f"Read on {read_on}.", link=days.link())
    read, closed, since = (
        table.cell(line) for line in (BalanceLine.READING, BalanceLine.CLOSING, BalanceLine.BOOKED_SINCE)
    )
    decimals = table.basis.currencies.decimals(table.currency)
    formula = f"ROUND({read}-{closed}-{since},{decimals})"
    _balance_line(table, BalanceLine.DIFFERENCE, None, amounts[BalanceLine.DIFFERENCE][1], formula=formula)


def _balance_line(table: _Table, line: BalanceLine, count: int | None, amount: int, **shown: Unpack[Shown]) -> None:
    name, about = BALANCE_WORDS[line]
    shown["is_total"] = line in TOTALS
    table.add(line, name, amount, about, count=count, **shown)


def _other_keys(table: _Table, result: Result) -> None:
    """Below the other bookings each of Omise's names, as a part of them."""
    moved = result.settlement.movements
    if not len(moved):
        return
    others = moved[(moved[c.LINE] == BalanceLine.OTHER) & (moved[c.CURRENCY] == table.currency)]
    for key, group in others.groupby(others[c.KEY].fillna("without a name"), sort=True):
        name = f"   of these {key}"
        table.add(f"key {key}", name, int(group[c.AMOUNT].sum()), "", count=int(group[c.ROWS].sum()))


@dataclass
class Cleared:
    """What the journal has of one kind and currency on the clearing account."""

    amount: int = 0
    rows: int = 0
    entries: set[str] = field(default_factory=set)


def cleared_of(result: Result) -> Mapping[tuple[str, str], Cleared] | None:
    """The clearing account's lines by kind and currency; None where there is no journal."""
    lines = result.journal
    if not len(lines):
        return None
    cleared: dict[tuple[str, str], Cleared] = {}
    names = (c.ENTRY_KIND, c.CURRENCY, c.DEBIT, c.CREDIT, c.ROWS, c.ENTRY)
    own = lines[[*names]][c.equals(lines, c.LEDGER_ACCOUNT, _CLEARING)]
    for kind, currency, debit, credit, rows, entry in c.plain_rows(own, names):
        line = cleared.setdefault((kind, currency), Cleared())
        line.amount += (debit or 0) - (credit or 0)
        line.rows += rows
        line.entries.add(entry)
    return cleared


def _first_of_entries(sheet: PlacedSheet) -> Mapping[str, int]:
    """In which row of the Journal sheet the clearing account first stands in each entry."""
    rows = np.flatnonzero(c.equals(sheet.frame, c.LEDGER_ACCOUNT, _CLEARING))
    firsts: dict[str, int] = {}
    for entry, row in zip(sheet.frame[c.ENTRY].iloc[rows].tolist(), rows.tolist(), strict=True):
        firsts.setdefault(entry, row)
    return firsts


def over_journal(
    basis: Basis,
    sheet: PlacedSheet,
    cleared: Mapping[tuple[str, str], Cleared],
    line: BalanceLine,
    currency: str,
    stated: tuple[int | None, int],
    account: str = "",
) -> Shown:
    """Amount and count of a line as formulas over the Journal sheet; a count that a sum hides is none."""
    count, amount = stated
    own = cleared.get((line, currency), Cleared())
    assert_ties(f"the journal's {line}", own.amount, amount)
    criteria = (
        (c.LEDGER_ACCOUNT, f'"{_CLEARING}"'),
        (c.ENTRY_KIND, f'"{line}"'),
        (c.CURRENCY, f'"{currency}"'),
        *(((c.ACCOUNT, f'"{account}"'),) if account else ()),
    )
    exponent = basis.currencies.exponent(currency)
    formula = f"{sheet.area.total(c.DEBIT, exponent, *criteria)}-{sheet.area.total(c.CREDIT, exponent, *criteria)}"
    counted = sheet.area.total(c.ROWS, 0, *criteria) if own.rows == count else ""
    return {"formula": f"ROUND({formula},{exponent})", "count_formula": counted}


def _payouts(table: _Table, result: Result, placed: PlacedSheets) -> None:
    lines = payout_lines_of(result)
    if not lines:
        return
    table.head(f"{TO_BANK}, {table.currency}", ("Payouts", "How many", "Amount", "That is"))
    settlement = placed[SETTLEMENT.name].link()
    bank = placed[BANK.name].link() if BANK.name in placed else ""
    sums: Mapping[PayoutLine, tuple[PayoutLine, ...]] = {
        PayoutLine.NET: (PayoutLine.SENT, PayoutLine.FEES, PayoutLine.NOT_AS_SAID),
        PayoutLine.IN_TRANSIT: (PayoutLine.NET, PayoutLine.FAILED, PayoutLine.AT_BANK, PayoutLine.KEPT_BY_BANK),
        PayoutLine.STILL_IN_TRANSIT: (PayoutLine.IN_TRANSIT, PayoutLine.CLEARED),
    }
    for line in PayoutLine:
        if line not in lines:
            continue
        count, amount = lines[line]
        parts = sums.get(line, ())
        if parts:
            assert_ties(f"payouts: {line}", sum(lines[part][1] for part in parts), amount)
        name, about = PAYOUT_WORDS[line]
        formula = table.sum_of(parts) if parts else ""
        if line == PayoutLine.SENT:
            formula = f"-{table.cell(BalanceLine.PAYOUTS)}"
        link = "" if line in TOTALS else bank if line in (PayoutLine.AT_BANK, PayoutLine.CLEARED) else settlement
        table.add(line, name, amount, about, count=count, formula=formula, link=link, is_total=line in TOTALS)


def _elsewhere(table: _Table, result: Result, currency: str) -> None:
    """What Omise booked in another currency than the account's: no balance of it is known."""
    other = _Table(table.basis, currency, table.row)
    other.head(f"Booked in {currency}", ("", "How many", "Amount", "That is"))
    for line, (count, amount) in lines_of(result, currency).items():
        _balance_line(other, BalanceLine(line), count, amount)
    table.lines += other.lines
    table.row = other.row
