"""Options: where a value comes from, what goes before what, and that whatever is wrong is named with its place."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from indexer.errors import SettingsError
from indexer.settings import (
    SITE_FILE,
    Settings,
    checked_of_serving,
    commands_of,
    of_serving,
    section_of,
)
from indexer.site_file import read_site_settings
from search_api.options import with_settings
from tests.conftest import SmallSite

Write = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Writes a faq.toml, and gives its folder."""

    def write(text: str) -> Path:
        (tmp_path / SITE_FILE).write_text(text, "utf-8")
        return tmp_path

    return write


def test_flags_go_before_variables_those_before_the_site_and_that_before_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = {"high": 0.7, "partial": 0.1}
    assert (Settings().high, Settings().with_site(site).high) == (None, 0.7)
    monkeypatch.setenv("FAQ_HIGH", "0.6")
    assert (Settings().with_site(site).high, Settings().with_site(site).partial) == (0.6, 0.1)
    assert Settings(high=0.5).with_site(site).high == 0.5


def test_an_empty_variable_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAQ_MODEL", "")
    assert Settings() == Settings.model_construct()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1


def test_the_key_is_shown_nowhere_and_given_to_no_child() -> None:
    settings = Settings(admin_key="a-secret-of-some-length", port=81)
    assert "a-secret" not in repr(settings)
    assert settings.environment() == {"FAQ_PORT": "81"}


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("FAQ_HIGH", "2", "FAQ_HIGH must be less than or equal to 1"),
        ("FAQ_PORT", "http", "FAQ_PORT must be a valid integer"),
        ("FAQ_KEEP", "0", "FAQ_KEEP must be greater than or equal to 1"),
    ],
)
def test_a_variable_that_is_wrong_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"^{said}"):
        Settings()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"high": -1}, "high must be greater than or equal to 0"),
        ({"hihg": 1}, r"hihg is no setting; high is meant\?"),
        ({"high": 0.2, "partial": 0.3}, r"partial is 0\.3 with high 0\.2"),
    ],
)
def test_a_value_that_is_wrong_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=f"^{said}"):
        Settings(**given)


def test_of_thresholds_that_cross_the_one_that_was_given_moves_the_other() -> None:
    assert Settings(high=0.1).with_site({}).partial == 0.1
    site = {"high": 0.9, "partial": 0.85}
    assert (Settings(partial=0.87).with_site(site).high, Settings(partial=0.95).with_site(site).high) == (0.9, 0.95)
    assert Settings(high=0.5).with_site(site).partial == 0.5


@pytest.mark.parametrize("value", [[1], "x", None, {"high": 0.1}, {"high": "0.9"}, {"high": 2}])
def test_what_a_generation_has_of_them_is_checked(value: object) -> None:
    with pytest.raises(ValueError, match=r"no object|partial is|validation error"):
        checked_of_serving(value)


def test_what_another_version_has_written_there_is_left_out() -> None:
    assert checked_of_serving({"high": 0.9, "new": 1, "port": "x"}) == {"high": 0.9}


def test_a_folder_without_the_file_sets_nothing(tmp_path: Path) -> None:
    assert read_site_settings(tmp_path) == {}


def test_what_the_file_sets_is_read_and_paths_are_meant_from_its_folder(written: Write, tmp_path: Path) -> None:
    (tmp_path / "own-model").mkdir()
    folder = written('[index]\nmodel = "own-model"\nquestions = "../asked"\nmax_removed = 0.2\n[verdict]\nhigh = 0.9\n')
    assert read_site_settings(folder) == {
        "model": str(tmp_path / "own-model"), "questions": (tmp_path / "../asked",), "max_removed": 0.2, "high": 0.9
    }  # fmt: skip
    assert read_site_settings(written('[index]\nmodel = "a/name"\n')) == {"model": "a/name"}


def test_answering_takes_the_verdict_along_and_nothing_else() -> None:
    assert of_serving({"model": "m", "min_p1": 0.5, "high": 0.9, "partial": 0.1}) == {"high": 0.9, "partial": 0.1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n[verdict]\nhigh = 2\n", r":3: \[verdict\] high must be less than or equal to 1"),
        ("[verdict]\n\nhigh = 'x'\n", r":3: \[verdict\] high must be a valid number"),
        ("[verdict]\nhihg = 1\n", r":2: \[verdict\] hihg is no setting; high is meant\?"),
        ("[verdict]\nzzz = 1\n", r":2: \[verdict\] zzz is no setting; there are high, partial"),
        ("# x\n[verdikt]\nhigh = 1\n", r":2: verdikt is no section; verdict is meant\?"),
        ("high = 1\n", r":1: high is no section; there are \[index\], \[verdict\]"),
        ("[index]\nkeep = 1\n", r":2: \[index\] keep is no setting; there are model"),  # the machine's
        ("\n[[verdict]]\nhigh = 1\n", r":2: verdict is a section; write \[verdict\] once"),
        ("\n\nverdict.high = 2\n", r":3: \[verdict\] high must be"),
        ("[verdict]\nhigh = true\n", r":2: \[verdict\] high must be a valid number"),
        ("[verdict]\nhigh = nan\n", r":2: \[verdict\] high must be"),
        ("[verdict]\nhigh = 0.1\n", r":2: \[verdict\] partial is 0\.12 with high 0\.1"),
        ("[index]\nmodel = ''\n", r":2: \[index\] model is empty"),
        ('"a\\nfaq: ok" = 1\n', r': "a\\nfaq: ok" is no section'),
        ("[index]\nmodel = [\n", ": is not TOML"),
        ("[index]\nmodel =\n", ":2: is not TOML: "),
        ("[verdict]\nhigh = " + "1" * 5000 + "\n", ": is not TOML: "),
    ],
    ids=lambda part: str(part)[:20],
)
def test_a_line_that_is_wrong_is_named_with_what_is_meant(written: Write, text: str, said: str) -> None:
    folder = written(text)
    with pytest.raises(SettingsError, match=f"^{folder / SITE_FILE}{said}"):
        read_site_settings(folder)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / SITE_FILE).write_bytes(b"\xff\xfe[\x00")
    with pytest.raises(SettingsError, match="is not UTF-8; save it as UTF-8"):
        read_site_settings(tmp_path)


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / SITE_FILE).mkdir()
    with pytest.raises(SettingsError, match="is not a regular file"):
        read_site_settings(tmp_path)


def test_every_setting_says_what_it_is_for_and_only_known_commands_have_it() -> None:
    known = {"index", "watch", "search", "serve", "status", "verify", "rollback", "evaluate"}
    for name, field in Settings.model_fields.items():
        assert field.description
        assert field.description.endswith(".")
        assert set(commands_of(field)) <= known
        assert commands_of(field) or name == "admin_key"
        assert section_of(field) in ("", "index", "verdict")


def test_the_site_s_verdict_is_published_with_its_content_and_rolled_back_with_it(site: SmallSite) -> None:
    site.write("a.md", "# A\n\nOwls hunt mice.\n")
    first = site.build()
    assert (site.searcher().thresholds.high, site.store.load().settings) == (0.88, {})
    site.write(SITE_FILE, "[verdict]\nhigh = 0.3\npartial = 0.2\n")
    second = site.build()
    assert (second.published, second.embedded, second.skipped) == (True, 0, ())  # it is no content
    assert (site.searcher().settings.high, site.searcher().settings.partial) == (0.3, 0.2)
    assert not site.build().published
    site.store.rollback(first.generation)
    assert site.searcher().thresholds.high == 0.88


def test_a_site_file_that_is_wrong_leaves_the_index_as_it_was(site: SmallSite) -> None:
    site.publish("words")
    site.write(SITE_FILE, "[verdict]\nhigh = 3\n")
    with pytest.raises(SettingsError, match=r"faq\.toml:2: \[verdict\] high"):
        site.build()
    assert site.store.generations() == ["000001"]


def test_several_folders_of_questions_are_one_more_flag_a_list_or_a_text_as_in_path(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written('[index]\nquestions = ["one", "two"]\n')
    assert read_site_settings(folder)["questions"] == (folder / "one", folder / "two")
    monkeypatch.setenv("FAQ_QUESTIONS", os.pathsep.join(("a", "b")))
    assert Settings().questions == (Path("a"), Path("b"))
    assert Settings().environment()["FAQ_QUESTIONS"] == os.pathsep.join(("a", "b"))
    given: list[Settings] = []

    def index(settings: Settings) -> None:
        given.append(settings)

    command = with_settings(index)
    flags = dict.fromkeys(inspect.signature(command).parameters)
    command(**flags | {"questions": [Path("c"), Path("d")]})
    command(**flags | {"questions": []})  # as typer gives what was not used
    assert [settings.questions for settings in given] == [(Path("c"), Path("d")), (Path("a"), Path("b"))]


def test_the_site_s_own_gate_and_questions_hold(site: SmallSite, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    (asked / "qrels").mkdir(parents=True)
    (asked / "queries.jsonl").write_text('{"_id": "q", "text": "what do owls hunt"}\n')
    (asked / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\ta/a\t1\n")
    site.write("a.md", "# A\n\nOwls hunt mice.\n")
    site.write(SITE_FILE, f'[index]\nquestions = "{asked}"\nmin_p1 = 0.5\n')
    report = site.build()
    assert report.calibrated_on == 1
    assert report.review is not None
    assert report.review.questions is not None
    assert (report.review.questions.labelled, report.review.questions.p1) == (1, 1.0)
