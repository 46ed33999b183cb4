"""Memory of a run over a million rows: one heap, given back between its stages, and no search for cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from recon.columnar import pa


@contextmanager
def at_work() -> Iterator[None]:
    """For a stage that makes many values: a hundred thousand frozen ones hold no cycles, and looking for them takes a
    fifth of the time.

    Arrow takes from the heap of numpy and SQLite: its own allocator keeps what these then take anew.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    was_on = gc.isenabled()
    gc.disable()
    give_back()  # what the stage before it made, and nobody holds any more
    try:
        yield
    finally:
        if was_on:
            gc.enable()
        give_back()


def give_back() -> None:
    """Return to the system what nobody holds any more of that heap, where its allocator can."""
    pa.system_memory_pool().release_unused()
