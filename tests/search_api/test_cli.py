"""The `faq` command as a person runs it: what it prints, how it fails, what a pipe gets."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, SAMPLE, SmallSite, keep_model, serving

QUESTION = "is it ok to see a counsellor by myself if he says no?"
ESCAPE = "\x1b"


def faq(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "search_api.cli", *map(str, arguments)]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("FAQ_")}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=variables | environment)


def check_failure(done: subprocess.CompletedProcess[str], said: str, code: int = 1) -> None:
    assert done.returncode == code
    assert re.search(said, done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.fixture(scope="module")
def tiny(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A content folder with a faulty file, indexed by the command with a model of a few kilobytes."""
    folder = tmp_path_factory.mktemp("cli")
    content, index = folder / "content", folder / "index"
    shutil.copytree(SAMPLE, content)
    (content / "wrong.csv").write_text("name,colour\nrose,red\n")
    (content / "halved.jsonl").write_text('{"question": "Why?", "answer": "So."}\n{"question": "Wh\n')
    options = (content, "--index", index, "--model", tiny_models / "mean")
    return {"content": content, "index": index, "options": options, "done": faq("index", *options)}


def test_indexing_says_what_was_indexed(tiny: dict[str, Any]) -> None:
    done = tiny["done"]
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Published generation 000001")
    assert "3 documents, 18 passages (7 paragraphs, 11 FAQ entries)" in done.stdout
    assert re.search(r"\d+ texts embedded, 0 reused, 2 files skipped", done.stdout)


def test_a_faulty_file_is_named_with_its_line_and_the_others_are_indexed(tiny: dict[str, Any]) -> None:
    skipped = tiny["done"].stderr.splitlines()
    assert len(skipped) == 2
    assert re.match(r"skipped halved\.jsonl:2: ", skipped[0])
    assert re.match(r"skipped wrong\.csv:1: .*name, colour", skipped[1])


def test_indexing_again_says_that_nothing_changed(tiny: dict[str, Any]) -> None:
    assert faq("index", *tiny["options"]).stdout.startswith("Nothing changed; still generation 000001")


def test_indexing_prints_json_for_programs(tiny: dict[str, Any]) -> None:
    done = faq("index", *tiny["options"], "--json")
    report = json.loads(done.stdout)
    assert (report["generation"], report["published"], report["passages"]) == ("000001", False, 18)
    assert [(error["path"], error["line"]) for error in report["skipped"]] == [("halved.jsonl", 2), ("wrong.csv", 1)]
    assert done.stderr == ""


def test_a_search_shows_the_answer_first(sample_index: Path) -> None:
    done = faq("search", QUESTION, "--index", sample_index)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert re.match(r"(Answered|This may help|No good answer here).* \(confidence \d+%\)", lines[0])
    assert re.match(r"1\. Can I see a counsellor on my own\?  \d\.\d{3}", lines[2])
    assert "Yes, individual counselling helps even when your partner refuses." in done.stdout
    assert "When he says no · when-he-says-no/can-i-see-a-counsellor-on-my-own" in done.stdout
    assert len(re.findall(r"^\d\. ", done.stdout, re.MULTILINE)) == 5


def test_a_search_takes_its_options(sample_index: Path) -> None:
    options = ("--index", sample_index, "--json", "--tag", "sleep", "--kind", "faq", "--limit", 1, "--offset", 1)
    found = json.loads(faq("search", "nap", *options).stdout)
    assert (found["total"], len(found["hits"])) == (2, 1)
    assert found["hits"][0]["passage_id"] == "better-sleep/does-coffee-in-the-afternoon-keep-me-awake"


def test_the_index_may_come_from_the_environment(sample_index: Path) -> None:
    assert "1. " in faq("search", "nap", FAQ_INDEX=str(sample_index)).stdout


@pytest.mark.parametrize("text", ["[bold]red[/] [/nothing] nap", "🙂 nap", "-- nap", "多长时间"])
def test_a_question_is_never_markup_or_an_option(sample_index: Path, text: str) -> None:
    done = faq("search", "--index", sample_index, "-k", 1, "--", text)
    assert done.returncode == 0, done.stderr
    assert "1. " in done.stdout


def test_content_that_looks_like_markup_is_printed_as_it_is(
    tmp_path: Path, tiny_models: Path, tiny_exports: Path
) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.md").write_text("# Lists [red]\n\nUse `items[0]` and [/b] here.\n")
    read = faq("read", tmp_path / "c")
    assert "Lists [red]" in read.stdout
    keep_model(tmp_path / "i", tiny_exports / "cls")
    faq("index", tmp_path / "c", "--index", tmp_path / "i", "--model", tiny_models / "cls")
    assert "items[0] and [/b] here." in faq("search", "lists", "--index", tmp_path / "i").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("",), r"^faq: q: is empty; type a question$"),
        (("secret" * 400,), r"^faq: q: has 2,400 characters"),
        (("why", "-k", "0"), r"^faq: limit: is 0, from 1 to 100 are allowed$"),
        (("why", "--offset", "-1"), r"^faq: offset: is -1"),
        (("why", "--kind", "article"), r"^faq: kind: must be one of: paragraph, faq$"),
        (("why", "--tag", "nothing"), r"^faq: tag: no passage has this tag; known tags: "),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_bad_question_is_one_clear_line(sample_index: Path, arguments: tuple[str, ...], said: str) -> None:
    done = faq("search", *arguments, "--index", sample_index)
    check_failure(done, said)
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


def test_searching_without_an_index_says_how_to_build_one(tmp_path: Path) -> None:
    check_failure(faq("search", "why", "--index", tmp_path / "none"), r"^faq: no index in .*none; build one: faq index")


def test_searching_a_damaged_index_names_the_file(site: SmallSite) -> None:
    site.publish("words")
    (site.index / "generations" / "000001" / "rows.npy").write_bytes(b"")
    check_failure(faq("search", "why", "--index", site.index), r"rows\.npy does not match")


def test_a_damaged_index_is_answered_from_the_generation_before_with_a_warning(
    tiny_models: Path, tiny_exports: Path, tmp_path: Path
) -> None:
    index, content = tmp_path / "index", tmp_path / "content"
    content.mkdir()
    keep_model(index, tiny_exports / "cls")
    for words in ("first words", "second words"):
        (content / "a.md").write_text(f"# Title\n\n{words}\n")
        assert faq("index", content, "--index", index, "--model", tiny_models / "cls").returncode == 0
    (index / "generations" / "000002" / "rows.npy").write_bytes(b"")
    done = faq("search", "words", "--index", index)
    assert done.returncode == 0
    assert "first words" in done.stdout
    assert re.match(r"answering from generation 000001 .*rows\.npy does not match", done.stderr)
    assert done.stderr.count("\n") == 1
    table = faq("status", "--index", index).stdout
    assert re.search(r"^→ 000002 .* 1 +\d\.\d  damaged  .*/cls\n    .*rows\.npy does not match", table, re.MULTILINE)
    assert re.search(r"^  000001 .* 1 +\d\.\d  sound    .*/cls$", table, re.MULTILINE)
    checked = faq("verify", "--index", index)
    assert checked.returncode == 1
    assert re.match(r"generation 000002: damaged .*rows\.npy", checked.stdout)
    assert re.search(r"^generation 000001: sound\nmodel [0-9a-f]{16} .*cls: sound$", checked.stdout, re.MULTILINE)
    assert faq("rollback", "--index", index).stdout.startswith("Generation 000001 is published again")
    assert json.loads(faq("status", "--index", index, "--json").stdout)["generations"][1]["current"] is True
    check_failure(faq("rollback", "2", "--index", index), r"^faq: generation 000002 is damaged: .*possible are: none$")


def test_a_sound_index_verifies_and_a_damaged_model_is_named(tmp_path: Path, tiny: dict[str, Any]) -> None:
    done = faq("verify", "--index", tiny["index"])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(": sound\n") == 2
    index = shutil.copytree(tiny["index"], tmp_path / "index")
    (graph,) = index.glob("models/*/model.onnx")
    graph.write_bytes(graph.read_bytes()[:-1])
    done = faq("verify", "--index", index, "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["sound"], told["generations"][0]["damage"]) == (False, "")
    assert "model.onnx is damaged" in told["models"][0]["damage"]
    check_failure(faq("search", "nap", "--index", index), r"model\.onnx is damaged")


@pytest.mark.parametrize("command", ["status", "verify", "rollback"])
def test_an_index_that_is_not_there_is_one_clear_line(tmp_path: Path, command: str) -> None:
    check_failure(faq(command, "--index", tmp_path / "none"), r"^faq: no index in .*none; build one")


def test_a_refused_rebuild_shows_its_report_and_force_publishes_it(
    tiny_models: Path, tiny_exports: Path, tmp_path: Path
) -> None:
    content, page = tmp_path / "content", tmp_path / "report.html"
    content.mkdir()
    keep_model(tmp_path / "index", tiny_exports / "cls")
    options = (content, "--index", tmp_path / "index", "--model", tiny_models / "cls")
    for name in "abcdefghijklm":
        (content / f"{name}.md").write_text(f"# {name}\n\nwords of {name}\n")
    assert faq("index", *options).returncode == 0
    for name in "bcdefghijklm":
        (content / f"{name}.md").unlink()
    done = faq("index", *options, "--report", page)
    assert done.returncode == 1
    assert re.search(r"^faq: nothing was published: 12 of 13 passages would be gone.*--force", done.stderr)
    assert done.stderr.count("\n") == 1
    assert done.stdout.startswith("Refused; still generation 000001")
    assert "  12 passages removed\n    b/b\n    c/c\n" in done.stdout
    assert done.stdout.endswith("    k/k\n    and 2 more\n")
    assert "12 of 13 passages would be gone" in page.read_text("utf-8")
    refused = faq("index", *options, "--json")
    assert refused.returncode == 1
    told = json.loads(refused.stdout)
    assert (told["published"], told["generation"], len(told["review"]["passages"]["removed"])) == (False, "000001", 12)
    assert "12 of 13" in told["refused"]
    assert faq("index", *options, "--max-removed", "1").stdout.startswith("Published generation 000002")
    done = faq("index", *options, "--full", "--keep", "1")
    assert re.search(r"Published generation 000003[^!]*\n  2 texts embedded, 0 reused", done.stdout)
    check_failure(faq("index", *options, "--report", tmp_path / "no" / "r.html"), r"^faq: --report .*must name a file")
    check_failure(faq("index", *options, "--keep", "0"), "Usage: ", 2)


@pytest.mark.parametrize("command", ["index", "read"])
def test_content_that_is_not_there_is_one_clear_line(tmp_path: Path, command: str) -> None:
    where = ("--index", tmp_path / "i") if command == "index" else ()
    check_failure(faq(command, tmp_path / "none", *where), r"^faq: .*none: no such file or folder")
    assert not (tmp_path / "i").exists()


def test_indexing_an_empty_folder_fails_and_keeps_what_is_published(site: SmallSite) -> None:
    site.publish("words")
    (site.content / "article.md").unlink()
    check_failure(faq("index", site.content, "--index", site.index), r"^faq: .*: nothing to index here")
    assert site.store.current() == "000001"


@pytest.mark.parametrize("arguments", [("nothing",), ("search",), ("search", "why", "-k", "five"), ("index", "--no")])
def test_wrong_usage_is_explained(arguments: tuple[str, ...]) -> None:
    check_failure(faq(*arguments), "Usage: ", 2)


@pytest.mark.parametrize(
    "command", [(), ("index",), ("search",), ("serve",), ("read",), ("status",), ("verify",), ("rollback",)]
)
def test_every_command_has_its_help(command: tuple[str, ...]) -> None:
    done = faq(*command, "--help")
    assert done.returncode == 0
    assert "Usage: " in done.stdout


def test_reading_shows_how_content_is_understood(tiny: dict[str, Any]) -> None:
    done = faq("read", tiny["content"])
    assert done.returncode == 0
    assert "When he says no when-he-says-no.txt: 5 paragraphs, 5 FAQ entries" in done.stdout
    assert "  ? Can I see a counsellor on my own?" in done.stdout
    assert "  ¶ Quiet evenings: Put screens away" in done.stdout
    assert re.search(r"^skipped wrong\.csv:1: ", done.stderr, re.MULTILINE)


def test_reading_prints_json_for_programs(tiny: dict[str, Any]) -> None:
    found = json.loads(faq("read", tiny["content"], "--json").stdout)
    assert [document["document_id"] for document in found["documents"]] == ["better-sleep", "fees", "when-he-says-no"]
    assert [block["kind"] for block in found["documents"][0]["blocks"]] == ["paragraph", "paragraph", "faq", "faq"]
    assert [error["path"] for error in found["skipped"]] == ["halved.jsonl", "wrong.csv"]


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_a_pipe_gets_no_escape_codes(tiny: dict[str, Any], environment: dict[str, str]) -> None:
    for arguments in (("read", tiny["content"]), ("search", QUESTION, "--index", tiny["index"]), ("--help",)):
        done = faq(*arguments, **environment)
        assert done.returncode == 0
        assert ESCAPE not in done.stdout + done.stderr


def test_a_pipe_gets_whole_lines_however_long(tiny: dict[str, Any]) -> None:
    done = faq("read", tiny["content"], COLUMNS="20")
    assert "When he says no when-he-says-no.txt: 5 paragraphs, 5 FAQ entries" in done.stdout


def test_a_reader_that_has_enough_is_no_error(tiny: dict[str, Any]) -> None:
    command = [sys.executable, "-m", "search_api.cli", "read", str(tiny["content"]), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(30) in (0, 1)
    process.stderr.close()


def test_serving_answers_before_and_after_the_first_index(tmp_path: Path, tiny_models: Path) -> None:
    index = tmp_path / "index"
    server = serving(index)
    with server as url:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url + "search?q=why")
        assert refused.value.code == 503
        refused.value.close()
        assert faq("index", SAMPLE, "--index", index, "--model", tiny_models / "cls").returncode == 0
        for _ in range(200):
            with urllib.request.urlopen(url + "health"):
                pass
            if "serving generation 000001" in server.read_log():
                break
        with urllib.request.urlopen(url + "search?q=why") as answered:
            assert json.load(answered)["generation"] == "000001"
    assert server.process.returncode in (0, -15)
    assert "Traceback" not in server.log


def test_serving_on_a_port_that_is_taken_is_one_clear_line(sample_index: Path) -> None:
    with serving(sample_index) as url:
        done = faq("serve", "--index", sample_index, "--port", url.rsplit(":", 1)[1].strip("/"))
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "address already in use" in done.stderr
