"""Rebuilds over HTTP: off without a key, one at a time, and each ends with a report or one line that says why not."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from indexer.errors import FaqError
from indexer.settings import Settings
from search_api.live_index import LiveIndex
from search_api.rebuilder import Job, JobStatus, Rebuilder, RebuildRunningError
from search_api.web.app import create_app
from search_api.web.schemas import Problem, RebuildJob
from tests.conftest import HERE, SmallSite
from tests.search_api.command import check_failure, faq

KEY = "0123456789abcdef"
HELD = {"Authorization": f"Bearer {KEY}"}


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def ended(rebuilder: Rebuilder, job: Job) -> Job:
    while (found := rebuilder.job(job.job)) and found.status is JobStatus.RUNNING:
        await asyncio.sleep(0.01)
    assert found
    return found


def run(command: Sequence[str]) -> Job:
    async def one() -> Job:
        rebuilder = Rebuilder(command)
        return await ended(rebuilder, rebuilder.start())

    return asyncio.run(one())


def test_a_rebuild_ends_with_its_report() -> None:
    job = run(python('print(\'{"generation": "000002"}\')'))
    assert (job.status, job.report, job.error) == (JobStatus.DONE, {"generation": "000002"}, None)
    assert job.seconds is not None


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import sys; sys.exit('faq: a: is empty')", "a: is empty"),
        ("import sys; print('noise\\n' * 10**6, file=sys.stderr); sys.exit('faq: why')", "why"),
        ("import sys; print('x' * 10**8, flush=True); sys.exit('faq: why')", "why"),
        ("1 / 0", "the rebuild failed with exit code 1; see the server's log"),
        ("import sys; sys.exit(2)", "the rebuild failed with exit code 2; see the server's log"),
        ("import os; os.kill(os.getpid(), 9)", "the rebuild was ended by signal 9; what was published stays"),
        ("pass", "the rebuild ended without a report"),
        ("print('[]')", "the rebuild ended without a report"),
    ],
)
def test_a_rebuild_that_fails_says_why(code: str, error: str, caplog: pytest.LogCaptureFixture) -> None:
    job = run(python(code))
    assert (job.status, job.report, job.error) == (JobStatus.FAILED, None, error)
    assert ("ZeroDivisionError" in caplog.text) is (code == "1 / 0")
    assert len(caplog.text) < 20_000


def test_a_refusal_may_come_with_a_report() -> None:
    job = run(python("import sys; print('{\"passages\": 3}'); sys.exit('faq: too many are gone')"))
    assert (job.status, job.report, job.error) == (JobStatus.FAILED, {"passages": 3}, "too many are gone")


def test_a_command_that_is_not_there_is_one_line() -> None:
    assert run(["/nowhere/python"]).error == "the rebuild could not be started: No such file or directory"


def test_one_runs_at_a_time_and_the_last_few_are_kept() -> None:
    async def many() -> None:
        rebuilder = Rebuilder(python("print('{}')"))
        jobs = []
        for _ in range(10):
            jobs.append(rebuilder.start())
            with pytest.raises(RebuildRunningError, match=jobs[-1].job):
                rebuilder.start()
            await ended(rebuilder, jobs[-1])
        assert [rebuilder.job(job.job) is not None for job in jobs] == [False] * 2 + [True] * 8

    asyncio.run(many())


@pytest.mark.parametrize("stubborn", [False, True])
def test_stopping_ends_the_process(stubborn: bool, tmp_path: Path) -> None:
    number = tmp_path / "pid"
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN);" if stubborn else ""
    code = (
        f"import os, pathlib, signal, time; {ignore} pathlib.Path({str(number)!r}).write_text(str(os.getpid()) + ' ')"
    )

    async def one() -> Job | None:
        rebuilder = Rebuilder(python(f"{code}; time.sleep(600)"), patience=0.2)
        job = rebuilder.start()
        while not number.exists() or not number.read_text():
            await asyncio.sleep(0.01)
        await rebuilder.stop()
        await rebuilder.stop()
        return rebuilder.job(job.job)

    job = asyncio.run(one())
    assert job
    assert (job.status, job.error) == (JobStatus.FAILED, "the rebuild was ended, because the service was")
    with pytest.raises(ProcessLookupError):
        os.kill(int(number.read_text()), 0)


def test_what_is_rebuilt_never_comes_from_a_caller(tmp_path: Path) -> None:
    rebuilder = Rebuilder.of(Path("x"), Settings(index=tmp_path, model="m", questions=tmp_path, admin_key=KEY))
    assert rebuilder._command[1:] == ("-m", "search_api.cli", "index", str(Path.cwd() / "x"), "--json")
    assert rebuilder._environment == {
        "FAQ_INDEX": str(tmp_path), "FAQ_MODEL": "m", "FAQ_QUESTIONS": str(tmp_path)
    }  # fmt: skip


def client(site: SmallSite, rebuilder: Rebuilder | None = None, **settings: object) -> TestClient:
    return TestClient(
        create_app(LiveIndex(site.index, site.encoder), Settings(**settings), rebuilder=rebuilder), base_url=HERE
    )


def test_without_a_key_there_is_no_such_address(site: SmallSite) -> None:
    with client(site, rebuilder=Rebuilder(python("print('{}')"))) as closed:
        for method, path in (("POST", "/index/rebuild"), ("GET", "/index/rebuild/0"), ("GET", "/index/rebuild")):
            assert closed.request(method, path, headers=HELD).json()["code"] == "not_found"
        assert "/index/rebuild" not in closed.get("/openapi.json").text


def test_without_a_content_folder_whoever_asks_is_told(site: SmallSite) -> None:
    with client(site, admin_key=KEY) as service:
        refused = service.post("/index/rebuild", headers=HELD)
        assert (refused.status_code, refused.json()["code"]) == (409, "no_content")
        assert "faq serve --content DIR" in Problem.model_validate(refused.json(), strict=True).detail
        assert service.post("/index/rebuild").status_code == 401
        assert service.get("/index/rebuild/0", headers=HELD).status_code == 404


def test_a_rebuild_is_started_and_followed(site: SmallSite) -> None:
    command = python("import json, sys; sys.stdin.read(); print(json.dumps({'given': sys.argv[1:]}))")
    with client(site, admin_key=KEY, rebuilder=Rebuilder(command), root_path="/faq") as service:
        for body, given in ((None, []), ({}, []), ({"full": True}, ["--full"])):
            started = service.post("/index/rebuild", headers=HELD, json=body)
            assert started.status_code == 202
            assert started.headers["location"] == f"/faq/index/rebuild/{started.json()['job']}"
            assert RebuildJob.model_validate(started.json(), strict=True).status == "running"
            address = started.headers["location"].removeprefix("/faq")
            while (job := service.get(address, headers=HELD).json())["status"] == "running":
                pass
            assert RebuildJob.model_validate(job, strict=True)
            assert (job["status"], job["report"], job["error"]) == ("done", {"given": given}, None)


def test_the_description_says_that_a_key_is_needed(site: SmallSite) -> None:
    with client(site, admin_key=KEY) as service:
        described = service.get("/openapi.json").json()
        assert KEY not in json.dumps(described) + service.get("/docs").text
    (scheme,) = described["components"]["securitySchemes"]
    assert described["components"]["securitySchemes"][scheme]["scheme"] == "bearer"
    for path, method in (("/index/rebuild", "post"), ("/index/rebuild/{job}", "get")):
        operation = described["paths"][path][method]
        assert operation["security"] == [{scheme: []}]
        assert "401" in operation["responses"]
    assert "security" not in described["paths"]["/search"]["get"]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("0123456789abcde", "has 15 characters, at least 16 are needed"),
        ("0123456789 abcdef", "holds a space or a control character"),
        ("0123456789abcdef\n", "holds a space or a control character"),
        ("0123456789\u00a0abcdef", "holds a space or a control character"),
    ],
)
def test_a_key_that_can_be_guessed_or_not_be_sent_is_refused(site: SmallSite, key: str, said: str) -> None:
    with pytest.raises(FaqError, match=f"FAQ_ADMIN_KEY {said}"):
        create_app(LiveIndex(site.index), Settings(admin_key=key))


def test_serving_with_a_short_key_is_one_clear_line(tmp_path: Path) -> None:
    done = faq("serve", "--index", tmp_path, FAQ_ADMIN_KEY="short")
    check_failure(done, r"^faq: FAQ_ADMIN_KEY has 5 characters, at least 16 are needed; make one with: ")
    assert done.stderr.count("\n") == 1
    assert "short" not in done.stderr
