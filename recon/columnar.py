"""numpy, pandas and pyarrow, each loaded when something of it is first used: what only lists does without them.

A module that takes them from here says `from __future__ import annotations`, or its annotations load them at once.
"""

import gc
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__all__ = ["arrow_csv", "empty_frame", "np", "npt", "pa", "parquet", "pc", "pd"]


class _Later(ModuleType):
    """A library by its name, until something of it is asked for; what was asked for once is kept."""

    def __getattr__(self, name: str) -> Any:
        """What the library has by a name."""
        is_collecting = gc.isenabled()
        gc.disable()  # while it imports nothing is garbage, and looking for it takes a tenth of the time
        try:
            attribute = getattr(import_module(self.__name__), name)
        finally:
            if is_collecting:
                gc.enable()
        setattr(self, name, attribute)
        return attribute


if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as arrow_csv
    import pyarrow.parquet as parquet
else:
    np = _Later("numpy")
    npt = _Later("numpy.typing")
    pd = _Later("pandas")
    pa = _Later("pyarrow")
    pc = _Later("pyarrow.compute")
    arrow_csv = _Later("pyarrow.csv")
    parquet = _Later("pyarrow.parquet")


def empty_frame() -> "pd.DataFrame":
    """A frame without columns and rows, where nothing was given."""
    return pd.DataFrame()
