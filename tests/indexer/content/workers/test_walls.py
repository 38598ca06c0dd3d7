"""The walls hold whatever a parser does, in Python or below it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.content.workers.walls import memory_for, seconds_for

ACTS = {
    "open": "open('/etc/passwd').read()",
    "open for writing": "open('/tmp/faq-walls', 'w')",
    "os.open": "__import__('os').open('/proc/self/environ', 0)",
    "list": "os.listdir('/')",
    "scan": "os.scandir('/')",
    "rename": "os.rename('/nowhere', '/elsewhere')",
    "remove": "os.remove('/nowhere')",
    "run": "subprocess.run(['/bin/true'])",
    "system": "os.system('true')",
    "spawn": "os.posix_spawn('/bin/true', ['/bin/true'], {})",
    "exec": "os.execv('/bin/true', ['/bin/true'])",
    "fork": "os.fork()",
    "kill": "os.kill(os.getppid(), 0)",
    "socket": "socket.socket()",
    "look up": "socket.getaddrinfo('localhost', 80)",
    "fetch": "urllib.request.urlopen('http://127.0.0.1:9/')",
    "library": "ctypes.CDLL(None)",
    "import": "import wave",
    "database": "sqlite3.connect('/tmp/faq-walls.db')",
    "unpickle": r"pickle.loads(b'cos\nsystem\n(S\'true\'\ntR.')",
    "limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))",
}
# The C library's own functions, which no audit hook sees: the result is -1.
BELOW = {
    "open": "libc.open(b'/etc/passwd', 0)",
    "socket": "libc.socket(2, 1, 0)",
    "pipe": "libc.dup(0)",
}
SCRIPT = """
import ctypes, encodings.idna, json, os, pickle, resource, socket, sqlite3, subprocess, sys, urllib.request
from indexer.content.workers.walls import Walls
acts, below = json.loads(sys.argv[1])
libc = ctypes.CDLL(None)
libc.open, libc.socket, libc.dup  # looked up before
walls, done = Walls(), {}
compiled = {name: compile(act, name, "exec") for name, act in acts.items()}
compiled_below = {name: compile(act, name, "eval") for name, act in below.items()}
with walls.around(1000):
    for name, act in compiled.items():
        try:
            exec(act)
            done[name] = "done"
        except Exception as error:
            done[name] = type(error).__name__
    numbers = {name: (eval(act)) for name, act in compiled_below.items()}
open("/etc/passwd").close()
print(json.dumps([done, numbers]))
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[4]
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=root, capture_output=True, text=True, timeout=300
    )


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no such limits")
def test_nothing_can_be_opened_started_or_reached() -> None:
    ended = run(SCRIPT, json.dumps([ACTS, BELOW]))
    assert ended.returncode == 0, ended.stderr
    done, numbers = json.loads(ended.stdout)
    assert done == dict.fromkeys(ACTS, "WallError") | {"import": "ImportError"}
    assert numbers == dict.fromkeys(BELOW, -1)


LIMITED = """
import sys
from indexer.content.workers.walls import Walls
walls = Walls()
with walls.around(0):
    {act}
"""


def test_memory_is_limited_and_given_back() -> None:
    ended = run(
        LIMITED.format(act="x = bytearray(300 * 2**20); del x")
        + "with walls.around(0):\n    try:\n        bytearray(400 * 2**20)\n"
        "    except MemoryError:\n        pass\n    else:\n        sys.exit('no limit')\n"
        "with walls.around(2 * 2**20):\n    bytearray(400 * 2**20)\n"  # a larger file may take more
    )
    assert ended.returncode == 0, ended.stderr


def test_processor_time_is_limited() -> None:
    assert run(LIMITED.format(act="while True: pass")).returncode == -signal.SIGXCPU


def test_limits_grow_with_the_file() -> None:
    assert (seconds_for(0), seconds_for(100_000), seconds_for(20 * 2**20)) == (2, 5, 602)
    assert memory_for(100_000) < 512 * 2**20 < memory_for(2**20) < memory_for(20 * 2**20) == 3 * 2**30
