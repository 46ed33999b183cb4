"""The proofs: both sides, the difference, how much of it is explained, and whether it ties out."""

from collections.abc import Iterator

from recon.model import Proof
from recon.money import Money
from reports.report import Basis, Report
from reports.sheet import Cell, Line
from reports.summary.parts import PlacedSheets, empty_block, header, height, section

HEADER = ("Proof", "Currency", "Left", "Right", "Difference", "Explained", "Unexplained", "Verdict")


def proofs(report: Report, _: PlacedSheets, row: int) -> Iterator[Line]:
    """One row per proof."""
    yield section("Proofs: left and right must agree, or the difference must be explained")
    if not report.result.proofs:
        yield empty_block("No proofs were made for this range.")
        return
    yield header(HEADER)
    for number, proof in enumerate(report.result.proofs, start=row + 2):
        yield proof_line(report.basis, proof_title(proof.name), proof, number)


def proof_title(name: str) -> str:
    """A proof's name as people read it."""
    return (name[:1].upper() + name[1:]).replace("_", " ")


def proof_line(basis: Basis, name: str, proof: Proof, row: int) -> Line:
    """A proof under a name of one's own, in a row of the page."""

    def money(amount: int, formula: str = "") -> Cell:
        return Cell(Money(amount, proof.currency), formula=formula if exact else "")

    amounts = (proof.left, proof.right, proof.difference, proof.explained, proof.unexplained)
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
            money(proof.explained),
            money(proof.unexplained, f"ROUND(E{row}-F{row},{decimals})"),
            Cell("ties out" if good else "DOES NOT TIE", "verdict good" if good else "verdict bad"),
        ),
        height(name, 0, 1),
    )
