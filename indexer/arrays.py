"""The array types that the whole project shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
ShortArray = npt.NDArray[np.int16]
ByteArray = npt.NDArray[np.int8]
# Numbers of passages as they are kept on disk.
Int32Array = npt.NDArray[np.int32]
# Unsigned and as wide as the numbers in it need.
UnsignedArray = npt.NDArray[np.unsignedinteger[Any]]
# Records with named fields.
RecordArray = npt.NDArray[np.void]
