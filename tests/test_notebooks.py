"""The notebooks run from start to end, and what is committed of them is fit to be read."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
FIRST, LOOK, EVALUATE = "1_first_search.ipynb", "2_look_inside.ipynb", "3_evaluate.ipynb"
ALL = pytest.mark.parametrize("name", [FIRST, LOOK, EVALUATE])
IMAGES = {FIRST: 0, LOOK: 3, EVALUATE: 4}  # at least
# A slash that begins a path, and a folder that only this or another machine has. "../tmp" and "a/tmp" begin elsewhere.
# The checkout itself too, wherever it stands.
MACHINE_PATH = re.compile(
    re.escape(str(ROOT)) + r"|(?<![\w.])/(?:root|tmp|home|srv|Users|private|var|mnt)\b|\b[A-Z]:\\"
)

# Run in the notebook, before its own cells: the model is exported once for all tests.
EXPORTED_ALREADY = """
import shutil
import indexer.model_choice
indexer.model_choice.export_model = lambda files, folder: shutil.copytree({exported!r}, folder)
"""
# Run in the notebook, after its own cells; "<=" is false of NaN.
FIGURES_ARE_SHARES = """
assert list(figures.index) == [TUNING, HOLDOUT] and list(honesty.index) == [HOLDOUT]
for table in (figures, honesty):
    assert table.size and ((table >= 0) & (table <= 1)).all(axis=None)
for name in figures.index:  # what the notebook counts is what `faq evaluate` reports
    assert abs(figures.loc[name, "this engine"] - reports[name].metrics[measures[name]]) < 1e-9
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the notebooks and of the content they read, laid out as in the project; no public data sets."""
    monkeypatch.delenv("FAQ_DATASETS", raising=False)
    for folder in ("notebooks", "corpus"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    return tmp_path


def execute(notebook: Any, folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the Jupyter machinery has to say about itself is not ours
        client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}})
        client.execute()


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def images(notebook: Any) -> int:
    return sum("image/png" in output.get("data", {}) for output in outputs(notebook))


def texts(value: Any) -> Iterator[str]:
    """Every string in a notebook but its pictures, whose base64 may spell anything."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key != "image/png":
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def keep_every_fifth_article(corpus: Path) -> None:
    """And the questions that these answer. The embedding of all content would take most of these tests' time."""
    articles = sorted((corpus / "articles").iterdir())
    kept = {path.stem for path in articles[::5]}
    for path in articles:
        if path.stem not in kept:
            path.unlink()
    for questions in (corpus / "questions" / "tuning", corpus / "questions" / "holdout"):
        judged = questions / "qrels" / "test.tsv"
        heads, *lines = judged.read_text("utf-8").splitlines(keepends=True)
        # By what all of their answers are in: half of the answers would be another question.
        fields = [line.split("\t") for line in lines]
        lost = {query for query, passage, _ in fields if passage.partition("/")[0] not in kept}
        judged.write_text("".join((heads, *(f"{q}\t{p}\t{g}" for q, p, g in fields if q not in lost))), "utf-8")
        asked = (questions / "queries.jsonl").read_text("utf-8").splitlines(keepends=True)
        left = [line for line in asked if json.loads(line)["_id"] not in lost]
        assert len(left) >= 20, "too few to draw anything from"
        (questions / "queries.jsonl").write_text("".join(left), "utf-8")


@ALL
def test_runs_from_start_to_end(name: str, project: Path, model_folder: Path) -> None:
    keep_every_fifth_article(project / "corpus")
    notebook = nbformat.read(project / "notebooks" / name, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    notebook.cells.insert(0, nbformat.v4.new_code_cell(EXPORTED_ALREADY.format(exported=str(model_folder))))
    if name == EVALUATE:
        notebook.cells.append(nbformat.v4.new_code_cell(FIGURES_ARE_SHARES))
    execute(notebook, project / "notebooks")  # raises CellExecutionError, with the traceback, at the first error
    assert [output for output in outputs(notebook) if output.output_type == "error"] == []
    assert images(notebook) >= IMAGES[name]


@ALL
def test_finds_its_content_from_the_root_too(name: str, project: Path) -> None:
    notebook = nbformat.read(project / "notebooks" / name, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = next(place for place, cell in enumerate(code) if "ARTICLES" in cell.source)
    check = nbformat.v4.new_code_cell("assert any(ARTICLES.iterdir())")
    notebook.cells = [*code[: found + 1], check]
    execute(notebook, project)


@ALL
def test_committed_with_its_outputs(name: str) -> None:
    path = ROOT / "notebooks" / name
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    runs = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert runs == list(range(1, len(runs) + 1))  # run once, in order
    kinds = {output.output_type for output in outputs(notebook)}
    assert "stream" in kinds
    assert "error" not in kinds
    assert [output.text for output in outputs(notebook) if output.get("name") == "stderr"] == []  # no warnings
    assert path.stat().st_size < 1_500_000
    assert images(notebook) >= IMAGES[name]


@ALL
def test_committed_without_paths_of_a_machine(name: str) -> None:
    notebook = nbformat.read(ROOT / "notebooks" / name, as_version=4)
    assert [text for text in texts(notebook) if MACHINE_PATH.search(text)] == []


def test_figures_committed_are_shares() -> None:
    notebook = nbformat.read(ROOT / "notebooks" / EVALUATE, as_version=4)
    tables = [output.data["text/html"] for output in outputs(notebook) if "text/html" in output.get("data", {})]
    # Beside simple searches, points lost, shares by bin of confidence, honesty: all but the points are shares.
    beside, _, bins, honesty = (re.findall("<td>(.*?)</td>", table) for table in tables)
    shares = [float(cell.split()[0]) for cell in (*beside, *bins, *honesty) if cell != "none"]
    assert len(beside) > 4 * 2  # of more sets than the project's own
    assert len(shares) > len(beside)
    assert all(0 <= share <= 1 for share in shares)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/tmp/tmpa1b2/index", True),
        ("PosixPath('/root/x')", True),
        ("file:///srv/site", True),
        ("C:\\Users\\ann", True),
        ("../tmp/index", False),
        ("https://example.org/srv", False),
        ("and/or, 1/2", False),
    ],
)
def test_machine_path_knows_one(text: str, found: bool) -> None:
    assert bool(MACHINE_PATH.search(text)) is found
