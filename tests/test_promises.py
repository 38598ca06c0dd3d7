"""What users and neighbours may rely on: names, what an import costs, and what the wheel holds."""

from __future__ import annotations

import ast
import importlib
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.conftest import ROOT

NAMES = {
    "indexer": [
        "BuildReport", "Confidence", "Corpus", "Document", "Encoder", "FaqEntry", "FaqError", "Generation",
        "IndexStore", "LabelledQuestions", "Paragraph", "Passage", "PassageKind", "QueryError", "Settings",
        "build_index", "load_encoder", "read_corpus",
    ],
    "search_api": ["Answered", "Highlight", "Hit", "MatchedBy", "SearchResult", "Searcher"],
}  # fmt: skip
SOURCES = sorted([*(ROOT / "indexer").rglob("*.py"), *(ROOT / "search_api").rglob("*.py")])


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("package", NAMES)
def test_the_exported_names(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__all__ == NAMES[package]
    assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize(
    ("package", "absent"),
    [
        ("indexer", ("torch", "sentence_transformers", "transformers", "fastapi", "starlette", "onnxruntime")),
        ("search_api", ("torch", "sentence_transformers", "transformers", "fastapi", "starlette", "typer")),
        ("search_api.cli", ("torch", "sentence_transformers", "transformers", "fastapi", "starlette")),
        ("search_api.web.app", ("torch", "sentence_transformers", "transformers")),
    ],
)
def test_an_import_in_a_fresh_interpreter_loads_no_more_than_it_must(package: str, absent: tuple[str, ...]) -> None:
    code = f"import sys, {package}; print([name for name in {absent!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""


def test_serving_needs_no_torch(sample_index: Path) -> None:
    code = (
        "import sys; from search_api import Searcher;"
        f"print(len(Searcher.open({str(sample_index)!r}).search('nap').hits), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["5", "False"]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_file_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


def test_the_command_is_installed() -> None:
    (command,) = entry_points(group="console_scripts", name="faq")
    assert command.value == "search_api.cli:main"
    assert callable(command.load())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the project's folder."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "project"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("indexer", "search_api"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(copy)]
    try:
        importlib.import_module("setuptools.build_meta")
        command.append("--no-isolation")
    except ModuleNotFoundError:
        pass  # build then fetches it
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_holds_code_types_and_pages_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    static = {f"search_api/web/static/{p.name}" for p in (ROOT / "search_api" / "web" / "static").iterdir()}
    code = {name_of(path) for package in NAMES for path in (ROOT / package).rglob("*.py")}
    templates = {name_of(path) for path in (ROOT / "indexer" / "templates").iterdir()}
    inside = {name for name in names if ".dist-info/" not in name}
    others = {
        "indexer/generation/verdict.json",
        "indexer/model/off_topic_questions.json",
        "indexer/py.typed",
        "search_api/py.typed",
    }
    assert inside == code | static | templates | others
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_the_wheel_installs_a_command_that_runs(wheel: Path, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(tmp_path), str(wheel)], check=True, capture_output=True)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "bin" / "faq"), "--help"],
        capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Usage: faq" in done.stdout
