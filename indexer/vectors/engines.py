"""Which search for nearest neighbours a generation has: chosen when it is built, named by its manifest afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from indexer.vectors.ann import AnnNeighbours
from indexer.vectors.nearest import ExactNeighbours, NearestNeighbours, SearchKind
from indexer.vectors.stored_rows import StoredRows


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchLimits:
    """When rows are too many for a kind of search; an index that is opened has the defaults.

    Attributes:
        max_exact: with more rows, candidates are found by 2 bits a number; a filter of more rows likewise.
        max_compact: with more rows, clusters are tried first.
        min_recall: which share of the ten nearest rows must be found, or a costlier kind is taken.
    """

    max_exact: int = 5_000
    max_compact: int = 100_000
    min_recall: float = 0.99


DEFAULT_LIMITS = SearchLimits()


def build_neighbours(stored: StoredRows, limits: SearchLimits = DEFAULT_LIMITS) -> NearestNeighbours:
    """The cheapest search that finds enough."""
    count = len(stored)
    if count > limits.max_exact:
        clusters = int(2 * count**0.5)
        for number in (1, clusters) if count <= limits.max_compact else (clusters, 1):
            nearest = AnnNeighbours.build(stored, clusters=number, max_exact=limits.max_exact)
            if nearest.tune_nprobe(limits.min_recall):
                return nearest
    return ExactNeighbours(stored)


def open_neighbours(
    stored: StoredRows, path: Path, kind: SearchKind, limits: SearchLimits = DEFAULT_LIMITS
) -> NearestNeighbours:
    """The search that was built over these rows.

    Args:
        stored: all rows.
        path: of what `NearestNeighbours.to_bytes` gave, its hash verified; not there if it gave nothing.
        kind: that was built.
        limits: `max_exact` is that of a filter here.

    Raises:
        IndexDamagedError: the file is no index of these rows.
    """
    if kind is SearchKind.EXACT:
        return ExactNeighbours(stored)
    return AnnNeighbours.open(stored, path, max_exact=limits.max_exact)
