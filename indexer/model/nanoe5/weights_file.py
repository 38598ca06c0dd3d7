"""The package's one file, its format read by our own code: sizes, tokenizer, then numbers by name.

Everything is little-endian. After the magic come ten sizes, the tokenizer (pieces and their scores, then what
characters are rewritten to), and a directory of tensors: their names, kinds, counts, and where in the file they stand.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from indexer.arrays import FloatArray
from indexer.errors import ModelError, naming
from indexer.files import read_regular

_MAGIC, _VERSION = b"E5S1", 1
_BLOCK: Final = 32
# A weight is (its four bits - 8) x the scale of its block; the low halves of the bytes come before the high ones.
_BLOCK_DTYPE: Final = np.dtype([("scale", "<f2"), ("weights", "u1", (_BLOCK // 2,))])
_FLOAT32, _FOUR_BITS = 0, 1
_LARGEST_SIZE = 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Of the transformer.

    Attributes:
        hidden: numbers of a token, and so of an embedding.
        layers, heads: how many; of each layer.
        feed_forward: numbers between the two products of a layer's second half.
        vocabulary: rows of the table of tokens; there may be more than pieces.
        positions: the window.
        token_types: rows of that table; all texts take the first.
        epsilon: of the layers' normalisation.
    """

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Of the tokenizer, by id.

    Attributes:
        scored: each piece of text with its log probability.
        first, last, padding, unknown: ids of those that stand for no text of their own.
        rewritten: what characters become before the text is cut; "" for those that are left out.
    """

    scored: list[tuple[str, float]]
    first: int
    last: int
    padding: int
    unknown: int
    rewritten: Mapping[str, str]

    def name(self, number: int) -> str:
        """The text of a piece."""
        return self.scored[number][0]


class WeightsFile:
    """A model as it stands in the file.

    Args:
        path: of the file; read whole.

    Raises:
        ModelError: it cannot be read, ends too early, or is not of this format.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with naming(path, ModelError, "install the package again"):
            self._content = memoryview(read_regular(path))
            fields = _Fields(self._content)
            self.sizes = _read_sizes(fields)
            self.pieces = _read_pieces(fields, self.sizes)
            self._tensors = {name: tensor for name, *tensor in (_read_entry(fields) for _ in range(fields.count()))}

    def tensor(self, name: str, *shape: int) -> FloatArray:
        """The numbers under a name, four bits made float32 again; exact, for a float16 scale times -8..7 fits.

        Raises:
            ModelError: there is none of this name and shape.
        """
        with naming(self.path, ModelError, "install the package again"):
            if name not in self._tensors:
                raise ValueError(f"has no {name}")
            kind, count, start, size = self._tensors[name]
            rows = shape[0] if len(shape) > 1 else 1
            width = count // max(rows, 1)
            four_bits = kind == _FOUR_BITS
            expected = count // _BLOCK * _BLOCK_DTYPE.itemsize if four_bits else 4 * count
            if count != np.prod(shape) or size != expected or (four_bits and width % _BLOCK):
                raise ValueError(f"{name} has {count:,} numbers in {size:,} bytes, not those of a shape of {shape}")
            content = _Fields(self._content, start, f"in {name}, in a file").take(size)
            return _dequantised(content).reshape(shape) if four_bits else np.frombuffer(content, "<f4").reshape(shape)


def _dequantised(content: memoryview) -> FloatArray:
    """Blocks of four bits each to float32."""
    blocks = np.frombuffer(content, _BLOCK_DTYPE)
    values = np.empty((len(blocks), 2, _BLOCK // 2), dtype=np.float32)
    np.bitwise_and(blocks["weights"], 0x0F, out=values[:, 0], casting="unsafe")
    np.right_shift(blocks["weights"], 4, out=values[:, 1], casting="unsafe")
    values -= 8
    values *= blocks["scale"].astype(np.float32)[:, None, None]
    return values


class _Fields:
    """Reads one field after another; never beyond the end."""

    def __init__(self, content: memoryview, start: int = 0, where: str = "in a file") -> None:
        self._content, self._at, self._where = content, start, where

    def take(self, size: int) -> memoryview:
        if size > len(self._content) - self._at:
            raise ValueError(f"ends too early, {self._where} of {len(self._content):,} bytes")
        self._at += size
        return self._content[self._at - size : self._at]

    def unpack(self, form: str) -> tuple[Any, ...]:
        return struct.unpack(f"<{form}", self.take(struct.calcsize(f"<{form}")))

    def count(self) -> int:
        (count,) = self.unpack("i")
        if not 0 <= count <= _LARGEST_SIZE:
            raise ValueError(f"holds a count of {count:,}")
        return int(count)

    def array(self, dtype: str, count: int) -> npt.NDArray[Any]:
        return np.frombuffer(self.take(np.dtype(dtype).itemsize * count), dtype)


def _read_sizes(fields: _Fields) -> Sizes:
    if bytes(fields.take(len(_MAGIC))) != _MAGIC:
        raise ValueError(f"does not begin with {_MAGIC.decode()}")
    (version,) = fields.unpack("I")
    hidden, layers, heads, feed_forward, vocabulary, positions, token_types = (fields.count() for _ in range(7))
    (epsilon,) = fields.unpack("f")
    if (version, block := fields.count()) != (_VERSION, _BLOCK):
        raise ValueError(f"is of version {version} in blocks of {block}, where {_VERSION} and {_BLOCK} are known")
    if not heads or hidden % heads:
        raise ValueError(f"has {heads} heads for {hidden} numbers")
    return Sizes(
        hidden=hidden, layers=layers, heads=heads, feed_forward=feed_forward, vocabulary=vocabulary,
        positions=positions, token_types=token_types, epsilon=epsilon,
    )  # fmt: skip


def _read_pieces(fields: _Fields, sizes: Sizes) -> Pieces:
    count = fields.count()
    first, last, padding, unknown = (fields.count() for _ in range(4))
    if not max(first, last, padding, unknown) < count <= sizes.vocabulary:
        raise ValueError(f"has {count:,} pieces for {sizes.vocabulary:,} rows")
    (length,) = fields.unpack("Q")
    ends = fields.array("<u4", count + 1).tolist()
    scores = fields.array("<f4", count).tolist()
    text = bytes(fields.take(length))
    if ends[0] != 0 or ends[-1] != length or ends != sorted(ends):
        raise ValueError("its pieces overlap")
    texts = [text[start:end].decode() for start, end in pairwise(ends)]
    return Pieces(
        scored=list(zip(texts, scores, strict=True)), first=first, last=last, padding=padding, unknown=unknown,
        rewritten=_read_rewritten(fields),
    )  # fmt: skip


def _read_rewritten(fields: _Fields) -> dict[str, str]:
    count = fields.count()
    (size,) = fields.unpack("I")
    own = _Fields(fields.take(size), where="in a list of characters")
    found = {}
    for _ in range(count):
        character, length = own.unpack("IB")
        found[chr(character)] = "".join(map(chr, own.array("<u4", length).tolist()))
    return found


def _read_entry(fields: _Fields) -> tuple[str, int, int, int, int]:
    """Name, kind, count, place and bytes of a tensor."""
    (length,) = fields.unpack("H")
    name = bytes(fields.take(length)).decode()
    kind, count, start, size = fields.unpack("BIQQ")
    if kind not in (_FLOAT32, _FOUR_BITS):
        raise ValueError(f"{name} is of the unknown kind {kind}")
    return name, kind, count, start, size
