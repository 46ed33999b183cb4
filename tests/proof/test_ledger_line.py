"""The settlement of many ranges from their rows and the line: as from the whole ledger."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.ledgers import ACTS
from tests.recon.settlement.test_fifo import any_range

pytestmark = pytest.mark.proof


@settings(max_examples=400)
@given(ACTS, st.data())
def test_any_range_of_any_merchant(acts: list[tuple[str, int, int]], data: st.DataObject) -> None:
    any_range(acts, data)
