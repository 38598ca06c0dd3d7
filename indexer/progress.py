"""How far a long piece of work is."""

from __future__ import annotations

from collections.abc import Callable

# Called with (done so far, to do in all).
Progress = Callable[[int, int], None]
