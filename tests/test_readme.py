"""What README.md says can be done is done here: its commands, its addresses, its Python, its tables and its links."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pytest
import typer

from indexer.content.corpus import read_corpus
from indexer.content.workers.walls import memory_for, seconds_for
from indexer.documents import FaqEntry
from indexer.settings import ENV_PREFIX, Settings, commands_of, section_of
from search_api.cli import app
from search_api.searcher import Answered
from search_api.web.faults import MAX_HEADER_BYTES
from search_api.web.guard import MAX_BODY_BYTES
from tests.conftest import ROOT
from tests.indexer.content.hostile import GENERATORS
from tests.proofs.test_walls import hostile
from tests.proofs.test_wrong_files import JSON_FILES
from tests.search_api.test_attacks import ATTACKS, HOLDERS

README = (ROOT / "README.md").read_text("utf-8")
(PYTHON,) = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
INDENTED = [
    line.strip() for line in re.sub(r"^```.*?^```$", "", README, flags=re.M | re.S).splitlines() if line[:4] == " " * 4
]
INLINE = re.findall(r"`([^`\n]+)`", README)
FAQ, CURL, MAKE = ".venv/bin/faq ", "curl ", "make "
ADDRESS = "http://127.0.0.1:8000"
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def starting(start: str, lines: list[str] = INDENTED) -> list[str]:
    return [line for line in lines if line.startswith(start)]


def run(arguments: list[str], folder: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    # Without what a `make test` above has set for its own children.
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("FAQ_", "MAKE", "MFLAGS"))}
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=folder, env=variables, **options)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, site_index: Path) -> Path:
    """A copy of what the commands read, with the index that `make serve` would have left."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    shutil.copytree(site_index, folder / ".faq-index")
    for name in ("Makefile", "pyproject.toml", ".constraints.txt"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_every_indented_line_is_a_command_or_a_drawing() -> None:
    known = {line for start in (FAQ, CURL, MAKE) for line in starting(start)}
    assert [line for line in INDENTED if line not in known and " -> " not in line] == []
    assert all(starting(start) for start in (FAQ, CURL, MAKE))


@pytest.mark.parametrize("line", starting(FAQ))
def test_a_command_of_the_readme_runs(line: str, project: Path) -> None:
    arguments = shlex.split(line.removeprefix(FAQ), comments=True)
    done = run([sys.executable, "-m", "search_api.cli", *arguments], project)
    assert done.stdout
    assert done.stderr == ""


def test_the_python_of_the_readme_runs(project: Path) -> None:
    done = run([sys.executable, "-c", PYTHON], project)
    assert done.stderr == ""
    verdict, *hits = done.stdout.splitlines()
    assert verdict.split()[0] in set(Answered)
    assert 0 <= float(verdict.split()[1]) <= 1
    assert len(hits) == 3


def curl(line: str, site_url: str) -> tuple[int, Any]:
    """Do what curl would do, to the server of these tests."""
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("url")
    parser.add_argument("-X", default="GET")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d", type=str.encode)
    said = parser.parse_args(shlex.split(line.removeprefix(CURL)))
    assert said.url.startswith(ADDRESS + "/")
    url = said.url.replace(ADDRESS + "/", site_url)
    headers = dict(header.split(": ", 1) for header in said.H)
    with urllib.request.urlopen(urllib.request.Request(url, said.d, headers, method=said.X)) as response:
        return response.status, json.load(response)


@pytest.mark.parametrize("line", starting(CURL))
def test_a_request_of_the_readme_is_answered(line: str, site_url: str) -> None:
    status, result = curl(line, site_url)
    assert status == 200
    assert len(result["hits"]) == 3


def test_a_result_has_the_fields_that_are_named(site_url: str) -> None:
    _, result = curl(starting(CURL)[0], site_url)
    (sentence,) = re.findall(r"A result has the same fields at every door: (.*?)\. ", " ".join(README.split()))
    outer = re.sub(r"\([^)]*\)", "", sentence)
    inner = {name: re.findall(r"`(\w+)`", text) for name, text in re.findall(r"`(\w+)` \(([^)]*)\)", sentence)}
    assert set(re.findall(r"`(\w+)`", outer)) == set(result)
    assert set(inner["hits"]) <= set(result["hits"][0])
    assert set(inner["answered"]) == set(Answered)


def test_a_failure_has_the_fields_that_are_named(site_url: str) -> None:
    assert "Every HTTP failure is a problem document (RFC 9457) with a\n`code`, a `detail` and the `field`" in README
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(site_url + "search?q=")
    with refused.value as response:
        assert response.headers["Content-Type"] == "application/problem+json"
        assert set(json.load(response)) >= {"code", "detail", "field"}


@pytest.mark.parametrize("address", sorted(set(re.findall(rf"{re.escape(ADDRESS)}[\w/]*", README))))
def test_an_address_is_served(address: str, site_url: str) -> None:
    with urllib.request.urlopen(site_url + address.removeprefix(ADDRESS).lstrip("/") + "?q=why") as response:
        assert response.status == 200


@pytest.mark.parametrize("line", [*starting(MAKE), *starting(MAKE, INLINE)])
def test_make_knows_what_to_do(line: str, project: Path) -> None:
    command, *arguments = shlex.split(line, comments=True)
    planned = run([command, "--dry-run", *arguments], project).stdout
    for place in starting(FAQ, planned.splitlines()):  # what would be run is a command that exists
        name, *rest = shlex.split(place.removeprefix(FAQ))
        COMMANDS[name].make_context(name, rest)
    if "serve" in arguments:
        assert f"--host {ADDRESS.split('/')[-1].replace(':', ' --port ')}" in planned
        content = dict(part.split("=") for part in arguments if "=" in part).get("CONTENT", "corpus/articles")
        assert f"{FAQ}index {content} --index .faq-index" in planned
    if "test" in arguments:
        assert "-m pytest" in planned


def test_make_help_lists_the_rest(project: Path) -> None:
    listed = run(["make", "help"], project).stdout
    assert all(f"make {target}" in listed for target in ("serve", "test", "index", "check", "clean"))


def table(heading: str) -> list[list[str]]:
    """The cells of the table that begins with this heading, below it."""
    below = README[README.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in below]


def options(command: str) -> dict[str, Any]:
    return {name: option for option in COMMANDS[command].params for name in option.opts if name.startswith("-")}


def test_the_table_of_commands_is_complete() -> None:
    rows = table("command")
    described = [row[0].strip("`").split()[1] for row in rows]
    assert sorted(described) == sorted(COMMANDS)
    for name, row in zip(described, rows, strict=True):
        said = set(re.findall(r"(?<![\w-])--?[a-z][a-z0-9-]*", " ".join(row)))
        assert said <= set(options(name))
        arguments = [word for word in row[0].strip("`").split("--")[0].split()[2:] if word.isupper()]
        assert arguments == [p.name.upper() for p in COMMANDS[name].params if p.param_type_name == "argument"]


def options_table() -> list[str]:
    """The table of options as `Settings` has it."""
    lines = ["| option | variable | `faq.toml` | default | |", "|---|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        flag = f"`--{name.replace('_', '-')}`" if commands_of(field) else ""
        section = f"`[{section_of(field)}]`" if section_of(field) else ""
        default = "" if field.default in (None, "", ()) else f"`{field.default}`"
        cells = (flag, f"`{ENV_PREFIX}{name.upper()}`", section, default, field.description)
        lines.append("|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|")
    return lines


def test_the_table_of_options_is_that_of_the_settings() -> None:
    start = README.index("| option |")
    assert README[start : README.index("\n\n", start)].splitlines() == options_table()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_the_flags_that_the_settings_list_for_it(command: str) -> None:
    wanted = {name: field for name, field in Settings.model_fields.items() if command in commands_of(field)}
    for name, field in wanted.items():
        option = options(command)[f"--{name.replace('_', '-')}"]
        assert option.default is None  # else the environment or the site would never be asked
        assert option.help.startswith(f"{field.description} ({ENV_PREFIX}{name.upper()}")


@pytest.mark.parametrize("text", starting("faq ", INLINE))
def test_a_command_in_the_text_exists(text: str) -> None:
    _, name, *rest = text.split()
    assert {word for word in rest if word.startswith("-")} <= set(options(name))


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)\s]+)\)", README))
def test_a_link_leads_to_a_file(target: str) -> None:
    assert (ROOT / target).exists()


def test_what_it_withstands_is_counted() -> None:
    section = README.partition("## What it withstands")[2].partition("\n## ")[0]
    assert f"| {len(GENERATORS)} generators of hostile files, 200 random mutations;" in section
    assert f"{len(ATTACKS)} kinds of raw requests, fifty at a time; {len(HOLDERS)} ways to hold a connection" in section
    assert f"every field of {len(JSON_FILES)} JSON files" in section
    assert f"strace over {len(hostile(Path('outside')))} files of every format" in section
    limits = f"(100 KB: {seconds_for(100_000)} s, {memory_for(100_000) // 10**6} MB)"
    assert limits in section
    assert f"{MAX_HEADER_BYTES // 1024} KB of headers, {MAX_BODY_BYTES // 1024} KB of body" in section


def test_other_phrasings_are_written_as_shown(tmp_path: Path) -> None:
    (line,) = starting("Also asked: ", INLINE)
    (tmp_path / "a.md").write_text(f"# FAQ\n\n## Does he drink too much?\n\n{line}\n\nHe may.\n")
    (document,) = read_corpus(tmp_path).documents
    (entry,) = document.blocks
    assert entry.alternates == tuple(line.removeprefix("Also asked: ").split(" | "))
    assert isinstance(entry, FaqEntry)
    assert entry.answer == "He may."
