"""A header that is repeated on paper stands over rows of its own table alone."""

from itertools import pairwise

import pytest

from reports.sheet import Cell, Line
from reports.workbook.paper import new_sheets, page_breaks, repeated_header

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


@pytest.mark.parametrize(
    ("rows", "below", "begin"),
    [
        (10, [3, 3], []),  # all on one sheet of paper
        (27, [3, 3], [0]),  # there is room for the title alone
        (2, [3, 500, 3], [2]),  # a long one begins where there is room for more than its title
        (10, [10, 500, 3], [1, 2]),
        (5_000, [1, 1], [0]),  # nobody knows where so many rows end on paper
    ],
)
def test_a_table_below_another_does_not_begin_with_its_title_alone(
    rows: int, below: list[int], begin: list[int]
) -> None:
    assert new_sheets(WIDTHS, 14.5, rows, below) == begin


def _page(*parts: int, high: float = 15.0) -> list[Line]:
    """Parts of so many rows, each under a title and a header, a gap after it."""
    lines: list[Line] = []
    for rows in parts:
        lines += [Line((Cell("Title", "section"),), 21, starts=True), Line((Cell("Head", "header"),), 18)]
        lines += [Line((Cell("row"),), high) for _ in range(rows)]
        lines.append(Line(height=10))
    return lines


@pytest.mark.parametrize("parts", [(9, 24, 21, 10), (30, 30, 1), (40, 2, 40), (20, 9, 3, 60), (5, 28, 28, 28)])
def test_every_sheet_of_paper_is_filled_by_ours_and_no_title_ends_one(parts: tuple[int, ...]) -> None:
    lines = _page(*parts)
    breaks = [0, *page_breaks(WIDTHS, lines), len(lines)]
    room = 494.5 * 870.0 / 784.3  # points of paper below each other, where so wide a page is made to fit its width
    for start, stop in pairwise(breaks):
        assert sum(line.height for line in lines[start:stop]) <= room, "a program would tear it by itself"
        last = lines[stop - 1].cells
        assert not last or last[0].style not in ("section", "header")


def test_the_last_rows_of_a_torn_part_go_together() -> None:
    lines = _page(9, 25)
    [cut] = page_breaks(WIDTHS, lines)
    assert len(lines) - 1 - cut >= 3
