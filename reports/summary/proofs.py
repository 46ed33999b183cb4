"""The proofs: both sides, the difference, how much of it is explained, and whether it ties out."""

from collections.abc import Iterator

from recon.model import Proof
from recon.money import Money
from reports.report import Basis, Report
from reports.sheet import Cell, Line
from reports.sheets.balance_proof import SHEET as BALANCE
from reports.sheets.balance_proof import in_words, proof_title
from reports.summary.parts import PlacedSheets, empty_block, header, height, section

HEADER = ("Proof", "Currency", "Left", "Right", "Difference", "Explained", "Unexplained", "Verdict")


def proofs(report: Report, placed: PlacedSheets, row: int) -> Iterator[Line]:
    """One row per proof, its items below it."""
    yield section("Proofs: left and right must agree, or the difference must be explained")
    if not report.result.proofs:
        yield empty_block("No proofs were made for this range.")
        return
    yield header(HEADER)
    number = row + 2
    for proof in report.result.proofs:
        items = [*_item_lines(proof, placed[BALANCE.name].link())]
        explained = (
            f"ROUND(SUM(F{number + 1}:F{number + len(items)}),{report.basis.currencies.decimals(proof.currency)})"
        )
        yield proof_line(report.basis, proof_title(proof.name), proof, number, explained if items else "")
        yield from items
        number += 1 + len(items)


def _item_lines(proof: Proof, where: str) -> Iterator[Line]:
    """Below its proof one line an item, and what no item explains; their rows stand on the Balance proof sheet."""
    for item in proof.items:
        words, is_open = in_words(item.what)
        why = f"Open break: {words}" if is_open else words[:1].upper() + words[1:]
        words = f"{why} ({item.count:,} {'row' if item.count == 1 else 'rows'})"
        cells = (Cell("", "label"), Cell(words, "link", span=4, link=where), Cell(Money(item.amount, proof.currency)))
        yield Line((*cells, Cell("", span=2)), height(words, 1, 5))


def proof_line(basis: Basis, name: str, proof: Proof, row: int, explained: str = "") -> Line:
    """A proof under a name of one's own, in a row of the page; `explained` is the sum of its items below it."""

    def money(amount: int, formula: str = "") -> Cell:
        return Cell(Money(amount, proof.currency), formula=formula if exact else "")

    of_items = (item.amount for item in proof.items)
    amounts = (proof.left, proof.right, proof.difference, proof.explained, proof.unexplained, *of_items)
    exact = all(basis.is_number(Money(amount, proof.currency)) for amount in amounts)
    good = proof.unexplained == 0
    decimals = basis.currencies.decimals(proof.currency)
    return Line(
        (
            Cell(name, "wrapped"),
            Cell(proof.currency),
            money(proof.left),
            money(proof.right),
            money(proof.difference, f"ROUND(D{row}-C{row},{decimals})"),
            money(proof.explained, explained),
            money(proof.unexplained, f"ROUND(E{row}-F{row},{decimals})"),
            Cell("ties out" if good else "DOES NOT TIE", "verdict good" if good else "verdict bad"),
        ),
        height(name, 0, 1),
    )
