"""Three generations, one word apart, and ways to damage them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.generation.generation import Generation
from tests.conftest import ROOT, SmallSite


def damage(site: SmallSite, number: str, name: str = "rows.npy") -> None:
    path = site.index / "generations" / number / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")


@pytest.fixture
def three(site: SmallSite) -> SmallSite:
    """Generations 000001 to 000003, each of the words "words of build N"."""
    for number in range(1, 4):
        site.publish(f"words of build {number}")
    return site


def words_of(generation: Generation) -> str:
    return generation.passages.get([0])[0].text


HOLD_THE_LOCK = """
import sys, time
from pathlib import Path
from indexer.store.index_store import IndexStore
with IndexStore(Path(sys.argv[1])).writing():
    print("locked", flush=True)
    time.sleep(60)
"""


def start(code: str, *arguments: Path) -> subprocess.Popen[str]:
    """Run Python code and wait for its first line."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline(), "it ended before its first line"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()
