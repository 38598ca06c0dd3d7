"""faiss, told to sleep while its threads wait: the one place that imports it."""

from __future__ import annotations

import os
from typing import Any

# Threads that spin keep the core from whoever they wait for. Beside a busy process on two cores, learning the codes of
# 3,000 rows took 45 s; asleep it takes .4 s. OpenMP reads this when it is loaded, torch's own in the same process too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import faiss as _faiss

# What its stubs say about parameters and selectors is not what it does.
faiss: Any = _faiss
