"""What follows from whole columns, where nulls and copies matter."""

import numpy as np
import pandas as pd

from recon import columns as c


def test_words_are_the_same_and_null_is_the_same_as_nothing() -> None:
    """A currency that is not there agrees with none, not even with another one that is not there."""
    left = pd.Series(["THB", "THB", None, None], dtype=c.TEXT)
    right = pd.Series(["THB", "SGD", "THB", None], dtype=c.TEXT)
    assert c.same_words(left, right).tolist() == [True, False, False, False]


def test_rows_that_lie_together_are_not_copied() -> None:
    """An account's part of a million rows costs nothing; scattered rows and none are the mask's, counted from 0."""
    frame = pd.DataFrame({c.ACCOUNT: pd.Series(["a", "b", "b", "c"], dtype=c.TEXT), c.AMOUNT: [1, 2, 3, 4]})
    for mask in ([False, True, True, False], [True, False, False, True], [False] * 4, [True] * 4):
        expected = frame[np.array(mask)].reset_index(drop=True)
        pd.testing.assert_frame_equal(c.rows_under(frame, np.array(mask)), expected)
    together = c.rows_under(frame, np.array([False, True, True, False]))
    assert np.shares_memory(together[c.AMOUNT].to_numpy(), frame[c.AMOUNT].to_numpy())


def test_portions_are_exact_beyond_64_bits() -> None:
    whole = 9 * 10**12 - 1
    upto = np.array([1, 10**12, 3 * 10**12, whole], dtype=np.int64)
    expected = [0, 10**12 - 1, 3 * 10**12 - 1, whole - 2]
    assert c.portion(np.full(4, whole - 2), upto, np.full(4, whole)).tolist() == expected
    small = c.portion(np.array([365, 365]), np.array([3_333, 10_000]), np.array([10_000, 10_000]))
    assert small.tolist() == [121, 365]
