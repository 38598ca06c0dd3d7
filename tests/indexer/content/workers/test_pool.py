"""Workers as the build sees them: what ends one costs a file, and the next file has another one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from indexer.content import readers
from indexer.content.corpus import read_corpus
from indexer.content.workers.pool import WORKERS, Worker, WorkerPool
from indexer.errors import ContentError, FaqError

# A worker that says that it is ready and then does what a test wants.
ODD = """
import json, os, signal, sys, time
sys.path[:] = json.loads(sys.argv[1])
from multiprocessing.connection import Connection
connection = Connection(int(sys.argv[2]))
connection.send_bytes(b"ready")
path, raw = connection.recv_bytes(), connection.recv_bytes()
exec(raw)
"""


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool()
    yield pool
    pool.close()


def test_a_worker_reads_as_the_reader_does_and_is_used_again(pool: WorkerPool) -> None:
    for path, text in (
        ("a.md", "# A\n\nText.\n"),
        ("b.csv", "question,answer\nWhy?,So.\n"),
        ("c.rst", "A\n=\n\nText.\n"),
    ):
        assert pool.read(path, text.encode()) == readers.read(path, text.encode())
    (worker,) = pool._idle
    assert worker.alive


def test_what_is_wrong_with_a_file_comes_back(pool: WorkerPool) -> None:
    with pytest.raises(ContentError) as caught:
        pool.read("a.md", b"one\ntwo \x00")
    assert (caught.value.path, caught.value.line) == ("a.md", 2)
    assert pool.read("b.md", b"Text.").path == "b.md"


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("os._exit(3)", r"exit code 3"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", r"exit code -11"),
        ("os.kill(os.getpid(), signal.SIGXCPU)", r"takes more than 3 s"),
        ("os.kill(os.getpid(), signal.SIGSTOP)", r"exit code -9"),
        ("connection.send_bytes(b'no reply'); time.sleep(600)", r"exit code -9"),
    ],
)
def test_a_worker_that_ends_costs_the_file(act: str, reason: str) -> None:
    worker = Worker(ODD, patience=1 if "STOP" in act else 60)
    worker._patience -= 80 if "STOP" in act else 0
    with pytest.raises(ContentError, match=f"^a.md: .*{reason}"):
        worker.read("a.md", act.encode())
    assert not worker.alive


def test_a_worker_that_was_killed_while_it_waited_costs_nothing_but_a_file(pool: WorkerPool) -> None:
    pool.read("a.md", b"Text.")
    pool._idle[0].kill()
    with pytest.raises(ContentError):
        pool.read("a.md", b"Text.")
    assert pool.read("a.md", b"Text.").blocks


def test_a_worker_that_cannot_start_says_why() -> None:
    with pytest.raises(FaqError, match=r"can be started: .*no such library"):
        Worker("raise ImportError('no such library')")


def test_a_worker_that_took_much_memory_is_replaced() -> None:
    main = (
        "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
        "from indexer.content.workers.worker import main; main(int(sys.argv[2]), int(sys.argv[3]), worn_kb=20_000)"
    )
    worker = Worker(main)
    assert worker.read("a.txt", b"Text.").blocks
    assert worker.alive
    assert worker.read("b.txt", b"Text.\n\n" * 100_000).blocks
    assert not worker.alive


def test_as_many_work_as_threads_ask_and_all_are_kept(pool: WorkerPool) -> None:
    threads = [threading.Thread(target=pool.read, args=("a.md", b"Text.\n\n" * 2_000)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(pool._idle) <= 3


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Text.")
    code = (
        "import sys, time; from pathlib import Path; from indexer.content.corpus import read_corpus\n"
        "read_corpus(Path(sys.argv[1])); print('read', flush=True); time.sleep(600)"
    )
    root = Path(__file__).parents[4]
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], cwd=root, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"read\n"
        children = psutil.Process(parent.pid).children()
        assert children
        os.kill(parent.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=120)
    assert not alive


def test_a_build_that_is_interrupted_waits_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text("Text.")
    (tmp_path / "b.md").write_text("Text.")
    slow = threading.Event()

    def read(path: str, raw: bytes) -> object:
        slow.set()
        time.sleep(0.05)
        raise KeyboardInterrupt

    monkeypatch.setattr(WORKERS, "read", read)
    with pytest.raises(KeyboardInterrupt):
        read_corpus(tmp_path)
    assert slow.is_set()
