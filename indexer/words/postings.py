"""BM25: for each token, the passages that hold it, how often, and what that adds to their scores."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from indexer.arrays import FloatArray, IntArray, UnsignedArray
from indexer.errors import IndexDamagedError, naming
from indexer.files import map_array, write_array, write_file
from indexer.schema import checked_json

# Tokens that are counted at a time, so that memory is for postings, not for every token of every text.
_BLOCK: Final = 2_000_000
_VOCABULARY: Final = "vocabulary.json"
_BOUNDS: Final = "bounds.npy"
_PASSAGES: Final = "passages.npy"
_COUNTS: Final = "counts.npy"
_IDF: Final = "idf.npy"
_NORMS: Final = "norms.npy"
_LOW: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Bm25:
    """The parameters of BM25 (Robertson and Zaragoza 2009).

    Attributes:
        k1: how much a second occurrence of a token adds to the first, 0 or more; 0 for nothing.
        b: how much the length of a text counts, in [0, 1].
    """

    # The customary values, not fitted. `make refit`: flat; k1 of .9 gains .0013 ± .0008, no b gains.
    k1: float = 1.5
    b: float = 0.75


DEFAULT_BM25 = Bm25()


@dataclass(frozen=True, slots=True, kw_only=True)
class Postings:
    """Robertson's BM25 as Lucene computes it: idf = ln(1 + (N - n + 0.5) / (n + 0.5)).

    What a posting adds is computed when it is asked for: kept on disk, it would take most of the space. A passage may
    have several texts, each a part of the first; each is an index of its own, and they share what says which passages
    hold a token.

    Attributes:
        vocabulary: the id of each token, from 0 in the order of the tokens.
        bounds: where in the arrays below the postings of each token begin, and where the last end; shape
            (tokens + 1,), int64.
        passages: the passages that hold it, ascending for each token; shape (postings,), unsigned, as wide as needed.
        counts: how often each text does; shape (postings, texts), unsigned, as wide as needed.
        idf: of each token among each text; shape (texts, tokens), float32.
        norms: what the length of each text adds to its counts, k1 (1 - b + b length / mean); shape (texts, passages),
            float32.
    """

    vocabulary: dict[str, int]
    bounds: IntArray
    passages: UnsignedArray
    counts: UnsignedArray
    idf: FloatArray
    norms: FloatArray

    @classmethod
    def build(
        cls,
        passages: Iterable[tuple[int, Sequence[Sequence[str]]]],
        size: int,
        texts: int = 1,
        earlier: tuple[Postings, IntArray] | None = None,
        bm25: Bm25 = DEFAULT_BM25,
        block: int = _BLOCK,
    ) -> Self:
        """Index passages.

        Args:
            passages: number of each passage that is counted here, and the tokens of each of its texts; a token stands
                in the first text at least as often as in each of the others.
            size: how many passages there are.
            texts: how many texts each of them has.
            earlier: postings of an earlier build, and for each of its passages its new number, or -1 (shape (earlier
                passages,), int64); they stand for the other passages.
            bm25: its parameters, also for what is of an earlier build.
            block: tokens that are counted at a time; more take more memory and change nothing else.
        """
        vocabulary: dict[str, int] = {}
        blocks: list[tuple[IntArray, npt.NDArray[Any]]] = []
        if earlier is not None:
            postings, new_numbers = earlier
            vocabulary |= postings.vocabulary
            moved = new_numbers[postings.passages]
            kept = moved >= 0
            ids = np.repeat(np.arange(len(vocabulary)), np.diff(postings.bounds))
            blocks.append((_pair(ids[kept], moved[kept]), postings.counts[kept]))
        counting = [_Tokens() for _ in range(texts)]
        for number, contents in passages:
            for tokens, text in zip(counting, contents, strict=True):
                tokens.add(number, [vocabulary.setdefault(token, len(vocabulary)) for token in text])
            if len(counting[0].ids) >= block:
                blocks.append(_counted(counting))
                counting = [_Tokens() for _ in range(texts)]
        blocks.append(_counted(counting))
        return cls._of_counts(vocabulary, blocks, size, bm25)

    @classmethod
    def _of_counts(
        cls, known: dict[str, int], blocks: list[tuple[IntArray, npt.NDArray[Any]]], size: int, bm25: Bm25
    ) -> Self:
        """Put together what was counted: (token, passage) pairs and how often each occurs."""
        # Equal content gives equal files, whatever came first: tokens are in order, and none is without postings.
        has_postings = np.zeros(len(known), dtype=np.bool_)
        for pairs, _ in blocks:
            has_postings[pairs >> 32] = True
        kept = sorted(token for token, token_id in known.items() if has_postings[token_id])
        vocabulary = {token: new_id for new_id, token in enumerate(kept)}
        new_ids = np.array([vocabulary.get(token, -1) for token in known], dtype=np.int64)
        pairs = np.concatenate([_pair(new_ids[pairs >> 32], pairs & _LOW) for pairs, _ in blocks])
        counts = np.concatenate([counts for _, counts in blocks])
        order = np.argsort(pairs, kind="stable")  # which takes little time for a few runs that are sorted already
        pairs, counts = pairs[order], counts[order].astype(np.min_scalar_type(int(counts.max(initial=0))))
        ids, passages = pairs >> 32, (pairs & _LOW).astype(np.min_scalar_type(max(size - 1, 0)))
        lengths = np.stack([np.bincount(passages, text, minlength=size) for text in counts.T])
        means = lengths.sum(axis=1, keepdims=True) / max(size, 1)
        holders = np.stack([np.bincount(ids[text > 0], minlength=len(vocabulary)) for text in counts.T])
        norms = bm25.k1 * (1 - bm25.b + bm25.b * lengths / np.maximum(means, 1e-9))
        return cls(
            vocabulary=vocabulary,
            bounds=np.concatenate(([0], np.cumsum(np.bincount(ids, minlength=len(vocabulary))))),
            passages=passages,
            counts=counts,
            idf=np.log1p((size - holders + 0.5) / (holders + 0.5)).astype(np.float32),
            norms=np.asarray(norms, dtype=np.float32),
        )

    def of(self, tokens: Iterable[str], posting_limit: int) -> tuple[UnsignedArray, FloatArray]:
        """The postings of some tokens.

        Args:
            tokens: those of a question; such as stand in no passage add nothing.
            posting_limit: at most this many postings, and those of the rarest token however many they are. The tokens
                that are left out stand in the most passages, and tell these apart the least.

        Returns:
            Passage numbers, unsigned, each as often as the passage holds one of the tokens, shape (postings,), and
            the values to add up for each text, float32, >= 0, shape (texts, postings).
        """
        known = [token_id for token in tokens if (token_id := self.vocabulary.get(token)) is not None]
        if not known:
            return self.passages[:0], self.norms[:, :0]
        ids = np.array(known)
        starts, stops = self.bounds[ids], self.bounds[ids + 1]
        lengths = stops - starts
        if lengths.sum() > posting_limit:
            order = np.argsort(lengths, kind="stable")
            order = order[: max(1, int(np.searchsorted(np.cumsum(lengths[order]), posting_limit, side="right")))]
            ids, starts, stops, lengths = ids[order], starts[order], stops[order], lengths[order]
        spans = [slice(start, stop) for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]
        passages = np.concatenate([self.passages[span] for span in spans])
        counts = np.concatenate([self.counts[span] for span in spans]).T.astype(np.float32, order="C")
        idf = np.repeat(self.idf[:, ids], lengths, axis=1)
        return passages, idf * counts / (counts + self.norms[:, passages])

    def save(self, folder: Path) -> None:
        """Write into a new folder, synced to the disk."""
        folder.mkdir()
        write_file(folder / _VOCABULARY, json.dumps(list(self.vocabulary)).encode())
        write_array(folder / _BOUNDS, self.bounds)
        write_array(folder / _PASSAGES, self.passages)
        write_array(folder / _COUNTS, self.counts)
        write_array(folder / _IDF, self.idf)
        write_array(folder / _NORMS, self.norms)

    @classmethod
    def load(cls, folder: Path, size: int | None = None, texts: int | None = None) -> Self:
        """Map what `save` wrote; the caller has verified the files' hashes.

        Args:
            folder: of the files.
            size: how many passages there are, None if that is not known.
            texts: how many texts each has, likewise.

        Raises:
            IndexDamagedError: names the file that is no part of such postings.
        """
        with _naming(folder, _VOCABULARY) as path:
            tokens: list[str] = checked_json(list[str], path.read_bytes())
            vocabulary = {token: token_id for token_id, token in enumerate(tokens)}
            _require(tokens == sorted(tokens) and len(vocabulary) == len(tokens), "its tokens do not ascend")
        with _naming(folder, _BOUNDS, _VOCABULARY) as path:
            bounds = map_array(path, np.int64, (len(tokens) + 1,))
            _require(bounds[0] == 0 and bool((np.diff(bounds) > 0).all()), "its numbers do not ascend from 0")
        with _naming(folder, _NORMS) as path:
            norms = map_array(path, np.float32, (texts, size))
            _require(_are_finite(norms), "its numbers are not finite, or below 0")
        with _naming(folder, _IDF, _VOCABULARY, _NORMS) as path:
            idf = map_array(path, np.float32, (len(norms), len(tokens)))
            _require(_are_finite(idf), "its numbers are not finite, or below 0")
        with _naming(folder, _PASSAGES, _BOUNDS, _NORMS) as path:
            passages = map_array(path, None, (int(bounds[-1]),))
            _require(passages.dtype.kind == "u" and passages.dtype.isnative, "its numbers are not unsigned")
            _require(int(passages.max(initial=0)) < max(norms.shape[1], 1), "it names a passage that is not there")
            _require(_ascend(passages, bounds), "the passages of a token do not ascend")
        with _naming(folder, _COUNTS, _PASSAGES, _NORMS) as path:
            counts = map_array(path, None, (len(passages), len(norms)))
            _require(counts.dtype.kind == "u" and counts.dtype.isnative, "its numbers are not unsigned")
            _require(_are_counts(counts), "a passage holds a token less than once, or less often than a part of it")
        return cls(vocabulary=vocabulary, bounds=bounds, passages=passages, counts=counts, idf=idf, norms=norms)


@contextmanager
def _naming(folder: Path, name: str, *others: str) -> Iterator[Path]:
    """Name a file, and those that it must go with, of which one may be the wrong one."""
    beside = f"it must go with {' and '.join(str(folder / other) for other in others)}; " if others else ""
    with naming(folder / name, IndexDamagedError, f"{beside}roll back or rebuild the index"):
        yield folder / name


def _require(is_so: bool, problem: str) -> None:
    if not is_so:
        raise ValueError(problem)


def _are_finite(numbers: FloatArray) -> bool:
    """Whether all of them are finite and none is below 0."""
    return bool(0 <= numbers.min(initial=0) <= numbers.max(initial=0) < np.inf)


def _ascend(passages: UnsignedArray, bounds: IntArray) -> bool:
    """Whether the passages of each token ascend."""
    for start in range(0, len(passages), _BLOCK):
        following = passages[start + 1 : start + _BLOCK + 1]
        falls = np.flatnonzero(following <= passages[start : start + len(following)]) + start + 1
        if not (bounds[np.searchsorted(bounds, falls)] == falls).all():  # else within the postings of a token
            return False
    return True


def _are_counts(counts: UnsignedArray) -> bool:
    """Whether the whole text holds each token at least once, and as often as each part of it."""
    blocks = (counts[start : start + _BLOCK] for start in range(0, len(counts), _BLOCK))
    return all(block[:, 0].min(initial=1) >= 1 and bool((block <= block[:, :1]).all()) for block in blocks)


def _pair(ids: IntArray, passages: IntArray) -> IntArray:
    return ids.astype(np.int64) << 32 | passages


class _Tokens:
    """The tokens of one text of some passages."""

    def __init__(self) -> None:
        self.numbers, self.lengths, self.ids = array("i"), array("i"), array("i")

    def add(self, number: int, ids: list[int]) -> None:
        self.numbers.append(number)
        self.lengths.append(len(ids))
        self.ids.extend(ids)

    def counted(self) -> tuple[IntArray, IntArray]:
        """Every (token, passage) pair, ascending, and how often it occurs."""
        passages = np.repeat(np.array(self.numbers, dtype=np.int64), np.array(self.lengths, dtype=np.int64))
        return np.unique(_pair(np.array(self.ids, dtype=np.int64), passages), return_counts=True)


def _counted(block: Sequence[_Tokens]) -> tuple[IntArray, IntArray]:
    """The pairs of the first text, and how often each occurs in each text; shape (pairs, texts)."""
    (pairs, whole), *parts = (tokens.counted() for tokens in block)
    counts = np.zeros((len(pairs), len(block)), dtype=np.int64)
    counts[:, 0] = whole
    for text, (held, count) in enumerate(parts, 1):
        counts[np.searchsorted(pairs, held), text] = count
    return pairs, counts
