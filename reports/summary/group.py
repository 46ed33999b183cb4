"""The Summary over all accounts of a run: by account with links to their files, by region and currency, proofs."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

from recon import columns as c
from recon.model import CurrencyTotals
from recon.money import Money
from recon.result.changes import open_breaks
from reports.report import Group, Report
from reports.sheet import EMPTY, Cell, Line, Page, PlacedSheet
from reports.sheets.balance_proof import proof_title
from reports.sheets.breaks import SHEET as BREAKS
from reports.summary.arriving import group_calendar
from reports.summary.closing import decisions, sign_off
from reports.summary.group_money import group_money
from reports.summary.identity import beside_signed, headline
from reports.summary.open_breaks import by_age, by_cause, by_exposure, by_owner, over_open_breaks
from reports.summary.parts import (
    COLUMNS,
    WIDTHS,
    PlacedSheets,
    empty_block,
    header,
    height,
    page_lines,
    rate_cell,
    section,
    total_of_counts,
)
from reports.summary.proofs import HEADER, proof_line
from reports.summary.trust import group_trust
from reports.workbook.styles import severity_style

_UNKNOWN = "no known account"


def _title(group: Group, placed: PlacedSheets, _: int) -> Iterator[Line]:
    first, last = group.days
    results = [part.result for part in group.parts]
    subtitle = f"All accounts  ·  {first.isoformat()} to {last.isoformat()}"
    proofs = [proof for result in results for proof in result.proofs]
    yield from headline(subtitle, all(result.complete for result in results), placed[BREAKS.name].frame, proofs)


def _identity(group: Group, _: PlacedSheets, __: int) -> Iterator[Line]:
    yield section("What this page covers")
    zones = group.zone.key if group.shares_zone else "each account's zone"
    pairs = (
        ("Accounts", len(group.parts), "As of", group.as_of_day),
        ("Times are in", zones, "Software", f"omise-recon {group.basis.software_version}"),
    )
    for name, value, other, right in pairs:
        yield Line((Cell(name, "label"), Cell(value, "left", span=2), Cell(other, "label"), Cell(right, span=4)))
    yield Line((Cell("Results (SHA-256)", "label"), Cell(group.digest, "hash", span=COLUMNS - 1)))


def _accounts(group: Group, placed: PlacedSheets, row: int) -> Iterator[Line]:
    yield section("By account (each name opens the account's own workbook, kept beside this one)")
    yield header(
        ("Account and days", "Region", "Orders", "Expect a charge", "Matched", "Match rate", "Breaks", "State")
    )
    breaks = placed[BREAKS.name]
    for number, (part, file) in enumerate(zip(group.parts, group.files, strict=True), start=row + 2):
        result = part.result
        name = f"{part.name}  {part.days[0].isoformat()} to {part.days[1].isoformat()}"
        rate = Cell(result.match_rate_words)
        if result.match_rate is not None:
            rate = rate_cell(result.matched_orders, result.expecting_orders, f"E{number}", f"D{number}")
        counts = (Cell(result.orders), Cell(result.expecting_orders), Cell(result.matched_orders))
        break_count = _break_count(part, breaks)
        state = _state(part)
        style = "verdict good" if state == "complete" else "verdict bad"
        yield Line(
            (
                Cell(name, "link", file=file),
                Cell(result.account.region),
                *counts,
                rate,
                break_count,
                Cell(state, style),
            ),
            height(name, 0, 1),
        )
    for part in group.parts:
        nameless = int(open_breaks(part.result.breaks)[c.ACCOUNT].isna().sum())
        if nameless:
            words = f"of these in the file of {part.name}, for rows that name no known account (they have no region)"
            yield Line(
                (
                    Cell(words, "label", span=6),
                    Cell(nameless, formula=breaks.area.count((c.ACCOUNT, EMPTY))),
                    Cell("", "label"),
                )
            )


def _break_count(part: Report, breaks: PlacedSheet) -> Cell:
    """How many breaks an account's own file has: rows that name no known account stand and count in one of them."""
    shown = open_breaks(part.result.breaks)
    formula = breaks.area.count((c.ACCOUNT, f'"{part.name}"'))
    if shown[c.ACCOUNT].isna().any():
        formula += "+" + breaks.area.count((c.ACCOUNT, EMPTY))
    return Cell(len(shown), formula=formula)


def _state(part: Report) -> str:
    if not part.result.complete:
        return "NOT COMPLETE"
    failing = sum(proof.unexplained != 0 for proof in part.result.proofs)
    return "1 proof does not tie" if failing == 1 else f"{failing} proofs do not tie" if failing else "complete"


def _regions(group: Group, _: PlacedSheets, __: int) -> Iterator[Line]:
    """Totals per region and currency."""
    yield section("By region and currency (currencies are never added together)")
    yield header(("Region", "Currency", "Orders", "Charges", "Matched orders", "Amount matched"))
    totals: dict[tuple[str, str], list[CurrencyTotals]] = {}
    for part in group.parts:
        for total in part.result.currencies:
            totals.setdefault((part.result.account.region, total.currency), []).append(total)
    for (region, currency), parts in sorted(totals.items()):
        matched = Cell(Money(sum(total.amount_matched for total in parts), currency))
        counts = (
            sum(total.orders for total in parts),
            sum(total.charges for total in parts),
            sum(total.matched_orders for total in parts),
        )
        yield Line((Cell(region), Cell(currency), *(Cell(count) for count in counts), matched))


def _proofs(group: Group, _: PlacedSheets, row: int) -> Iterator[Line]:
    proofs = [(part.name, proof) for part in group.parts for proof in part.result.proofs]
    if not proofs:
        return
    yield section("Proofs by account: left and right must agree, or the difference must be explained")
    yield header(HEADER)
    for number, (name, proof) in enumerate(proofs, start=row + 2):
        yield proof_line(group.basis, f"{name}: {proof_title(proof.name)}", proof, number)


def _codes(_: Group, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """One row per code, worst first: how many, and in which accounts."""
    breaks = placed[BREAKS.name]
    yield section("Breaks by kind")
    if breaks.frame.empty:
        yield empty_block(breaks.empty)
        return
    yield header(("Break", "Severity", "Breaks", "In the accounts", "Code"), last=4)
    number = row + 2
    names = (c.SEVERITY, c.CODE, c.TITLE, c.ACCOUNT)
    groups: dict[tuple[str, str], list[tuple[int, str, str]]] = {}  # of each break its row, title and account
    for index, (severity, code, title, account) in enumerate(c.plain_rows(breaks.frame, names)):
        groups.setdefault((severity, code), []).append((index, title, account or _UNKNOWN))
    for (severity, code), rows in groups.items():
        by_account = Counter(account for _, _, account in rows)
        accounts = ", ".join(f"{name} {count}" for name, count in sorted(by_account.items()))
        first, title = rows[0][:2]
        yield Line(
            (
                Cell(title, "link", link=breaks.link(first)),
                Cell(severity, severity_style(severity)),
                Cell(len(rows), formula=breaks.area.count((c.SEVERITY, f"$B{number}"), (c.CODE, f"$E{number}"))),
                Cell(accounts, "wrapped"),
                Cell(code, span=4),
            ),
            height(accounts, 3, 4),
        )
        number += 1
    yield total_of_counts("All breaks", len(breaks.frame), 2, row + 2, number - 1)


_BLOCKS = (
    _title,
    beside_signed,
    group_money,
    group_calendar,
    group_trust,
    _identity,
    _accounts,
    _regions,
    partial(over_open_breaks, (by_exposure, by_owner, by_age, by_cause)),
    _codes,
    _proofs,
    decisions,
    sign_off,
)
PAGE = Page(order=10, name="Summary", widths=WIDTHS, lines=partial(page_lines, _BLOCKS))
