"""`faq watch`: a build for every change that is one, through errors and until it is told to end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from indexer.build import build_index
from indexer.errors import ContentError, DatasetError, IndexLockedError
from indexer.settings import Settings
from search_api.watch import watch
from tests.conftest import ROOT, SmallSite, keep_model
from tests.search_api.command import check_failure, faq
from tests.search_api.test_live_index import eventually


class EndedError(BaseException):
    """Ends the watch of a test."""


class Watched:
    """A watch in a thread; `built` counts its builds, `errors` are what it was told."""

    def __init__(self, content: Path, index: Path, questions: Path | None = None) -> None:
        self.built, self.errors = 0, list[str]()
        self.fail: Exception | None = None
        self._over = False
        self._arguments = (content, index, () if questions is None else (questions,))
        self._poke = content / "poke.md" if content.is_dir() else content
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with suppress(EndedError):
            watch(
                *self._arguments,
                build=self._build,
                failed=lambda error: self.errors.append(str(error)),
                quiet_ms=200,
            )

    def _build(self) -> None:
        if self._over:
            raise EndedError
        self.built += 1
        if self.fail is not None:
            raise self.fail

    def waits_for(self, built: int) -> None:
        eventually(lambda: self.built >= built)
        assert self.built == built

    def end(self) -> None:
        self._over = True
        while self._thread.is_alive():
            self._poke.parent.mkdir(parents=True, exist_ok=True)
            self._poke.write_text("# The end\n\nof it\n")
            self._thread.join(0.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "content" / "below").mkdir(parents=True)
    return tmp_path / "content"


@pytest.fixture
def watched(folder: Path, tmp_path: Path) -> Iterator[Watched]:
    (tmp_path / "questions").mkdir()
    watched = Watched(folder, folder / "index", tmp_path / "questions")
    yield watched
    watched.end()


def test_every_change_is_built_and_nothing_else(watched: Watched, folder: Path, tmp_path: Path) -> None:
    watched.waits_for(1)
    for number in range(5):  # together they are one change
        (folder / f"{number}.md").write_text("words")
    watched.waits_for(2)
    (folder / "below" / "a.md").write_text("words")
    watched.waits_for(3)
    # What the index folder holds, and what is hidden, is no content: only the rename after it is.
    (folder / "index" / "generations").mkdir(parents=True)
    (folder / "index" / "generations" / "rows.npy").write_text("rows")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("main")
    (folder / ".a.md.swp").write_text("words")
    threading.Event().wait(1.0)
    assert watched.built == 3
    (folder / "0.md").rename(folder / "9.md")
    watched.waits_for(4)
    (tmp_path / "questions" / "queries.jsonl").write_text("{}")
    watched.waits_for(5)
    (folder / "9.md").unlink()
    watched.waits_for(6)
    assert watched.errors == []


def test_an_error_is_told_and_ends_nothing(watched: Watched, folder: Path) -> None:
    watched.waits_for(1)
    watched.fail = ContentError("a.md", "is empty")
    (folder / "a.md").write_text("")
    watched.waits_for(2)
    watched.fail = None
    (folder / "a.md").write_text("words")
    watched.waits_for(3)
    assert watched.errors == ["a.md: is empty"]
    watched.fail = UnicodeError("of a kind that nobody expects")
    (folder / "a.md").write_text("more words")
    watched.waits_for(4)
    assert "UnicodeError: of a kind" in watched.errors[1]
    watched.fail = None
    (folder / "a.md").write_text("words")
    watched.waits_for(5)


def test_what_another_process_kept_from_being_built_is_built_later(watched: Watched, folder: Path) -> None:
    watched.waits_for(1)
    watched.fail = IndexLockedError("somebody else builds")
    (folder / "a.md").write_text("words")
    eventually(lambda: watched.built >= 4)  # by itself, again and again
    watched.fail = None
    tried = watched.built
    eventually(lambda: watched.built > tried)
    assert watched.errors == ["somebody else builds"]  # said once


def test_a_folder_that_is_made_anew_is_watched_again(watched: Watched, folder: Path) -> None:
    watched.waits_for(1)
    shutil.rmtree(folder)
    eventually(lambda: watched.built >= 2)
    folder.mkdir()
    eventually(lambda: watched.built >= 3)
    before = watched.built
    (folder / "a.md").write_text("words")
    eventually(lambda: watched.built > before)


def test_a_single_file_is_watched_through_an_editor_that_replaces_it(folder: Path, tmp_path: Path) -> None:
    (folder / "a.md").write_text("words")
    watched = Watched(folder / "a.md", tmp_path / "index")
    try:
        watched.waits_for(1)
        (folder / "b.md").write_text("not this one")
        (folder / "new").write_text("other words")
        os.replace(folder / "new", folder / "a.md")
        watched.waits_for(2)
        (folder / "a.md").write_text("more words")
        watched.waits_for(3)
    finally:
        watched.end()


def test_what_is_not_there_cannot_be_watched(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="none: no such file or folder"):
        watch(tmp_path / "none", tmp_path, build=lambda: None, failed=print)
    with pytest.raises(DatasetError, match="none: no such folder"):
        watch(tmp_path, tmp_path, [tmp_path / "none"], build=lambda: None, failed=print)
    check_failure(faq("watch", tmp_path / "none"), r"^faq: .*none: no such file or folder")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_its_reports_until_it_is_ended(
    site: SmallSite, tiny_models: Path, tiny_exports: Path, ending: signal.Signals
) -> None:
    model = str(tiny_models / "mean")
    site.write("article.md", "# Article\n\nfirst words\n")
    keep_model(site.index, tiny_exports / "mean")
    build_index(site.content, site.index, settings=Settings(model=model))
    command = [sys.executable, "-m", "search_api.cli", "watch", str(site.content), "--index", str(site.index)]
    command += ["--model", model]
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
        # Tests that run in the background may have been told to ignore the first of the signals.
        listening = partial(signal.signal, ending, signal.SIG_DFL)
        with subprocess.Popen(command, stdout=out, stderr=err, cwd=ROOT, preexec_fn=listening) as process:
            try:
                eventually(lambda: b"Nothing changed; still generation 000001" in Path(out.name).read_bytes())
                (site.content / "article.md").write_text("# Article\n")
                eventually(lambda: b"nothing to index here" in Path(err.name).read_bytes())
                site.write("article.md", "# Article\n\nsecond words\n")
                eventually(lambda: b"Published generation 000002" in Path(out.name).read_bytes())
            finally:
                process.send_signal(ending)
        assert process.returncode == 0
        said = Path(err.name).read_text("utf-8")
        assert re.fullmatch(r"faq: .*content: nothing to index here: article\.md: holds no text[^\n]*\n", said)
    assert site.store.current() == "000002"
