"""How much a proof does: enough for every change by default, far more where `FAQ_PROOF` is set (`make proof`)."""

from __future__ import annotations

import os


def effort(ci: int, proof: int) -> int:
    """The first figure, or the second where `FAQ_PROOF` is set."""
    return proof if os.environ.get("FAQ_PROOF") else ci
