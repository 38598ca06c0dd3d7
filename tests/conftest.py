"""Fixtures shared by all tests: the real model, exported once; a fake encoder whose winners a person can foretell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings

from indexer.arrays import FloatArray
from indexer.build import build_index
from indexer.generation.layout import Layout
from indexer.generation.manifest import Manifest
from indexer.model.card import EncoderCard
from indexer.model.encoder import Encoder, load_encoder
from indexer.model.export import export_model
from indexer.model.files import find_model
from indexer.report import BuildReport
from indexer.settings import MULTILINGUAL_MODEL
from indexer.store.index_store import IndexStore
from indexer.words.analysis import words
from search_api.searcher import Searcher
from tests.free_port import free_port
from tests.tiny_models import write_tiny_models

ROOT = Path(__file__).parent.parent
ARTICLES = ROOT / "corpus" / "articles"
SAMPLE = Path(__file__).parent / "data" / "sample"
FAQ = (sys.executable, "-m", "search_api.cli")
# As which an application under test is asked.
HERE = "http://localhost"

# No test depends on how fast the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


# What `--quick` leaves out: tests that need an exported model, and those that start a browser, a server or a process,
# and those that build one index after another.
_SLOW_FIXTURES = {"model_folder", "multilingual_folder", "tiny_models"}
_SLOW_TESTS = (
    "tests/proofs/", "tests/search_api/page/", "tests/search_api/test_cli", "tests/search_api/test_re",
    "tests/search_api/test_output", "tests/search_api/test_sites",
    "tests/search_api/test_watch", "tests/search_api/test_workers", "tests/test_base_install", "tests/test_notebooks",
    "tests/test_promises", "tests/test_readme", "tests/fitting/", "tests/search_api/test_eval",
    "tests/search_api/test_live_index", "tests/search_api/test_attacks", "tests/search_api/test_connections",
    "tests/search_api/test_hosts.py::test_a_wrong", "tests/search_api/test_listening", "tests/search_api/test_stopping",
    "tests/indexer/store/", "tests/indexer/building/",
    "tests/indexer/model/test_model.py::test_an_unknown_name",
    "tests/indexer/generation/test_generation.py::test_one_flipped_byte",
    "tests/indexer/content/test_hostile.py::test_a_hostile_file", "tests/indexer/content/readers/test_opens_nothing",
    "tests/indexer/content/workers",
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="leave out what needs a model, a browser or a process")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--quick"):
        return
    slow = [
        item
        for item in items
        if item.nodeid.startswith(_SLOW_TESTS) or _SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    ]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in set(slow)]


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests often wait, for a server, a browser or each other."""
    return min((os.cpu_count() or 1) + 1, 5)


class HashedWordsEncoder:
    """Each word is a fixed random direction and a text is the sum of its words: more words in common, nearer."""

    name, fingerprint, dim, max_tokens = "hashed-words", "0" * 64, 64, 40

    def _encode(self, texts: Sequence[str]) -> FloatArray:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in words(text) or ["(empty)"]:
                seed = int.from_bytes(blake2b(word.encode(), digest_size=8).digest())
                vectors[row] += np.random.default_rng(seed).standard_normal(self.dim, dtype=np.float32)
            if not vectors[row].any():
                vectors[row, 0] = 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def encode_query(self, texts: Sequence[str]) -> FloatArray:
        return self._encode(texts)

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> FloatArray:
        if progress is not None:
            progress(len(texts))
        return self._encode(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(list(words(text))) + 2 for text in texts]


class SmallSite:
    """A content folder and its index, built with the encoder of hashed words."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self.content, self.index, self.encoder = folder / "content", folder / "index", encoder
        self.store = IndexStore(self.index)
        self.content.mkdir(parents=True)

    def write(self, name: str, text: str) -> None:
        (self.content / name).parent.mkdir(parents=True, exist_ok=True)
        (self.content / name).write_text(text, "utf-8")

    def build(self, encoder: Encoder | None = None) -> BuildReport:
        return build_index(self.content, self.index, encoder=encoder or self.encoder)

    def publish(self, words: str) -> BuildReport:
        """Replace the whole content by one paragraph and publish it."""
        self.write("article.md", f"# Article\n\n{words}\n")
        return self.build()

    def searcher(self) -> Searcher:
        return Searcher.open(self.index, encoder=self.encoder)


def begin_at(site: SmallSite, number: str) -> None:
    """Give the only generation another number, as if many had been published before it."""
    folder = site.index / "generations" / site.store.current()
    manifest = Layout(folder).manifest
    manifest.write_bytes(replace(Manifest.read(manifest), generation=number).to_bytes())
    folder.rename(folder.with_name(number))
    (site.index / "current").write_text(f"{number}\n")


@pytest.fixture
def site(tmp_path: Path, fake_encoder: Encoder) -> SmallSite:
    return SmallSite(tmp_path / "site", fake_encoder)


@pytest.fixture(scope="session")
def fake_encoder() -> Encoder:
    return HashedWordsEncoder()


Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Makes a folder once for all processes that test side by side; nobody writes into it afterwards."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], object]) -> Path:
        whole = shared / name / "whole"
        with FileLock(shared / f"{name}.lock"):
            if not whole.exists():
                aside = tmp_path_factory.mktemp(name)
                make(aside)
                whole.parent.mkdir()
                aside.rename(whole)
        return whole

    return made


@pytest.fixture(scope="session")
def model_folder(once: Once) -> Path:
    """The default model, exported."""
    return once("model", lambda folder: export_model(find_model(), folder / "exported")) / "exported"


@pytest.fixture(scope="session")
def multilingual_folder(once: Once) -> Path:
    """The multilingual model, exported."""
    return once("multilingual", lambda folder: export_model(find_model(MULTILINGUAL_MODEL), folder / "m")) / "m"


@pytest.fixture(scope="session")
def tiny_models(once: Once) -> Path:
    """Holds the models `mean`, `cls` and `static` of `write_tiny_models`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch and transformers, about themselves
        return once("tiny", write_tiny_models)


@pytest.fixture(scope="session")
def tiny_exports(once: Once, tiny_models: Path) -> Path:
    """The same, exported, each under its own name."""

    def export(folder: Path) -> None:
        for name in ("mean", "cls", "static"):
            export_model(find_model(str(tiny_models / name)), folder / name)

    return once("tiny-exports", export)


def keep_model(index: Path, exported: Path) -> None:
    """Put an exported model where an index keeps its own: to export takes longer than most tests."""
    folder = IndexStore(index).model_folder(EncoderCard.read(exported).fingerprint)
    shutil.copytree(exported, folder, copy_function=os.link)


@pytest.fixture(scope="session")
def encoder(model_folder: Path) -> Encoder:
    """The default model."""
    return load_encoder(model_folder)


def index_with_model(content: Path, folder: Path, model_folder: Path) -> Path:
    """Index content with the default model, exported already."""
    keep_model(folder, model_folder)
    build_index(content, folder)
    return folder


@pytest.fixture(scope="session")
def site_index(once: Once, model_folder: Path) -> Path:
    """The project's own articles, indexed with the default model."""
    return once("site", lambda folder: index_with_model(ARTICLES, folder / "index", model_folder)) / "index"


@pytest.fixture(scope="session")
def sample_index(once: Once, model_folder: Path) -> Path:
    """The three small files of `SAMPLE`, indexed with the default model."""
    return once("sample", lambda folder: index_with_model(SAMPLE, folder / "index", model_folder)) / "index"


@pytest.fixture(scope="session")
def searcher(sample_index: Path, encoder: Encoder) -> Searcher:
    """Over `sample_index`."""
    return Searcher.open(sample_index, encoder=encoder)


@pytest.fixture(scope="session")
def site_url(site_index: Path) -> Iterator[str]:
    """Address of a running `faq serve` over `site_index`, ending with a slash."""
    with serving(site_index) as url:
        yield url


class serving:  # noqa: N801  # used as a function
    """Run `faq serve` on a free port for the length of a with block."""

    def __init__(self, index: Path, *options: str, faq: Sequence[str] = FAQ, **environment: str) -> None:
        self._faq = faq
        self._index = index
        self._options = options
        self._environment = environment

    def __enter__(self) -> str:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        command = [*self._faq, "serve", "--index", str(self._index), "--port", str(port)]
        command += self._options
        # A file, not a pipe: nobody reads a pipe while the tests run, and a full one would stop the server.
        self._stderr = tempfile.NamedTemporaryFile()
        self.process = subprocess.Popen(
            command, env=os.environ | self._environment, stdout=self._stderr, stderr=self._stderr
        )
        for _ in range(1_200):
            try:
                urllib.request.urlopen(self.url + "health", timeout=1)
                return self.url
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        self.process.kill()
        raise AssertionError(f"faq serve did not start: {self._end()}")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.log = self._end()

    def read_log(self) -> str:
        """What the server has written so far."""
        return Path(self._stderr.name).read_text("utf-8")

    def _end(self) -> str:
        with self._stderr:
            try:
                self.process.wait(timeout=120)
            finally:
                self.process.kill()  # it has ended, or the test has failed
            return self.read_log()
