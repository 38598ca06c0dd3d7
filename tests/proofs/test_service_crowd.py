"""More visitors than the service can answer: each is answered or told to come again, and it stays alive."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conftest import serving
from tests.proofs.effort import effort
from tests.proofs.numbered_site import Client, NumberedSite

CLIENTS, QUEUE = 200, 16


def test_a_crowd_is_answered_or_told_to_come_again(tmp_path: Path, tiny_models: Path, tiny_exports: Path) -> None:
    numbered = NumberedSite(tmp_path, tiny_models / "mean", tiny_exports / "mean")
    rounds = effort(5, 50)
    together, over = threading.Barrier(CLIENTS), threading.Event()

    def ask(number: int) -> list[int]:
        client, statuses = Client(url), []
        together.wait(timeout=60)
        for turn in range(rounds):
            status, body = client.get("search", q=f"question {number} of turn {turn}")
            statuses.append(status)
            if status == 503:
                assert (body["code"], client.headers["Retry-After"]) == ("busy", "1")
        client.close()
        return statuses

    def watch() -> list[int]:
        client, statuses = Client(url), []
        while not over.is_set():
            statuses += [client.get("health")[0], client.get("ready")[0]]
            time.sleep(0.02)
        client.close()
        return statuses

    with serving(numbered.index, FAQ_QUEUE=str(QUEUE)) as url, ThreadPoolExecutor(CLIENTS + 1) as pool:
        watching = pool.submit(watch)
        statuses = [status for asked in pool.map(ask, range(CLIENTS)) for status in asked]
        over.set()
        alive = watching.result()
        until = time.monotonic() + 5
        client = Client(url)
        while client.get("search", q="and now?")[0] != 200:
            assert time.monotonic() < until
        client.close()
    assert len(statuses) == CLIENTS * rounds
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= QUEUE
    assert set(alive) == {200}
    assert len(alive) >= 4
