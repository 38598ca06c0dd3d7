"""The best of many scores, against a full sort."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from indexer.vectors.top_k import highest


@given(hnp.arrays(np.float32, st.integers(0, 40), elements=st.sampled_from([-1.0, 0.0, 0.5, 1.0])), st.integers(0, 45))
def test_the_highest_are_the_first_of_a_stable_sort(scores: npt.NDArray[np.float32], count: int) -> None:
    expected = sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:count]
    assert highest(scores, count).tolist() == expected
