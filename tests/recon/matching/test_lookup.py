"""Finding ids in a column of ids, account by account: a plain loop over all pairs says what is right."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from recon import columns as c
from recon.matching.passes import Names, lookup

Rows = list[tuple[str | None, int]]

_IDS = st.one_of(st.none(), st.sampled_from(["A-1", "a-1", "", "B", "C", "D", "E"]))


def _names(rows: Rows) -> Names:
    return Names(pd.Series([id_ for id_, _ in rows], dtype=c.TEXT), np.array([at for _, at in rows], dtype=np.intp))


def _only_equal(known: Rows, wanted: tuple[str | None, int]) -> int:
    places = [place for place, row in enumerate(known) if row == wanted and wanted[0] is not None and wanted[1] >= 0]
    return places[0] if len(places) == 1 else -1


@given(
    st.lists(st.tuples(_IDS, st.integers(0, 2)), max_size=12),
    st.lists(st.tuples(_IDS, st.integers(-1, 2)), max_size=12),
)
def test_each_id_finds_its_only_equal(known: Rows, wanted: Rows) -> None:
    found = lookup(_names(known), _names(wanted))
    assert found.tolist() == [_only_equal(known, row) for row in wanted]


@given(st.permutations(["A", "B", "C", "D"]), st.lists(_IDS, max_size=8))
def test_where_no_id_stands_twice(known: list[str], wanted: list[str | None]) -> None:
    rows: Rows = [(id_, 0) for id_ in known]
    sought: Rows = [(id_, 0) for id_ in wanted]
    assert lookup(_names(rows), _names(sought)).tolist() == [_only_equal(rows, row) for row in sought]
