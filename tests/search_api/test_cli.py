"""The `faq` command: what it prints for people and for programs, and one clear line for whatever goes wrong."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from indexer.files import sign
from tests.conftest import ROOT, SAMPLE, SmallSite, keep_model, serving
from tests.search_api.command import check_failure, faq

QUESTION = "is it ok to see a counsellor by myself if he says no?"


ESCAPE = "\x1b"


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
    assert "4 documents, 19 passages (7 paragraphs, 12 FAQ entries)" in done.stdout
    assert re.search(r"\d+ texts embedded, 0 reused, 1 files and 1 rows skipped, 0 stale", done.stdout)


def test_a_faulty_file_is_named_with_its_line_and_the_others_are_indexed(tiny: dict[str, Any]) -> None:
    skipped = tiny["done"].stderr.splitlines()
    assert len(skipped) == 2
    assert re.match(r"skipped wrong\.csv:1: .*name, colour", skipped[0])
    assert re.match(r"skipped halved\.jsonl:2: ", skipped[1])  # that line alone


def test_indexing_again_says_that_nothing_changed(tiny: dict[str, Any]) -> None:
    assert faq("index", *tiny["options"]).stdout.startswith("Nothing changed; still generation 000001")


def test_indexing_prints_json_for_programs(tiny: dict[str, Any]) -> None:
    done = faq("index", *tiny["options"], "--json")
    report = json.loads(done.stdout)
    assert (report["generation"], report["published"], report["passages"]) == ("000001", False, 19)
    assert [(error["path"], error["line"]) for error in report["skipped"]] == [("wrong.csv", 1)]
    assert [(error["path"], error["line"]) for error in report["skipped_rows"]] == [("halved.jsonl", 2)]
    assert report["stale"] == []
    assert done.stderr == ""


def test_a_file_that_can_no_longer_be_read_is_told_by_the_exit_code_too(tmp_path: Path, tiny: dict[str, Any]) -> None:
    content, index = tmp_path / "content", shutil.copytree(tiny["index"], tmp_path / "index")
    shutil.copytree(tiny["content"], content)
    (content / "fees.csv").write_bytes(b"\x00")
    done = faq("index", content, "--index", index)
    assert done.returncode == 3
    assert "cannot be read any more; its earlier passages stay fees.csv:1: is binary" in done.stderr
    assert "4 documents, 19 passages" in done.stdout
    assert faq("search", QUESTION, "--index", index).returncode == 0
    dropped = faq("index", content, "--index", index, "--drop-unreadable", "--force")
    assert dropped.returncode == 0
    assert "3 documents" in dropped.stdout


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


def test_other_versions_and_missing_models_are_told_by_name(site: SmallSite) -> None:
    for build in (1, 2, 3):
        site.publish(f"words of build {build}")
    for number, version in (("000001", 1), ("000002", 10**6)):
        path = site.index / "generations" / number / "manifest.json"
        path.write_bytes(sign(json.dumps({"format": version})))
    status = faq("status", "--index", site.index)
    assert re.findall(r"^. (\d{6}) .* (sound|damaged|older|newer) ", status.stdout, re.MULTILINE) == [
        ("000003", "sound"), ("000002", "newer"), ("000001", "older"),
    ]  # fmt: skip
    assert re.search(r"^    high from 0.88 on: 5% of these were wrong on public sites$", status.stdout, re.MULTILINE)
    assert re.match(r"warning .*/models/0{16} is missing", status.stderr)
    verified = faq("verify", "--index", site.index)
    assert verified.returncode == 1
    assert re.search(r"^generation 000002: newer .*or upgrade this version$", verified.stdout, re.MULTILINE)
    assert re.search(r"^generation 000001: older .*faq index CONTENT --index ", verified.stdout, re.MULTILINE)
    assert re.search(r"^model 0{16} hashed-words: damaged .* is missing", verified.stdout, re.MULTILINE)
    check_failure(
        faq("rollback", "1", "--index", site.index), r"^faq: generation 000001 cannot be used: .*older version"
    )


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
    assert [document["document_id"] for document in found["documents"]] == [
        "better-sleep",
        "fees",
        "halved",
        "when-he-says-no",
    ]
    assert [block["kind"] for block in found["documents"][0]["blocks"]] == ["paragraph", "paragraph", "faq", "faq"]
    assert [error["path"] for error in found["skipped"]] == ["wrong.csv"]
    assert [error["path"] for error in found["skipped_rows"]] == ["halved.jsonl"]


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
