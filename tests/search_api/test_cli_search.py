"""`faq search`: the answer first, its options, and one clear line for whatever goes wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import SmallSite, keep_model
from tests.search_api.command import check_failure, faq

QUESTION = "is it ok to see a counsellor by myself if he says no?"


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
