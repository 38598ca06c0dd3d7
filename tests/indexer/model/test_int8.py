"""Graphs that multiply in int8."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from indexer.arrays import FloatArray
from indexer.model.int8 import to_int8

WIDTH, COLUMNS, ZEROS, LOUD = 64, 32, 99, 98
TOKENS = list(range(ZEROS))
# One number is large in every token, as in most transformers.
OFFSET = np.where(np.arange(WIDTH) == 5, 40, 0).astype(np.float32)


@pytest.fixture
def matrix() -> FloatArray:
    numbers = np.random.default_rng(0).standard_normal((WIDTH, COLUMNS), dtype=np.float32)
    numbers[:2, 0] = 4
    numbers[:2, 1] = -4
    return numbers


@pytest.fixture
def graph(tmp_path: Path, matrix: FloatArray) -> Path:
    """Looks up a row for each token and multiplies it by the matrix."""
    table = np.random.default_rng(1).standard_normal((100, WIDTH), dtype=np.float32) + OFFSET
    table[ZEROS] = 0
    table[LOUD, :2] = 4
    nodes = [
        helper.make_node("Gather", ["table", "tokens"], ["rows"]),
        helper.make_node("MatMul", ["rows", "matrix"], ["products"]),
    ]
    tokens = helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, "n"])
    products = helper.make_tensor_value_info("products", TensorProto.FLOAT, [1, "n", COLUMNS])
    weights = [numpy_helper.from_array(table, "table"), numpy_helper.from_array(matrix, "matrix")]
    model = helper.make_model(
        helper.make_graph(nodes, "lookup", [tokens], [products], weights),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=10,
    )
    onnx.save_model(model, str(tmp_path / "graph.onnx"))
    return tmp_path / "graph.onnx"


def run(graph: str | bytes, tokens: list[int]) -> FloatArray:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    (products,) = session.run(None, {"tokens": np.array([tokens])})
    return np.asarray(products)[0]


@pytest.fixture
def rounded(graph: Path) -> bytes:
    return to_int8(graph, [{"tokens": np.arange(20)[None]}]).SerializeToString()


def test_a_number_that_is_large_in_every_token_costs_the_others_no_precision(graph: Path, rounded: bytes) -> None:
    exact = run(str(graph), TOKENS)
    unseen = to_int8(graph, [{"tokens": np.array([[ZEROS]])}]).SerializeToString()
    error, more = (np.abs(run(model, TOKENS) - exact).mean() for model in (rounded, unseen))
    assert 0 < 4 * error < more < 0.05 * np.abs(exact).mean()


def test_large_numbers_side_by_side_fit_into_the_sums_of_every_processor(graph: Path, rounded: bytes) -> None:
    # 2 x 127 x 255 would be 64,770, where processors without VNNI cut off at 32,767.
    found, exact = run(rounded, [LOUD])[0, :2], run(str(graph), [LOUD])[0, :2]
    np.testing.assert_allclose(found, exact, rtol=0.02)
    weights = {tensor.name: tensor for tensor in onnx.load_from_string(rounded).graph.initializer}
    pairs = numpy_helper.to_array(weights["matrix.int8"]).astype(int).reshape(-1, 2, COLUMNS)
    for sign in (1, -1):
        assert 100 < np.maximum(sign * pairs, 0).sum(axis=1).max() <= 32_767 // 255


def test_a_token_does_not_depend_on_the_others(rounded: bytes) -> None:
    together = run(rounded, [50, ZEROS, 51])
    for place, token in enumerate([50, ZEROS, 51]):
        np.testing.assert_array_equal(together[place], run(rounded, [token])[0])


def test_a_row_that_is_the_mean_is_no_special_case(graph: Path) -> None:
    model = to_int8(graph, [{"tokens": np.array([[ZEROS]])}]).SerializeToString()
    np.testing.assert_array_equal(run(model, [ZEROS]), np.zeros((1, COLUMNS)))


def test_matrices_take_a_quarter_and_tables_half(rounded: bytes) -> None:
    kinds = {tensor.name: tensor.data_type for tensor in onnx.load_from_string(rounded).graph.initializer}
    assert kinds["table"] == TensorProto.FLOAT16
    assert kinds["matrix.int8"] == TensorProto.INT8
    assert "matrix" not in kinds
