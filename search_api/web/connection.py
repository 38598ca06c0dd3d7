"""One connection, as uvicorn serves it, with limits to what a client may send, ask for at once, and leave undone."""

from __future__ import annotations

from typing import Any, NoReturn

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from search_api.web import faults
from search_api.web.connections import Connections
from search_api.web.faults import MAX_HEADER_BYTES, MAX_HEADERS
from search_api.web.guard import MAX_BODY_BYTES, MAX_URL_BYTES

MAX_PIPELINED = 8
# What is sent of a part of a request before the part is known to be too large: lines without an end, chunk sizes.
_MAX_RAW_HEAD, _MAX_RAW_BODY = MAX_URL_BYTES + MAX_HEADER_BYTES, 2 * MAX_BODY_BYTES
# Often enough to notice that many bodies wait; all connections are counted then.
_COUNTED_BYTES = 16 * 1024
# A refusal is lost if its client is still sending when the connection closes: for so long, what comes is thrown away.
_LINGER_SECONDS = 2.0


class _RefusedError(Exception):
    """Ends the parser's work."""


class Connection(HttpToolsProtocol):
    """Answers what is no acceptable request in the shape of every other failure, and ends what takes too long.

    Args:
        connections: all those of this server.
        options: uvicorn's.
    """

    def __init__(self, connections: Connections, **options: Any) -> None:
        super().__init__(**options)
        self._connections = connections
        self._admitted = True
        self.dropped = False
        self.since = self._moved = self.loop.time()
        self._running: RequestResponseCycle | None = None
        self._fault: faults.Fault | None = None
        self._deaf = False
        # A request is read from its beginning to the end of its body; a head is read, or waited for, when no body is.
        self._reading, self._in_head = False, True
        self._part = 0
        self._raw = self._counted = 0

    def connection_made(self, transport: Any) -> None:
        """Count the connection, and make room for it."""
        super().connection_made(transport)
        self._admitted = self._connections.add(self)
        transport.set_write_buffer_limits(high=16 * 1024)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give its room back."""
        self._connections.remove(self)
        self._give_up_answers()
        super().connection_lost(exc)
        # These name each other: without this, they would stay until Python looks for such circles.
        self.pipeline.clear()
        self.cycle = self._running = None  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless the client was refused."""
        self._unset_keepalive_if_required()
        if self._deaf:
            return
        part = self._part
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(self._fault or faults.UNREADABLE)
            return
        self._raw = self._raw + len(data) if self._part == part else 0
        if self._raw > (_MAX_RAW_HEAD if self._in_head else _MAX_RAW_BODY):
            self._refuse(faults.HEADERS if self._in_head else faults.BODY)

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offered:  # h2c, which a client offers and may be left unanswered
                data = data[offered.args[0] :]
            else:
                return

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._reading = True
        self._part += 1
        self._counted = 0
        self.since = self.loop.time()

    def on_url(self, url: bytes) -> None:
        """More of the request line's address."""
        super().on_url(url)
        if len(self.url) > MAX_URL_BYTES:
            self._stop(faults.URL)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; those that come after a body are of no use here."""
        self._counted += len(name) + len(value) + 4
        if self._counted > MAX_HEADER_BYTES or len(self.headers) >= MAX_HEADERS:
            self._stop(faults.HEADERS)
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Refuse what cannot be served, before anything is done for it."""
        if fault := self._fault_of_head():
            self._stop(fault)
        super().on_headers_complete()
        self._in_head = False
        self._part += 1
        self._counted = 0

    def on_body(self, body: bytes) -> None:
        """More of the body."""
        self._counted += len(body)
        if self._counted > MAX_BODY_BYTES:
            self._stop(faults.BODY)
        super().on_body(body)
        if self._counted // _COUNTED_BYTES != (self._counted - len(body)) // _COUNTED_BYTES:
            self._connections.make_room()

    def on_message_complete(self) -> None:
        """The request is whole."""
        super().on_message_complete()
        self._reading, self._in_head = False, True
        self._part += 1
        self.since = self.loop.time()

    def on_response_complete(self) -> None:
        """An answer is out; whoever waits for leave to send a body that is not wanted cannot go on from there."""
        super().on_response_complete()
        if not self._reading:
            self.since = self.loop.time()
        elif self.expect_100_continue and not self._in_head:
            self.transport.close()

    def pause_writing(self) -> None:
        """The client takes an answer more slowly than it is written."""
        super().pause_writing()
        self._moved = self.loop.time()
        self._connections.make_room()

    def resume_writing(self) -> None:
        """The client has taken most of what was written."""
        super().resume_writing()
        self._moved = self.loop.time()

    def shutdown(self) -> None:
        """The server ends: only requests that are whole are still answered."""
        if self._reading and not self._in_head:
            self.drop()
        else:
            super().shutdown()

    @property
    def evictable(self) -> bool:
        """As `Held` has it."""
        return self._reading or not self._answering or self.flow.write_paused

    @property
    def waiting_bytes(self) -> int:
        """As `Held` has it."""
        return 0 if self.dropped else self._unsent + (0 if self._in_head else self._counted)

    def end_if_late(self, now: float) -> None:
        """As `Held` has it."""
        limits = self._connections.limits
        if not self._unsent:
            self._moved = now
        if now - self._moved > limits.answer_seconds:
            self.drop()
        elif self._deaf:
            if not self._answering and now - self.since > _LINGER_SECONDS:
                self.drop()
        elif self._reading:
            if now - self.since > limits.request_seconds:
                self._refuse(faults.LATE)
        elif not self._answering and not self._unsent and now - self.since > limits.idle_seconds:
            self.transport.close()

    def drop(self) -> None:
        """As `Held` has it."""
        self.dropped = True
        self._give_up_answers()
        self.transport.abort()

    @property
    def waiting_since(self) -> float:
        """As `Held` has it."""
        return self._moved if self._unsent else self.since

    @property
    def _unsent(self) -> int:
        return self.transport.get_write_buffer_size()

    @property
    def _answering(self) -> bool:
        """Some request, the newest at least, is not answered yet."""
        return self.cycle is not None and not (self.cycle.response_complete or self.cycle.disconnected)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _give_up_answers(self) -> None:
        """Tell the request that runs, which uvicorn tells only the newest: what it wrote now would be an error."""
        for cycle in (self._running, self.cycle):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

    def _fault_of_head(self) -> faults.Fault | None:
        """What is wrong with the head that is now whole; an absolute address is made one more `Host` and a path."""
        version = self.parser.get_http_version()
        named = {name: value.lower() for name, value in self.headers}
        length, coding = named.get(b"content-length", b""), named.get(b"transfer-encoding")
        if version not in ("1.1", "1.0"):
            return faults.VERSION
        if self.parser.get_method() == b"CONNECT" or not self._make_path():
            return faults.TARGET
        if coding is not None and (coding != b"chunked" or length or version == "1.0"):
            return faults.CODING
        if len(length) > 19 or int(length or 0) > MAX_BODY_BYTES:
            return faults.BODY
        if version == "1.1" and named.get(b"expect", b"100-continue") != b"100-continue":
            return faults.EXPECTATION
        # A body beside an offer to upgrade would be read as the next request.
        if self.parser.should_upgrade() and (named.get(b"upgrade") != b"h2c" or length or coding):
            return faults.UPGRADE
        if not self._admitted and not self.url.partition(b"?")[0].endswith((b"/health", b"/ready")):
            return faults.CROWDED
        return faults.PIPELINED if len(self.pipeline) >= MAX_PIPELINED else None

    def _make_path(self) -> bool:
        """Leave only path and query of the address; false if it has none."""
        if self.url.startswith(b"/"):
            return True
        scheme, _, rest = self.url.partition(b"://")
        if scheme.lower() not in (b"http", b"https"):
            return False
        end = min((rest + b"/?").index(b"/"), (rest + b"/?").index(b"?"))
        host, self.url = rest[:end], rest[end:]
        if not self.url.startswith(b"/"):
            self.url = b"/" + self.url
        if [host] != [value for name, value in self.headers if name == b"host"]:
            self.headers.append((b"host", host))
        return True

    def _stop(self, fault: faults.Fault) -> NoReturn:
        self._fault = fault
        raise _RefusedError

    def _refuse(self, fault: faults.Fault) -> None:
        """Read no further; answer what was asked before, then close, or if nothing was, tell the fault."""
        self._deaf = True
        self.since = self.loop.time()
        cycle = self.cycle
        if not self._answering:
            self._close(fault if self._in_head else None)  # the rest of a body whose request is answered needs no word
        elif self._in_head or cycle.response_started:
            cycle.keep_alive = False
        elif self.pipeline:  # the fault is in a request that waits for others
            self.drop()
        else:
            cycle.disconnected = True
            cycle.message_event.set()
            self._close(fault)

    def _close(self, fault: faults.Fault | None) -> None:
        if fault is not None:
            self.transport.write(fault.reply())
        if not self.transport.is_closing() and self.transport.can_write_eof():
            self.transport.write_eof()
