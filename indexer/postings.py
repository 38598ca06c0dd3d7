"""One BM25 index: for each token, the passages that hold it, how often, and what that adds to their scores."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from indexer.files import write_array, write_file

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.unsignedinteger[Any]]

_K1, _B = 1.5, 0.75
# Tokens that are counted at a time, so that memory is for postings, not for every token of every text.
_BLOCK = 2_000_000
_VOCABULARY: Final = "vocabulary.json"
_ARRAYS: Final = ("bounds.npy", "passages.npy", "counts.npy", "norms.npy")
_LOW: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Postings:
    """Robertson's BM25 as Lucene computes it (k1 1.5, b 0.75): idf = ln(1 + (N - n + 0.5) / (n + 0.5)).

    What a token adds is computed when it is asked for: kept on disk, it would take most of the space.

    Attributes:
        vocabulary: the number of each token, in the order of the tokens.
        bounds: where in the arrays below the postings of each token begin, and where the last end; int64.
        passages: the passages that hold it, ascending for each token; unsigned, as wide as needed.
        counts: how often; unsigned, as wide as needed.
        norms: what the length of each passage adds to its counts, k1 (1 - b + b length / mean); float32.
    """

    vocabulary: dict[str, int]
    bounds: IntArray
    passages: Numbers
    counts: Numbers
    norms: FloatArray

    @classmethod
    def build(
        cls, texts: Iterable[tuple[int, Sequence[str]]], size: int, earlier: tuple[Postings, IntArray] | None = None
    ) -> Self:
        """Index texts.

        Args:
            texts: passage number and tokens of each text that is counted here.
            size: how many passages there are.
            earlier: postings of an earlier build, and for each of its passages the number that it has now, or -1;
                they stand for the other texts.
        """
        vocabulary: dict[str, int] = {}
        blocks: list[tuple[IntArray, npt.NDArray[Any]]] = []
        if earlier is not None:
            postings, now = earlier
            vocabulary |= postings.vocabulary
            passages = now[postings.passages]
            kept = passages >= 0
            ids = np.repeat(np.arange(len(vocabulary)), np.diff(postings.bounds))
            blocks.append((_pair(ids[kept], passages[kept]), postings.counts[kept]))
        numbers, lengths, tokens = array("i"), array("i"), array("i")
        for number, text in texts:
            tokens.extend([vocabulary.setdefault(token, len(vocabulary)) for token in text])
            numbers.append(number)
            lengths.append(len(text))
            if len(tokens) >= _BLOCK:
                blocks.append(_counted(numbers, lengths, tokens))
                numbers, lengths, tokens = array("i"), array("i"), array("i")
        blocks.append(_counted(numbers, lengths, tokens))
        return cls._of_counts(vocabulary, blocks, size)

    @classmethod
    def _of_counts(cls, known: dict[str, int], blocks: list[tuple[IntArray, npt.NDArray[Any]]], size: int) -> Self:
        """Put together what was counted: (token, passage) pairs and how often each occurs."""
        # Equal content gives equal files, whatever came first: tokens are in order, and none is without postings.
        held = np.zeros(len(known), dtype=np.bool_)
        for pairs, _ in blocks:
            held[pairs >> 32] = True
        vocabulary = {token: n for n, token in enumerate(sorted(t for t, number in known.items() if held[number]))}
        moved = np.array([vocabulary.get(token, -1) for token in known], dtype=np.int64)
        pairs = np.concatenate([_pair(moved[pairs >> 32], pairs & _LOW) for pairs, _ in blocks])
        counts = np.concatenate([counts for _, counts in blocks])
        order = np.argsort(pairs, kind="stable")  # which takes little time for a few runs that are sorted already
        pairs, counts = pairs[order], counts[order].astype(np.min_scalar_type(int(counts.max(initial=0))))
        holders = np.bincount(pairs >> 32, minlength=len(vocabulary))
        passages = (pairs & _LOW).astype(np.min_scalar_type(max(size - 1, 0)))
        lengths = np.bincount(passages, counts, minlength=size)
        norms = _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()) if size else 0.0, 1e-9))
        return cls(
            vocabulary=vocabulary,
            bounds=np.concatenate(([0], np.cumsum(holders))),
            passages=passages,
            counts=counts,
            norms=np.asarray(norms, dtype=np.float32),
        )

    def of(self, tokens: Iterable[str], most: int) -> tuple[Numbers, FloatArray]:
        """The postings of some tokens: passages, each as often as it holds one of them, and the values to add up.

        Args:
            tokens: known or not.
            most: so many postings, and those of the rarest token however many they are. Where there are more, the
                tokens that are left out stand in so many passages that they say little.
        """
        ids = [number for token in tokens if (number := self.vocabulary.get(token)) is not None]
        if not ids:
            return self.passages[:0], self.norms[:0]
        numbers = np.array(ids)
        starts, stops = self.bounds[numbers], self.bounds[numbers + 1]
        holders = stops - starts
        if holders.sum() > most:
            order = np.argsort(holders, kind="stable")
            order = order[: max(1, int(np.searchsorted(np.cumsum(holders[order]), most, side="right")))]
            starts, stops, holders = starts[order], stops[order], holders[order]
        spans = [slice(start, stop) for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]
        passages = np.concatenate([self.passages[span] for span in spans])
        counts = np.concatenate([self.counts[span] for span in spans]).astype(np.float32)
        idf = np.log1p((len(self.norms) - holders + 0.5) / (holders + 0.5)).astype(np.float32)
        return passages, np.repeat(idf, holders) * counts / (counts + self.norms[passages])

    def save(self, folder: Path) -> None:
        """Write into a new folder, synced to the disk."""
        folder.mkdir()
        write_file(folder / _VOCABULARY, json.dumps(list(self.vocabulary)).encode())
        arrays: tuple[npt.NDArray[Any], ...] = (self.bounds, self.passages, self.counts, self.norms)
        for name, content in zip(_ARRAYS, arrays, strict=True):
            write_array(folder / name, content)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Map what `save` wrote; the caller has verified the files' hashes.

        Raises:
            OSError, ValueError: the files make no postings.
        """
        tokens = json.loads((folder / _VOCABULARY).read_bytes())
        # Plain arrays over the mapped memory: a memmap costs microseconds a slice.
        bounds, passages, counts, norms = (np.asarray(np.load(folder / name, mmap_mode="r")) for name in _ARRAYS)
        if len(bounds) != len(tokens) + 1 or not bounds[-1] == len(passages) == len(counts):
            raise ValueError(f"{folder} holds no postings")
        numbers = {token: number for number, token in enumerate(tokens)}
        return cls(vocabulary=numbers, bounds=bounds, passages=passages, counts=counts, norms=norms)


def _pair(ids: IntArray, passages: IntArray) -> IntArray:
    return ids.astype(np.int64) << 32 | passages


def _counted(numbers: array[int], lengths: array[int], tokens: array[int]) -> tuple[IntArray, IntArray]:
    """Every (token, passage) pair of some texts, ascending, and how often it occurs."""
    passages = np.repeat(np.array(numbers, dtype=np.int64), np.array(lengths, dtype=np.int64))
    return np.unique(_pair(np.array(tokens, dtype=np.int64), passages), return_counts=True)
