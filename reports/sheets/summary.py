"""The Summary: the page an auditor reads and signs; its totals are formulas over the detail sheets."""

from collections.abc import Iterator, Mapping

import pandas as pd

from recon import columns as c
from recon.model import CurrencyTotals, Proof, Result, Severity
from recon.money import Money, UnknownCurrency
from reports.sheet import HEADER_ROWS, Cell, Criterion, Line, Page, Placed, Report, letter
from reports.sheets.breaks import SHEET as BREAKS
from reports.sheets.matched import PAYMENT
from reports.sheets.matched import SHEET as MATCHED
from reports.sheets.rejected import SHEET as REJECTED
from reports.styles import severity_look

WIDTHS = (32, 19, 19, 19, 19, 19, 19, 19)
# First and last day of an age; the last is open.
AGES = ((0, 1), (2, 7), (8, 30), (31, 90), (91, None))
_GAP = Line()


def _lines(report: Report, placed: Mapping[str, Placed]) -> list[Line]:
    lines: list[Line] = []
    for block in (_title, _identity, _counts, _currencies, _breaks, _ages, _proofs, _notes, _inputs, _sign_off):
        made = list(block(report, placed, len(lines) + 1))
        lines += [*made, _GAP] if made else []
    return lines


def _title(report: Report, placed: Mapping[str, Placed], _: int) -> Iterator[Line]:
    result = report.result
    span = f"{result.first_day.isoformat()} to {result.last_day.isoformat()}"
    where = f"Account {result.account.name}  ·  {result.account.region}  ·  {result.account.currency}"
    yield Line((Cell("Settlement reconciliation", "page title", span=8),), 28)
    yield Line((Cell(f"{where}  ·  {span}", "page subtitle", span=8),), 18)
    yield _GAP
    if not result.complete:
        text = (
            "NOT COMPLETE: a source failed or a list was cut short. The figures below cover only what was read; "
            "do not sign this page. Run the same range again."
        )
        yield Line((Cell(text, "banner bad", span=8),), 36)
    yield Line((Cell(_verdict(report.result, placed[BREAKS.name].frame), "banner good", span=8),), 20)


def _verdict(result: Result, breaks: pd.DataFrame) -> str:
    severities = breaks[c.SEVERITY].value_counts().to_dict()
    words = [severity.word for severity in sorted(Severity, reverse=True)]
    parts = ", ".join(f"{severities[word]:,} {word}" for word in words if word in severities)
    found = f"{len(breaks):,} {'break' if len(breaks) == 1 else 'breaks'} ({parts})" if parts else "No breaks"
    failing = sum(proof.unexplained != 0 for proof in result.proofs)
    proofs = f"proofs that do not tie out: {failing} of {len(result.proofs)}" if failing else "every proof ties out"
    done = "Complete" if result.complete else "Not complete"
    return "  ·  ".join((done, found, *((proofs,) if result.proofs else ())))


def _identity(report: Report, _: Mapping[str, Placed], __: int) -> Iterator[Line]:
    result = report.result
    yield _section("What this page covers")
    pairs = (
        ("Account", result.account.name, "First day", result.first_day),
        ("Region", result.account.region, "Last day", result.last_day),
        ("Settlement currency", result.account.currency, "As of", report.as_of_day),
        ("Time zone", str(result.account.zone), "Software", f"omise-recon {report.software_version}"),
    )
    for name, value, other, right in pairs:
        yield Line((Cell(name, "label"), Cell(value, span=2), Cell(other, "label"), Cell(right, span=4)))
    yield Line((Cell("Result digest (SHA-256)", "label"), Cell(report.digest, "hash", span=7)))
    head = Cell(report.audit_head, "hash", span=7) if report.audit_head else Cell("no audit chain is kept", span=7)
    yield Line((Cell("Head of the audit chain", "label"), head))


def _counts(report: Report, placed: Mapping[str, Placed], row: int) -> Iterator[Line]:
    result, matched, rejected = report.result, placed[MATCHED.name], placed[REJECTED.name]
    _ties("matched orders by currency", sum(one.matched_orders for one in result.currencies), result.matched_orders)
    _ties("rejected rows", len(rejected.frame), result.rejected_rows)
    elsewhere = result.matched_orders - _orders(matched.frame)
    rate = Cell("not applicable")
    if result.match_rate is not None:
        rate = Cell(result.match_rate, formula=f"F{row + 2}/F{row + 1}")
    pairs = (
        ("Orders", Cell(result.orders), "Orders that expect a charge", Cell(result.expecting_orders)),
        ("Charges", Cell(result.charges), "Matched orders",
         Cell(result.matched_orders, formula=matched.count((PAYMENT, "1")) + (f"+F{row + 6}" if elsewhere else ""))),
        ("Refunds", Cell(result.refunds), "Match rate", rate),
        ("Transfers", Cell(result.transfers), "Rejected rows",
         Cell(result.rejected_rows, formula=rejected.count_numbers(c.ROW), link=f"'{REJECTED.name}'!A1")),
        ("Ledger transactions", Cell(result.transactions), "Ignored rows", Cell(result.ignored_rows)),
    )  # fmt: skip
    yield _section("What was compared")
    for name, value, other, right in pairs:
        yield Line((Cell(name, "label"), value, Cell("", "label"), Cell(other, "label", span=2), right))
    if elsewhere:
        note = "of these not on the Matched sheet: their break was closed by a person, or its rule is switched off"
        yield Line((Cell(note, "label", span=5), Cell(elsewhere)))


def _currencies(report: Report, placed: Mapping[str, Placed], row: int) -> Iterator[Line]:
    totals = sorted(report.result.currencies, key=lambda total: total.currency)
    unknown = set(placed[BREAKS.name].frame[c.CURRENCY].dropna()) - {total.currency for total in totals}
    assert not unknown, f"breaks have currencies that the result's totals lack: {sorted(unknown)}"
    titles = ["Currency", "Orders", "Charges", "Matched orders", "Amount matched", "Amount open"]
    others = [_elsewhere(placed[MATCHED.name], total) for total in totals]
    if any(others):
        titles += ["Matched, not on its sheet", "Their amount"]
    yield _section("By currency (never added together; open is what the breaks put at risk)")
    yield _header(tuple(titles))
    for number, (total, other) in enumerate(zip(totals, others, strict=True), start=row + 2):
        cells = _currency(report, placed, total, number, other)
        orders, amount = other or (0, 0)
        shown = (Cell(orders), Cell(Money(amount, total.currency))) if any(others) else ()
        yield Line((*cells, *shown))
    if not totals:
        yield _nothing("No orders and no charges.")


def _currency(
    report: Report, placed: Mapping[str, Placed], total: CurrencyTotals, row: int, other: tuple[int, int] | None
) -> tuple[Cell, ...]:
    matched, breaks = placed[MATCHED.name], placed[BREAKS.name]
    here = (c.CURRENCY, f"$A{row}")
    risk = breaks.frame[breaks.frame[c.CURRENCY] == total.currency]
    open_ = _sum(report, breaks, risk, c.AMOUNT_AT_RISK, total.currency, here)
    _ties(f"amount open in {total.currency}", _amount(risk[c.AMOUNT_AT_RISK]), total.amount_open)
    paid = matched.frame[matched.frame[c.CURRENCY] == total.currency]
    amount = _sum(report, matched, paid, c.ORDER_AMOUNT, total.currency, here)
    plus = (f"+G{row}", f"+H{row}") if other else ("", "")
    orders = Cell(total.matched_orders, formula=matched.count((PAYMENT, "1"), here) + plus[0])
    formula = amount.formula and amount.formula + plus[1]
    paid_amount = Cell(Money(total.amount_matched, total.currency), formula=formula)
    return (Cell(total.currency), Cell(total.orders), Cell(total.charges), orders, paid_amount, open_)


def _elsewhere(matched: Placed, total: CurrencyTotals) -> tuple[int, int] | None:
    """How many orders, and how much, count as matched without a row; None where the sheet holds all of them.

    Such are orders whose break a person has closed or whose rule is switched off, and, where several charges pay
    one order, what the tolerance allows between them.
    """
    mine = matched.frame[matched.frame[c.CURRENCY] == total.currency]
    orders = total.matched_orders - _orders(mine)
    amount = total.amount_matched - _amount(mine[c.ORDER_AMOUNT])
    if orders == 0 and (mine[PAYMENT] == 1).all():
        _ties(f"amount matched in {total.currency}", -amount, 0)
    return (orders, amount) if orders or amount else None


def _orders(matched: pd.DataFrame) -> int:
    return int((matched[PAYMENT] == 1).sum())


def _amount(amounts: "pd.Series[int]") -> int:
    return sum(amounts.dropna().tolist())


def _breaks(report: Report, placed: Mapping[str, Placed], row: int) -> Iterator[Line]:
    breaks = placed[BREAKS.name]
    meanings = {entry.code: entry.meaning for entry in report.catalogue}
    yield _section("Breaks by code")
    if breaks.frame.empty:
        yield _nothing(BREAKS.empty)
        return
    yield _header(("Code", "Severity", "Currency", "Breaks", "Amount at risk", "What it means"), last=3)
    number = row + 2
    keys = [c.SEVERITY, c.CODE, c.CURRENCY]
    # The frame is sorted, worst first; groups keep that order.
    for _, group in breaks.frame.groupby(keys, sort=False, dropna=False):
        severity, code, currency = group[keys].fillna("").iloc[0].tolist()
        here = f"$C{number}" if currency else '""'
        of = ((c.SEVERITY, f"$B{number}"), (c.CODE, f"$A{number}"), (c.CURRENCY, here))
        risk = _sum(report, breaks, group, c.AMOUNT_AT_RISK, currency, *of) if currency else Cell("")
        meaning = meanings.get(code, "")
        yield Line(
            (
                Cell(code, "link", link=_first(breaks, group.index.tolist()[0])),
                Cell(severity, severity_look(severity)),
                Cell(currency),
                Cell(len(group), formula=breaks.count(*of)),
                risk,
                Cell(meaning, "wrapped", span=3),
            ),
            height=_height(meaning, 64),
        )
        number += 1
    total = Cell(len(breaks.frame), "total count", formula=f"SUM(D{row + 2}:D{number - 1})")
    yield Line((Cell("All breaks", "total"), Cell("", "total"), Cell("", "total"), total, Cell("", "total", span=4)))


def _first(placed: Placed, index: int) -> str:
    tab = next(tab for tab in placed.tabs if tab.start <= index < tab.stop)
    return f"'{tab.title}'!A{index - tab.start + HEADER_ROWS + 1}"


def _ages(report: Report, placed: Mapping[str, Placed], row: int) -> Iterator[Line]:
    breaks = placed[BREAKS.name]
    if breaks.frame.empty:
        return
    yield _section("Age of the breaks, in days")
    names = [f"{first} to {last}" if last is not None else f"over {first - 1}" for first, last in AGES]
    yield _header(("", "Currency", *names, "All"))
    counts = [Cell(len(_aged(breaks.frame, age)), formula=breaks.count(*_between(age))) for age in AGES]
    sum_of = f"SUM(C{row + 2}:{letter(len(AGES) + 1)}{row + 2})"
    yield Line((Cell("Breaks", "label"), Cell(""), *counts, Cell(len(breaks.frame), formula=sum_of)))
    for number, currency in enumerate(sorted(breaks.frame[c.CURRENCY].dropna().unique()), start=row + 3):
        frame = breaks.frame[breaks.frame[c.CURRENCY] == currency]
        of = (c.CURRENCY, f"$B{number}")
        cells = [
            _sum(report, breaks, _aged(frame, age), c.AMOUNT_AT_RISK, currency, of, *_between(age)) for age in AGES
        ]
        every = _sum(report, breaks, frame, c.AMOUNT_AT_RISK, currency, of)
        yield Line((Cell("Amount at risk", "label"), Cell(currency), *cells, every))


def _between(age: tuple[int, int | None]) -> list[Criterion]:
    first, last = age
    upper = [] if last is None else [(c.AGE_DAYS, f'"<={last}"')]
    return [(c.AGE_DAYS, f'">={first}"'), *upper]


def _aged(frame: pd.DataFrame, age: tuple[int, int | None]) -> pd.DataFrame:
    first, last = age
    return frame[frame[c.AGE_DAYS].between(first, last if last is not None else frame[c.AGE_DAYS].max())]


def _proofs(report: Report, _: Mapping[str, Placed], row: int) -> Iterator[Line]:
    yield _section("Proofs: left and right must agree, or the difference must be explained")
    if not report.result.proofs:
        yield _nothing("No proofs were made for this range.")
        return
    yield _header(("Proof", "Currency", "Left", "Right", "Difference", "Explained", "Unexplained", "Verdict"))
    for number, proof in enumerate(report.result.proofs, start=row + 2):
        yield _proof(report, proof, number)


def _proof(report: Report, proof: Proof, row: int) -> Line:
    def money(amount: int, formula: str = "") -> Cell:
        return Cell(Money(amount, proof.currency), formula=formula if exact else "")

    amounts = (proof.left, proof.right, proof.difference, proof.explained, proof.unexplained)
    exact = all(report.is_number(Money(amount, proof.currency)) for amount in amounts)
    good = proof.unexplained == 0
    decimals = _decimals(report, proof.currency)
    name = (proof.name[:1].upper() + proof.name[1:]).replace("_", " ")
    return Line(
        (
            Cell(name, "wrapped"),
            Cell(proof.currency),
            money(proof.left),
            money(proof.right),
            money(proof.difference, f"ROUND(D{row}-C{row},{decimals})"),
            money(proof.explained),
            money(proof.unexplained, f"ROUND(E{row}-F{row},{decimals})"),
            Cell("ties out" if good else "DOES NOT TIE", "verdict good" if good else "verdict bad"),
        ),
        height=_height(name, 34),
    )


def _notes(report: Report, _: Mapping[str, Placed], __: int) -> Iterator[Line]:
    notes = {reason: count for reason, count in report.result.notes.items() if count}
    if notes:
        yield _section("Counted, not judged")
        for reason, count in sorted(notes.items()):
            yield Line((Cell(reason, "label", span=3), Cell(count)))


def _inputs(report: Report, _: Mapping[str, Placed], __: int) -> Iterator[Line]:
    yield _section("Files that were read")
    if not report.result.inputs:
        yield _nothing("No files.")
        return
    yield Line((Cell("Source and file", "header", span=3), Cell("Rows", "header"), Cell("SHA-256", "header", span=4)))
    for file in sorted(report.result.inputs, key=lambda file: (file.source, file.name, file.sha256)):
        name = f"{file.source}: {file.name}"
        yield Line(
            (Cell(name, "wrapped", span=3), Cell(file.rows), Cell(file.sha256, "hash", span=4)),
            height=_height(name, 64),
        )


def _sign_off(_: Report, __: Mapping[str, Placed], ___: int) -> Iterator[Line]:
    yield _section("Sign-off (the reviewer is not the preparer)")
    for name in ("Prepared by", "Reviewed by"):
        boxes = (Cell(name, "box label"), Cell("", "box", span=3), Cell("Date", "box label"), Cell("", "box", span=3))
        yield Line(boxes, 30)


def _section(text: str) -> Line:
    return Line((Cell(text, "section", span=8),), 20)


def _header(titles: tuple[str, ...], last: int = 1) -> Line:
    """`last`: over how many columns the last title goes."""
    *front, end = titles
    height = 30 if max(map(len, titles)) > 18 else 18
    return Line((*(Cell(title, "header") for title in front), Cell(end, "header", span=last)), height)


def _height(text: str, width: int) -> float:
    """Points for a text that wraps at so many characters: merged cells do not grow by themselves."""
    return 14.0 * max(1, -(-len(text) // width))


def _nothing(text: str) -> Line:
    return Line((Cell(text, "text", span=8),))


def _decimals(report: Report, currency: str) -> int:
    try:
        return report.currencies.exponent(currency)
    except UnknownCurrency:
        return 0


def _sum(report: Report, placed: Placed, frame: pd.DataFrame, name: str, currency: str, *criteria: Criterion) -> Cell:
    """A SUMIFS with its value; the value alone where a cell under it, or itself, is too large for a number."""
    money = Money(_amount(frame[name]), currency)
    largest = Money(int(frame[name].abs().max()) if frame[name].notna().any() else 0, currency)
    exact = report.is_number(money) and report.is_number(largest)
    formula = placed.total(name, report.currencies.exponent(currency), *criteria) if exact else ""
    return Cell(money, formula=formula)


def _ties(what: str, found: int, stated: int) -> None:
    assert found == stated, f"{what}: the sheets come to {found}, the result says {stated}; nothing is written"


SHEET = Page(order=10, name="Summary", widths=WIDTHS, lines=_lines)
