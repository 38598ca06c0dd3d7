"""Visitors ask on and on while the index is rebuilt again and again: nobody notices anything but newer answers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conftest import serving
from tests.proofs.effort import effort
from tests.proofs.numbered_site import TOPICS, Client, NumberedSite
from tests.search_api.test_live_index import eventually

CLIENTS = 16


def check_whole(body: dict[str, object]) -> str:
    """Every passage of an answer belongs to the generation that the answer names, which is returned."""
    generation = body["generation"]
    assert isinstance(generation, str)
    hits = body["hits"]
    assert isinstance(hits, list)
    assert hits
    assert all(f"generation {generation}" in hit["text"] for hit in hits)
    return generation


def test_answers_are_whole_and_never_get_older_through_rebuilds(
    tmp_path: Path, tiny_models: Path, tiny_exports: Path
) -> None:
    numbered = NumberedSite(tmp_path, tiny_models / "mean", tiny_exports / "mean")
    rebuilds = effort(12, 50)
    done = threading.Event()

    def ask(number: int) -> list[str]:
        client, seen = Client(url), ["000001"]
        while not done.is_set():
            status, body = client.get("search", q=f"what about {TOPICS[number % len(TOPICS)]}", limit="10")
            assert status == 200, body
            seen.append(check_whole(body))
            assert seen[-1] >= seen[-2]
        client.close()
        return seen

    with serving(numbered.index) as url, ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(ask, number) for number in range(CLIENTS)]
        try:
            for _ in range(rebuilds):
                last = numbered.publish()
            probe = Client(url)
            eventually(lambda: probe.get("ready")[1] == {"status": "ready", "generation": last, "reason": None})
            probe.close()
        finally:
            done.set()
        seen = [client.result() for client in asking]
    assert last == f"{rebuilds + 1:06}"
    # Not only the first and the last one were served while they asked.
    assert len(set().union(*seen)) > 3
    assert all(len(answers) > rebuilds for answers in seen)
