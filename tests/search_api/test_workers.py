"""Several processes behind one port: all answer, a dead one is replaced, one signal ends them all."""

from __future__ import annotations

import json
import os
import signal
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from indexer.errors import FaqError
from indexer.settings import Settings
from search_api.web.server import run
from tests.conftest import serving
from tests.search_api.test_live_index import eventually


def test_workers_answer_are_replaced_and_end_together(sample_index: Path) -> None:
    server = serving(sample_index, FAQ_WORKERS="2")
    with server as url:

        def answers() -> bool:
            try:
                found = json.load(urllib.request.urlopen(url + "search?q=what+does+one+session+cost&limit=1"))
            except (urllib.error.URLError, ConnectionError):  # by the process that was killed
                return False
            return bool(found["answered"] == "high")

        def workers() -> list[psutil.Process]:
            children = psutil.Process(server.process.pid).children()
            return [child for child in children if "spawn_main" in " ".join(child.cmdline())]

        eventually(lambda: server.read_log().count("serving generation") == 2)
        eventually(answers)
        first, second = workers()
        os.kill(first.pid, signal.SIGKILL)
        eventually(lambda: server.read_log().count("serving generation") == 3)
        assert answers()
        replaced = workers()
        assert second in replaced
        assert first not in replaced
        assert len(replaced) == 2
    assert "Traceback" not in server.log
    assert not [worker for worker in replaced if worker.is_running()]


def test_workers_and_rebuilds_over_http_do_not_go_together(tmp_path: Path) -> None:
    with pytest.raises(FaqError, match="one worker only"):
        run(Settings(index=tmp_path, port=0, workers=2, admin_key="a-key-of-length-20+"))
