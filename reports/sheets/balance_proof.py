"""The Balance proof sheet: opening + credits - debits = closing by day, what Omise said, and why proofs differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from recon import columns as c
from recon.columnar import pd
from recon.model import Proof
from recon.rules import RULE_OF
from reports.report import Report
from reports.sheet import Block, Column, Grouping, Kind, Sheet, in_shape
from reports.totals import Totals

ROWS_SHOWN = 200  # of one item; of more it says how many
NOT_EXPLAINED = "NOT EXPLAINED by anything"
OPEN_BREAK = "open break "


def proof_title(name: str) -> str:
    """A proof's name as people read it."""
    return (name[:1].upper() + name[1:]).replace("_", " ")


def in_words(what: str) -> tuple[str, bool]:
    """Why two totals differ, as people read it: a break by its title, and whether it is one that is open."""
    rest = what.removeprefix(OPEN_BREAK)
    code = rest.split(",")[0].split(" ")[0]
    return (RULE_OF[code].title + rest.removeprefix(code), rest != what) if code in RULE_OF else (what, False)


def proof_lines(report: Report) -> pd.DataFrame:
    """Why the sides of each proof differ (shaped PROOF_LINES): each item and the rest, then their rows."""
    lines = [line for proof in report.result.proofs for line in _lines(proof)]
    return c.PROOF_LINES.from_rows(lines)


def _lines(proof: Proof) -> Iterator[tuple[Any, ...]]:
    items = [(item.what, item.amount, item.rows) for item in proof.items]
    if proof.rest:
        items.append((NOT_EXPLAINED, proof.unexplained, proof.rest))
    for item, amount, rows in items:
        words, is_open = in_words(item)
        what = f"open break: {words}" if is_open else words
        head = (proof_title(proof.name), proof.currency, what, len(rows), amount)
        if len(rows) == 1:
            yield (*head, *rows[0])
            continue
        shown = rows if len(rows) <= ROWS_SHOWN else rows[:ROWS_SHOWN]
        more = f" of which the first {ROWS_SHOWN}" if len(shown) < len(rows) else ""
        yield (*head, f"{len(rows):,} rows{more}", None)
        for row_id, part in shown:
            yield (proof_title(proof.name), proof.currency, what, None, None, row_id, part)


SHEET = Sheet(
    order=40,
    name="Balance proof",
    columns=(
        Column("Day", c.DAY, Kind.TEXT, 24),
        Column("Currency", c.CURRENCY, Kind.TEXT, 10),
        Column("Opening", c.OPENING, Kind.MONEY, 18, c.CURRENCY),
        Column("Credits", c.CREDITS, Kind.MONEY, 18, c.CURRENCY),
        Column("Debits", c.DEBITS, Kind.MONEY, 18, c.CURRENCY),
        Column("Closing", c.CLOSING, Kind.MONEY, 36, c.CURRENCY),
        Column("Balance as Omise says", c.TOTAL, Kind.MONEY, 18, c.CURRENCY),
        Column("Difference", c.DIFFERENCE, Kind.MONEY, 16, c.CURRENCY),
        Column("Transferable", c.TRANSFERABLE, Kind.MONEY, 18, c.CURRENCY),
        Column("On hold", c.ON_HOLD, Kind.MONEY, 18, c.CURRENCY),
        Column("Reserve", c.RESERVE, Kind.MONEY, 16, c.CURRENCY),
    ),
    rows=lambda report: in_shape(report.result.settlement.days, c.BALANCE_DAYS),
    empty="No days.",
    printed=11,
    totals=Totals((c.CREDITS, c.DEBITS)),
    grouping=Grouping.EACH,
    below=(
        Block(
            "What moved the balance on the days of the range, without those since (unknown: not known here yet)",
            (
                Column("From", c.KIND, Kind.TEXT, 24),
                Column("Currency", c.CURRENCY, Kind.TEXT, 10),
                Column("Amount", c.AMOUNT, Kind.MONEY, 18, c.CURRENCY),
                Column("Direction", c.DIRECTION, Kind.TEXT, 18),
                Column("Movements", c.ROWS, Kind.COUNT, 18),
                Column("Omise's key", c.KEY, Kind.TEXT, 36),
            ),
            lambda report: in_shape(report.result.settlement.moves, c.MOVES),
            "No movements.",
            totals=Totals((c.AMOUNT,), (c.DIRECTION,)),
        ),
        Block(
            "Why the two sides of each proof differ (an item's rows add up to it, the items to the difference)",
            (
                Column("Proof", c.PROOF, Kind.WRAPPED, 24),
                Column("Currency", c.CURRENCY, Kind.TEXT, 10),
                Column("Amount", c.ITEM_AMOUNT, Kind.MONEY, 18, c.CURRENCY),
                Column("Rows", c.ROWS, Kind.COUNT, 18),
                Column("Amount of the row", c.AMOUNT, Kind.MONEY, 18, c.CURRENCY),
                Column("Row", c.ROW_IDS, Kind.TEXT, 36),
                Column("Why", c.ITEM, Kind.TEXT, 18, widened=4),
            ),
            proof_lines,
            "Both sides of every proof are equal, row by row.",
            totals=Totals((c.ITEM_AMOUNT,), (c.PROOF,)),
        ),
    ),
)
