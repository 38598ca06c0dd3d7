"""BM25: for each token, the passages that hold it, how often, and what that adds to their scores."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from indexer.arrays import FloatArray, IntArray, UnsignedArray
from indexer.files import map_array, write_array, write_file

# Tokens that are counted at a time, so that memory is for postings, not for every token of every text.
_BLOCK: Final = 2_000_000
_VOCABULARY: Final = "vocabulary.json"
_ARRAYS: Final = ("bounds.npy", "passages.npy", "counts.npy", "idf.npy", "norms.npy")
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
        arrays: tuple[npt.NDArray[Any], ...] = (self.bounds, self.passages, self.counts, self.idf, self.norms)
        for name, content in zip(_ARRAYS, arrays, strict=True):
            write_array(folder / name, content)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Map what `save` wrote; the caller has verified the files' hashes.

        Raises:
            OSError, ValueError: the files make no postings.
        """
        tokens = json.loads((folder / _VOCABULARY).read_bytes())
        bounds, passages, counts, idf, norms = (map_array(folder / name) for name in _ARRAYS)
        texts = len(norms)
        if (
            len(bounds) != len(tokens) + 1
            or not bounds[-1] == len(passages)
            or counts.shape != (len(passages), texts)
            or idf.shape != (texts, len(tokens))
        ):
            raise ValueError(f"{folder} holds no postings")
        return cls(
            vocabulary={token: token_id for token_id, token in enumerate(tokens)},
            bounds=bounds,
            passages=passages,
            counts=counts,
            idf=idf,
            norms=norms,
        )


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
