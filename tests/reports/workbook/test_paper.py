"""A header that is repeated on paper stands over rows of its own table alone."""

import pytest

from reports.workbook.paper import repeated_header

WIDTHS = [20] * 8


@pytest.mark.parametrize(
    ("rows", "below", "repeats", "break_after"),
    [
        (5_000, [], True, 0),  # no other table: on every sheet of paper
        (5_000, [0], True, 0),  # one that says in words that it is empty
        (5, [5], True, 0),  # all on one sheet of paper
        (5_000, [5], True, 4_997),  # the last rows go to the next sheet of paper, with the table below them
        (5_000, [500], False, 0),  # the table below would go on under a header that is not its own
    ],
)
def test_a_header_is_repeated_only_over_its_own_rows(
    rows: int, below: list[int], repeats: bool, break_after: int
) -> None:
    assert repeated_header(WIDTHS, 14.5, rows, below) == (repeats, break_after)
