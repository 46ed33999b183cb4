"""Breaks of rows that could not be read: where they stand, and of which order they are."""

from dataclasses import replace

from recon import columns as c
from recon.rules import find_breaks
from tests.kit.books import Job, Row, books, build

ROW: Row = {
    "account": "th",
    "source": "shop",
    "file": "kl.xlsx",
    "row": 44,
    "column": "Amount",
    "reason": 'amount "1B0.00" is not a number like 1234.50 or 1,234.50',
    "digest": "d1",
}


def explanations(*rows: Row) -> list[str]:
    job = Job()
    known = replace(books([], []), rejected=build(c.REJECTED, rows))
    return [found.explanation for found in find_breaks(job.judge_books(known), job.context)]


def test_a_row_that_could_not_be_read_tells_its_order_where_that_is_known() -> None:
    where = "kl.xlsx, row 44, column Amount (source shop"
    assert explanations(ROW, {**ROW, "digest": "d2", "order_id": "KL-1034"}) == [
        f"{where}): {ROW['reason']}",
        f"{where}, order KL-1034): {ROW['reason']}",
    ]
