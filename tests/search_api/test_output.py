"""What the `faq` command prints where names and texts are hostile, and where output leads nowhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.printable import CONTROL
from tests.conftest import ROOT, SAMPLE, SmallSite, keep_model

# Each acts in a terminal or in rich's markup: colour, title, bell, bidi, line separators, C1, DEL, a second line.
HOSTILE = "\x1b[31m[red]a\x1b]0;b\x07\u202ec\u2066\u2028d\x85\x7f\ne"
SHOWN = r"\x1b[31m[red]a\x1b]0;b\x07\u202ec\u2066\u2028d\x85\x7f\ne"
FAQ = (sys.executable, "-m", "search_api.cli")


def run(
    *arguments: object, command: tuple[str, ...] = FAQ, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FAQ_")} | (env or {})
    given = [os.fsencode(argument if isinstance(argument, bytes) else str(argument)) for argument in arguments]
    line = [*map(os.fsencode, command), *given]
    done: subprocess.CompletedProcess[bytes] = subprocess.run(line, capture_output=True, cwd=ROOT, env=environment)
    assert b"Traceback" not in done.stdout + done.stderr
    assert b"Exception ignored" not in done.stderr
    return done


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, tiny_models: Path, tiny_exports: Path) -> Path:
    """Content and index in folders of hostile names; an answer holds what an author may have pasted."""
    folder = tmp_path_factory.mktemp("output") / HOSTILE
    (folder / "content").mkdir(parents=True)
    (folder / "content" / f"{HOSTILE}.csv").write_text("name,colour\nrose,red\n")
    entry = {"question": f"Why {HOSTILE}?", "answer": f"So [bold]it[/bold] is {HOSTILE}. Or :smile: — 夫婦."}
    (folder / "content" / "a.json").write_text(json.dumps([entry]))
    keep_model(folder / "index", tiny_exports / "cls")
    done = run("index", folder / "content", "--index", folder / "index", "--model", tiny_models / "cls")
    assert done.returncode == 0, done.stderr
    check_plain(done.stdout + done.stderr)
    assert SHOWN in done.stdout.decode()
    assert f"skipped {SHOWN}.csv:1: " in done.stderr.decode()
    return folder / "index"


def check_plain(output: bytes) -> None:
    assert not CONTROL.search(output.decode().replace("\n", ""))


@pytest.mark.parametrize("as_json", [False, True], ids=["for people", "json"])
@pytest.mark.parametrize("command", ["read", "search", "status", "verify"])
def test_nothing_in_a_name_or_a_text_acts_in_a_terminal(index: Path, command: str, as_json: bool) -> None:
    given = {"read": (index.parent / "content",), "search": (f"why {HOSTILE}", "--index", index)}
    arguments = given.get(command, ("--index", index))
    done = run(command, *arguments, *(["--json"] if as_json else []))
    assert done.returncode == 0, done.stderr
    check_plain(done.stdout + done.stderr)
    if as_json:
        json.loads(done.stdout)
    elif command == "search":
        assert "[bold]it[/bold]" in done.stdout.decode()
        assert ":smile: — 夫婦" in done.stdout.decode()


@pytest.mark.parametrize(
    "arguments",
    [("search", "why", "--index", HOSTILE), ("read", HOSTILE), ("status", "--index", HOSTILE), (HOSTILE,),
     ("search", "why", HOSTILE), (f"--{HOSTILE}",), ("search", "why", "-k", HOSTILE), ("serve", "--port", HOSTILE),
     ("evaluate", HOSTILE), ("rollback", HOSTILE), ("search", "why", "--tag", HOSTILE),
     ("index", "x", "--report", HOSTILE), ("index", str(SAMPLE), "--model", f"~{HOSTILE}")],
    ids=lambda arguments: " ".join(arguments).replace(HOSTILE, "X"),
)  # fmt: skip
def test_no_error_acts_in_a_terminal(index: Path, arguments: tuple[str, ...], tmp_path: Path) -> None:
    more: tuple[object, ...] = ()
    if arguments[0] == "rollback" or "--tag" in arguments:
        more = ("--index", index)
    elif arguments[0] == "index":
        more = ("--index", tmp_path / "index")
    done = run(*arguments, *more, env={"HF_HUB_OFFLINE": "1"})
    assert done.returncode in (1, 2)
    assert done.stdout == b""
    check_plain(done.stderr)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_output_of_another_encoding_shows_what_that_lacks(index: Path, encoding: str) -> None:
    environment = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    for arguments in (("search", "why?"), ("status",), ("verify",)):
        done = run(*arguments, "--index", index, env=environment)
        assert done.returncode == 0, done.stderr
    shown = run("search", "why?", "--index", index, env=environment).stdout.decode(encoding)
    assert ("夫婦" if encoding == "utf-16" else r"\u592b\u5a66") in shown
    found = [json.loads(run("search", "why?", "--index", index, "--json", env=each).stdout.decode(name))["hits"]
             for name, each in (("utf-8", {}), (encoding, environment))]  # fmt: skip
    assert found[0] == found[1]
    assert run("--help", env=environment).returncode == 0


READERS = {
    "a reader that has left": "exec {python} -c 'import os, sys; r, w = os.pipe(); os.close(r); os.dup2(w, 1);"
    " os.execv(sys.argv[1], sys.argv[1:])' {faq}",
    "closed output": "exec {faq} >&-",
    "closed errors": "exec {faq} 2>&-",
    "everything closed": "exec {faq} <&- >&- 2>&-",
    "a full disk for errors": "exec {faq} 2>/dev/full",
}


def shell(line: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    script = line.format(python=sys.executable, faq=f'{sys.executable} -m search_api.cli "$@"')
    return run(*arguments, command=("sh", "-c", script, "faq"))


@pytest.mark.parametrize("line", READERS.values(), ids=READERS)
def test_output_that_nobody_reads_changes_nothing(index: Path, line: str, site: SmallSite) -> None:
    for arguments in (("search", "why?", "--index", index), ("search", "why?", "--index", index, "--json"),
                      ("read", SAMPLE, "--json")):  # fmt: skip
        done = shell(line, *arguments)
        assert (done.returncode, done.stderr) == (0, b""), arguments
    site.publish("words")
    (site.index / "generations" / "000001" / "rows.npy").write_bytes(b"")
    assert shell(line, "verify", "--index", site.index).returncode == 1  # a verdict is none the better for it
    assert shell(line, "search", "why?", "--index", site.index).returncode == 1
    assert shell(line, "nothing").returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_output_on_a_full_disk_is_one_clear_line(index: Path) -> None:
    for arguments in (("search", "why?", "--index", index), ("read", SAMPLE, "--json"), ("status", "--index", index),
                      ("verify", "--index", index, "--json"), ("--help",)):  # fmt: skip
        done = shell("exec {faq} >/dev/full", *arguments)
        assert done.returncode == 1
        assert done.stderr == b"faq: what was to be printed could not be: No space left on device\n"


# Runs the command so that something happens when the module that the first argument names is imported.
AT_IMPORT = """
import importlib.abc, os, runpy, signal, sys
wanted = sys.argv.pop(1)
# Tests that run in the background may have been told to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
class Hook(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            sys.meta_path.remove(self)
            {happens}
sys.meta_path.insert(0, Hook())
runpy.run_module("search_api.cli", run_name="__main__")
"""


def at_import(happens: str) -> tuple[str, ...]:
    return (sys.executable, "-c", AT_IMPORT.replace("{happens}", happens))


@pytest.mark.parametrize(
    ("module", "arguments"),
    [("typer", ("--help",)), ("indexer.errors", ("--help",)), ("search_api.searcher", ("search", "why?")),
     ("indexer.store.inventory", ("verify",)), ("search_api.results", ("search", "why?", "--json")),
     ("indexer.content.corpus", ("read", SAMPLE)), ("search_api.web.server", ("serve",))],
    ids=str,
)  # fmt: skip
def test_ctrl_c_is_one_line_at_any_moment(module: str, arguments: tuple[object, ...]) -> None:
    done = run(module, *arguments, command=at_import("os.kill(os.getpid(), signal.SIGINT)"))
    assert (done.returncode, done.stderr, done.stdout) == (130, b"faq: interrupted\n", b"")


@pytest.mark.parametrize(
    ("happens", "said"),
    [("raise MemoryError", r"MemoryError \("), ("raise RecursionError('deep')", r"RecursionError: deep \("),
     ("raise TypeError('a\x1b[31m\\nb')", r"TypeError: a\\x1b\[31m b \("),
     ("raise KeyError('x')", r"KeyError: 'x' \(")],
)  # fmt: skip
def test_what_nobody_foresaw_is_one_line_that_says_where(happens: str, said: str) -> None:
    done = run("search_api.searcher", "search", "why?", command=at_import(happens))
    assert done.returncode == 1
    assert re.fullmatch(rf"faq: a defect of this program, please report it: {said}.*:\d+\)\n", done.stderr.decode())


def loop(folder: Path) -> Path:
    (folder / "loop").symlink_to(folder / "loop")
    return folder / "loop"


def below_a_file(folder: Path) -> Path:
    (folder / "file").write_text("words")
    return folder / "file" / "x"


def too_long(folder: Path) -> Path:
    return folder / ("n" * 5_000)


@pytest.mark.parametrize("where", [loop, below_a_file, too_long])
def test_a_folder_that_may_not_be_entered_is_one_clear_line(where: Callable[[Path], Path], tmp_path: Path) -> None:
    path = where(tmp_path)
    for arguments in (
        ("read", path), ("index", path, "--index", tmp_path / "i"), ("index", SAMPLE, "--index", path),
        ("search", "why?", "--index", path), ("status", "--index", path), ("verify", "--index", path),
        ("rollback", "--index", path), ("evaluate", path), ("watch", path, "--index", tmp_path / "i"),
        ("evaluate", "--index", path, "--questions", path), 
        ("index", SAMPLE, "--index", tmp_path / "i", "--questions", path),
    ):  # fmt: skip
        done = run(*arguments)
        assert done.returncode == 1, arguments
        assert done.stderr.startswith(b"faq: "), arguments
        assert done.stderr.count(b"\n") == 1, arguments
        assert b"a defect" not in done.stderr, (arguments, done.stderr)


@pytest.mark.parametrize("question", [b"\xff\xfe", b"why \xed\xa0\x80?"])
def test_bytes_that_are_no_utf_8_are_no_defect(index: Path, question: bytes) -> None:
    done = run("search", question, "--index", index)
    assert done.returncode in (0, 1)
    assert b"a defect" not in done.stderr
    done = run("search", "why?", "--index", b"/nowhere/" + question)
    assert done.returncode == 1
    assert b"faq: no index in /nowhere/" in done.stderr
    check_plain(done.stderr)
