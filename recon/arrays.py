"""The kinds of numpy arrays that stand beside frames: masks, exact integers, positions of rows."""

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]  # per row whether
Ints = npt.NDArray[np.int64]  # per row how much: minor units, seconds, counts
Positions = npt.NDArray[np.intp]  # rows by their places
