"""How many connections are held and for how long: nobody can take the room of all, or keep what was begun for ever."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import Protocol

_SWEEP_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one server grants its clients.

    Attributes:
        connections: how many may be open; for one more, that which has been idle or unfinished for longest is closed.
        reserve: how many more may come while all of those are being answered, to ask whether the service is alive.
        idle_seconds: how long a connection may be silent before and between requests.
        request_seconds: how long a request may take to arrive, from its first byte to the last of its body.
        answer_seconds: how long a client may take nothing of an answer.
        waiting_bytes: how much of all bodies and answers together may wait for clients that write or read slowly.
    """

    connections: int = 256
    reserve: int = 32
    idle_seconds: float = 10
    request_seconds: float = 20
    answer_seconds: float = 20
    waiting_bytes: int = 4 * 2**20

    @classmethod
    def of(cls, queue: int) -> Limits:
        """As many connections as a queue of searches needs, and as the system lets a process open files."""
        return cls(connections=max(16, min(256 + queue, _open_files() // 2)))


class Held(Protocol):
    """A connection, as it is counted and timed."""

    since: float
    """When it began what it does now, in seconds of the loop's clock."""

    @property
    def evictable(self) -> bool:
        """It waits for its client: for a request, for the rest of one, or to take an answer."""
        ...

    @property
    def waiting_bytes(self) -> int:
        """Of answers that its client has not taken, and of a body that is not whole."""
        ...

    @property
    def waiting_since(self) -> float:
        """When its client last took something of an answer, or began to send a body."""
        ...

    @property
    def dropped(self) -> bool:
        """It was closed at once, and is only not gone yet."""
        ...

    def end_if_late(self, now: float) -> None:
        """Close it if its client took too long."""

    def drop(self) -> None:
        """Close it at once, whatever is unsent."""


class Connections:
    """All connections of one server; used from its event loop only."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._held: set[Held] = set()
        self._sweeping = False

    def add(self, new: Held) -> bool:
        """Hold a new connection, at the cost of another one if need be; False if only its health may be asked for."""
        self._held.add(new)
        if not self._sweeping:
            self._sweeping = True
            self._sweep()
        if len(self._held) <= self.limits.connections:
            return True
        live = [each for each in self._held if not each.dropped]
        over = len(live) - self.limits.connections
        waiting = [each for each in live if each.evictable and each is not new]
        if over > 0 and waiting:
            min(waiting, key=lambda each: each.since).drop()
            over -= 1
        if over > self.limits.reserve:
            new.drop()
        return over <= 0

    def remove(self, lost: Held) -> None:
        """Forget one that is closed."""
        self._held.discard(lost)

    def make_room(self) -> None:
        """Drop the slowest clients, while more waits for them than there is room for."""
        waiting = [(each.waiting_since, each.waiting_bytes, each) for each in self._held if each.waiting_bytes]
        total = sum(size for _, size, _ in waiting)
        for _, size, each in sorted(waiting, key=lambda one: one[0]):
            if total <= self.limits.waiting_bytes:
                return
            total -= size
            each.drop()

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        for each in list(self._held):
            each.end_if_late(loop.time())
        self._sweeping = bool(self._held)
        if self._sweeping:
            loop.call_later(_SWEEP_SECONDS, self._sweep)


def _open_files() -> int:
    if sys.platform == "win32":
        return 2**16
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**16 if soft == resource.RLIM_INFINITY else soft
