"""Clients that ask one question after the other, each on its own connection."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What some clients saw; times in milliseconds.

    Attributes:
        clients: how many asked at the same time.
        per_second: answered requests a second.
        failed: requests answered with another status than 200.
    """

    clients: int
    per_second: float
    p50: float
    p95: float
    p99: float
    failed: int


def put_load(port: int, path: str, clients: int, seconds: float, questions: Iterator[str]) -> Load:
    """Ask from `clients` threads for `seconds`; `path` ends where the question begins."""
    taking = threading.Lock()
    times: list[float] = []
    failed = 0
    until = time.perf_counter() + seconds

    def ask() -> None:
        nonlocal failed
        with (
            socket.create_connection(("127.0.0.1", port), timeout=60) as connection,
            connection.makefile("rb") as answers,
        ):
            while time.perf_counter() < until:
                with taking:
                    address = path + quote(next(questions))
                begun = time.perf_counter()
                connection.sendall(f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                status = _status(answers)
                took = time.perf_counter() - begun
                with taking:
                    times.append(took)
                    failed += status != 200

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    times.sort()
    p50, p95, p99 = (round(times[int(len(times) * part)] * 1000, 2) for part in (0.5, 0.95, 0.99))
    return Load(
        clients=clients, per_second=round((len(times) - failed) / took, 1), p50=p50, p95=p95, p99=p99, failed=failed
    )


def _status(answers: BinaryIO) -> int:
    """Read one answer; a library that reads headers takes as long as some of the servers, on the same cores."""
    status, length = int(answers.readline().split()[1]), 0
    while (line := answers.readline().lower()) != b"\r\n":
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    answers.read(length)
    return status
