"""While many values are made there is no search for cycles, and one heap."""

import gc

import pyarrow as pa

from recon.memory import at_work


def test_no_search_for_cycles_while_values_are_made() -> None:
    """And it is on again afterwards; one that was off stays off."""
    with at_work():
        assert not gc.isenabled()
        assert pa.default_memory_pool().backend_name == "system"
    assert gc.isenabled()
    gc.disable()
    try:
        with at_work():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
