"""The kinds of numpy arrays that stand beside frames: masks, exact integers, positions of rows."""

from typing import TypeAlias

from recon.columnar import np, npt

Mask: TypeAlias = "npt.NDArray[np.bool_]"  # per row whether
Ints: TypeAlias = "npt.NDArray[np.int64]"  # per row how much: minor units, seconds, counts
Positions: TypeAlias = "npt.NDArray[np.intp]"  # rows by their places
