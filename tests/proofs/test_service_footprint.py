"""Thousands of requests through many generations leave memory, threads and open files as they were."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil

from tests.conftest import serving
from tests.proofs.effort import effort
from tests.proofs.numbered_site import TOPICS, Client, NumberedSite
from tests.search_api.test_live_index import eventually

CLIENTS = 4


def ask(url: str, turns: int, first: int) -> None:
    client = Client(url)
    for turn in range(first, first + turns):
        topic = TOPICS[turn % len(TOPICS)]
        match turn % 5:
            case 0 | 1:
                answer = client.get("search", q=f"what helps with {topic} number {turn}")
            case 2:
                answer = client.get("search", q=topic, kind="faq", limit="2", offset="1")
            case 3:
                answer = client.get(f"documents/{topic}")
            case _:
                answer = client.get("search", q=topic, limit="0")
        assert answer[0] == (422 if turn % 5 == 4 else 200)
    client.close()


def test_memory_threads_and_files_stay_flat(tmp_path: Path, tiny_models: Path, tiny_exports: Path) -> None:
    requests, swaps = effort(5_000, 100_000), effort(20, 200)
    numbered = NumberedSite(tmp_path, tiny_models / "mean", tiny_exports / "mean")
    server = serving(numbered.index)

    def served() -> str:
        client = Client(url)  # a kept connection might be idle for too long while a generation is built
        generation = client.get("ready")[1]["generation"]
        client.close()
        return str(generation)

    def load(requests: int, swaps: int) -> tuple[int, int, int]:
        """Ask and publish at the same time; the server's memory, threads and open files afterwards."""
        with ThreadPoolExecutor(CLIENTS) as pool:
            asking = [pool.submit(ask, url, requests // CLIENTS, number) for number in range(CLIENTS)]
            for _ in range(swaps):
                number = numbered.publish()
                eventually(partial(lambda wanted: served() == wanted, number))
            for client in asking:
                client.result()
        # The last connections are closed by the server a moment after its clients have left.
        eventually(lambda: not [c for c in process.net_connections() if c.status != psutil.CONN_LISTEN])
        with process.oneshot():
            return process.memory_info().rss, process.num_threads(), process.num_fds()

    with server as url:
        process = psutil.Process(server.process.pid)
        # Once everything has been used and a few generations came and went, nothing more may be kept.
        memory, threads, files = load(max(1_000, requests // 10), max(8, swaps // 10))
        later = load(requests, swaps)
    print(f"{requests:,} requests, {swaps} swaps: {memory:,} -> {later[0]:,} bytes, {threads} -> {later[1]} threads, "
          f"{files} -> {later[2]} files")  # fmt: skip
    assert later[0] <= memory * 1.05
    # Clients may for the first time ask for documents all at once; each then has a thread, once and for all.
    assert later[1] <= threads + CLIENTS
    assert later[2] <= files
