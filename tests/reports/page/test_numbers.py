"""Whole numbers of addresses and forms: digits alone, however many there are."""

import pytest

from reports.page.numbers import whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("7", 7), ("007", 7), ("", None), ("-1", None), ("1.0", None), ("x", None), ("٣", None), (" 1", None)],
)
def test_digits_are_a_number_and_nothing_else_is(text: str, number: int | None) -> None:
    assert whole_number(text) == number


def test_a_number_beyond_all_columns_is_cut_and_one_beyond_a_bound_is_the_bound() -> None:
    assert whole_number("9" * 5_000) == 10**18 - 1
    assert whole_number("9" * 5_000, 1_000) == 1_000
