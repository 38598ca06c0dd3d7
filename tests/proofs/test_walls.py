"""A build of content made to reach outside: what its workers ask of the system while they read, as strace saw it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not shutil.which("strace") and not os.environ.get("CI"),
    reason="needs strace, which records what a program asks for",
)

ROOT = Path(__file__).parents[2]
SECRET = "words that stand outside of the content"
READ = """
import sys
from pathlib import Path
from indexer.content.corpus import read_corpus
found = read_corpus(Path(sys.argv[1]))
print(sorted(document.path for document in found.documents))
print([str(block) for document in found.documents for block in document.blocks])
print([str(error) for error in found.skipped])
"""


def hostile(outside: Path) -> dict[str, str]:
    """Files that name another one in every way that their formats know; {0} is its path."""
    url = f"file://{outside}"
    embedded = "".join(
        f".. {directive}:: {target}\n{options}\n"
        for target in (outside, url, f"{outside}?.svg", f"{url}?.svg", "http://127.0.0.1:9/a.svg")
        for directive in ("image", "figure", "include", "literalinclude", "raw", "csv-table", "math", "meta")
        for options in ("", "   :loading: embed\n", f"   :file: {outside}\n", f"   :url: {url}\n")
    )
    return {
        "good.md": "# Good\n\nA page that means no harm.\n",
        "a.rst": "Help\n====\n\nWords of the page.\n\n"
        f"{embedded}\n.. |x| image:: {outside}?.svg\n   :loading: embed\n\n|x|\n",
        "b.md": f"# B\n\nWords. ![x]({url}) {{{{< include {outside} >}}}} {{% include {outside} %}}\n\n"
        f'!!!include({outside})!!!\n\n--8<-- "{outside}"\n\n@import "{outside}"\n\n<img src="{url}">\n',
        "c.html": f'<!DOCTYPE html [<!ENTITY x SYSTEM "{url}"><!ENTITY % y SYSTEM "http://127.0.0.1:9/"> %y;]>'
        f'<html xmlns:xi="http://www.w3.org/2001/XInclude"><base href="file:///"><link rel=stylesheet href="{outside}">'
        f'<p>Words of &x; a page.</p><xi:include href="{outside}" parse="text"/><iframe src="{url}"></iframe>'
        f'<!--#include file="{outside}" --></html>',
        "d.yml": f"- question: Why?\n  answer: !!python/object/apply:builtins.open ['{outside}']\n",
        "e.yml": f"- question: Why?\n  answer: !include {outside}\n",
        "f.pod": f"=head1 NAME\n\nf - words\n\n=for include {outside}\n\n"
        f"=begin html\n\n<iframe src='{outside}'>\n\n=end html\n",
        "g.json": f'[{{"question": "Why?", "answer": {{"$ref": "{url}"}}}}, {{"question": "Who?", "answer": "Me."}}]',
        "h.csv": f'question,answer\nWhy?,"=WEBSERVICE(""{url}"")"\n',
        "i.txt": f"Words of a text, and what stands in {url} of it.\n",
    }


def calls_behind_walls(trace: Path) -> tuple[int, list[str]]:
    """How often walls went up, and every call made while they stood but the one that takes them down."""
    standing: set[str] = set()
    times, calls = 0, []
    for line in trace.read_text("utf-8", "replace").splitlines():
        pid, _, call = line.partition(" ")
        limit = re.search(r"RLIMIT_NOFILE, \{rlim_cur=(\w+)", call)
        if limit is not None and limit[1] == "0":
            standing.add(pid)
            times += 1
        elif limit is not None:
            standing.discard(pid)
        elif pid in standing and "prlimit64" not in call:
            calls.append(call)
    return times, calls


def test_workers_open_nothing_while_they_read(tmp_path: Path) -> None:
    content, outside, trace = tmp_path / "content", tmp_path / "outside.svg", tmp_path / "trace"
    content.mkdir()
    outside.write_text(f"<svg><text>{SECRET}</text></svg>")
    files = hostile(outside)
    for name, text in files.items():
        (content / name).write_text(text)
    calls = "trace=%file,%network,%process,prlimit64"
    command = [
        "strace",
        "-f",
        "-e",
        "signal=none",
        "-e",
        calls,
        "-o",
        str(trace),
        sys.executable,
        "-c",
        READ,
        str(content),
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stderr
    assert calls_behind_walls(trace) == (len(files), [])
    paths, blocks, skipped = ended.stdout.splitlines()
    assert "good.md" in paths
    assert "a.rst" in paths, skipped
    assert SECRET not in blocks
    opened = [line for line in trace.read_text("utf-8", "replace").splitlines() if re.search(r"\bopen(at)?\(", line)]
    assert any(str(content) in line for line in opened)  # by the parent
    assert not [line for line in opened if str(outside) in line]
