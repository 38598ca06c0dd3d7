"""A reader reads what is in its file and nothing else: no other file, no address, no process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from docutils.parsers.rst import directives

from indexer.documents import Document
from tests.indexer.content.hostile import GENERATORS
from tests.indexer.content.reading import read

# Reads what it is given, one text a line, and tells what was opened, started or connected to meanwhile.
_WATCHED = """
import json, sys
from indexer.content import readers
from indexer.content.readers.decoding import load_encodings
from indexer.errors import ContentError

for module in set(readers.READERS.values()):
    readers.reader_of(module)
load_encodings()
files = [(name, bytes.fromhex(raw)) for name, raw in json.load(sys.stdin)]
seen = []
watched = ("open", "os.", "socket.", "subprocess.", "shutil.", "glob.", "tempfile.", "urllib.", "ctypes.", "mmap.")
watching = True

def watch(event, arguments):
    if watching and event.startswith(watched):
        seen.append(f"{event} {arguments}")

sys.addaudithook(watch)
for name, raw in files:
    try:
        readers.read(name, raw)
    except ContentError:
        pass
watching = False
print(json.dumps(seen))
"""
_SECRET = "the secret words of another file"
_OPTIONS = (
    ":file: {file}", ":url: file://{file}", ":loading: embed", ":figwidth: image", ":scale: 50", ":alt: a",
    ":number-lines:", ":literal:", ":code: python", ":parser: markdown", ":encoding: koi8-r", ":class: a",
    ":header-rows: 0", ":target: {file}", ":width: 50%",
)  # fmt: skip
_ARGUMENTS = ("", "{file}", "{file}?.svg", "file://{file}", "http://127.0.0.1:9/a.svg", "python", "|a| b")


def _directives(file: Path) -> Iterator[str]:
    """Every directive of docutils with arguments and options that name files, on the page and inside a list."""
    names = sorted(directives._directive_registry)  # type: ignore[attr-defined]  # no other way to learn them
    assert {"image", "figure", "include", "raw", "csv-table", "math", "code", "role", "default-role"} <= set(names)
    for name in names:
        for argument in _ARGUMENTS:
            alone = [(option,) for option in _OPTIONS] if argument.endswith(".svg") else []
            for options in ((), *alone, _OPTIONS):
                lines = [f".. {name}:: {argument}", *(f"   {option}" for option in options), "", "   words *a*"]
                text = "\n".join(lines).replace("{file}", str(file))
                yield text
                if not options:
                    yield f"* a\n\n  .. |a| {text[3:]}\n\n* b" + "\n\n  ".join(["", *text.split("\n")])


def _opened(files: list[tuple[str, bytes]]) -> list[str]:
    given = json.dumps([(name, raw.hex()) for name, raw in files])
    done = subprocess.run([sys.executable, "-c", _WATCHED], input=given, capture_output=True, text=True, check=True)
    opened: list[str] = json.loads(done.stdout)
    return opened


def test_no_directive_of_restructured_text_opens_anything(tmp_path: Path) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_text(f"<svg><title>{_SECRET}</title></svg>", "utf-8")
    config = tmp_path / "docutils.conf"
    config.write_text("[general]\nfile_insertion_enabled: yes\n", "utf-8")
    files = [("a.rst", text.encode()) for text in _directives(secret)]

    assert len(files) > 2_000
    assert _opened(files) == []


def test_no_reader_opens_anything() -> None:
    pages = {
        "a.html": '<!DOCTYPE html SYSTEM "/etc/passwd"><link rel=stylesheet href=/etc/passwd><img src=/etc/passwd>'
        "<iframe src=/etc/passwd></iframe><object data=/etc/passwd></object><script src=/etc/passwd></script>a",
        "b.html": '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><p>&b; a</p>',
        "c.md": "![a](/etc/passwd) [b](file:///etc/passwd)\n\n{% include /etc/passwd %}\n\n"
        "```{include} /etc/passwd\n```\n",
        "d.yml": "- question: !include /etc/passwd\n  answer: !!python/object/apply:open [/etc/passwd]\n",
        "e.mdx": 'import a from "/etc/passwd"\n\n<Include file="/etc/passwd" /> a\n',
        "f.pod": "=head1 NAME\n\nL<file:///etc/passwd>\n\n=for html <img src=/etc/passwd>\n",
        "g.md": "+++\ninclude = '/etc/passwd'\n+++\n--8<-- '/etc/passwd'\n",
    }
    files = [GENERATORS[name](1_000) for name in GENERATORS] + [(name, text.encode()) for name, text in pages.items()]

    assert _opened(files) == []


def test_the_watch_sees_what_is_opened(tmp_path: Path) -> None:
    """Else the tests above would hold whatever a reader did."""
    watched = _WATCHED.replace("readers.read(name, raw)", "open(name).close()")
    done = subprocess.run(
        [sys.executable, "-c", watched], input='[["/etc/hostname", ""]]', capture_output=True, text=True, check=True
    )

    assert len(json.loads(done.stdout)) == 1


@pytest.mark.parametrize("option", ["", ":loading: embed", ":scale: 50", ":loading: embed\n   :alt: A cup"])
def test_an_image_is_not_read_into_its_page(tmp_path: Path, option: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text(_SECRET, "utf-8")
    text = f"Tea\n===\n\nIs drunk hot.\n\n.. image:: {secret}?.svg\n   {option}\n\nNever cold.\n"

    document = read("a.rst", text)

    assert _SECRET not in str(document)
    assert _texts(document)[0] == "Is drunk hot."
    assert _texts(document)[-1] == "Never cold."


def _texts(document: Document) -> list[str]:
    return [getattr(block, "text", "") for block in document.blocks]
