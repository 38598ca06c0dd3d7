"""Requests as bytes, which no client library would send."""

from __future__ import annotations

import socket
from contextlib import suppress
from urllib.parse import urlsplit

HOST = b"Host: localhost\r\n"
CLOSE = b"Connection: close\r\n"
JSON = b"Content-Type: application/json\r\n"
CHUNKED = b"POST /search HTTP/1.1\r\n" + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n"
# Nothing here takes long; a test that waits for so long has failed, on the busiest machine.
PATIENCE = 120


def connect(url: str, sent: bytes = b"", *, window: int = 0) -> socket.socket:
    """A connection on which something was sent; `window` bytes of an answer are taken, and no more, without reading."""
    client = socket.socket()
    if window:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    client.settimeout(PATIENCE)
    client.connect(("127.0.0.1", urlsplit(url).port or 80))
    with suppress(BrokenPipeError, ConnectionResetError):
        client.sendall(sent)
    return client


def read(client: socket.socket) -> bytes:
    """All that comes until the connection is closed."""
    answer = b""
    with client, suppress(ConnectionResetError):
        while part := client.recv(65536):
            answer += part
    return answer


def reply(url: str, *parts: bytes) -> bytes:
    """What a server answers until it closes the connection; it may refuse before it has read all."""
    client = connect(url)
    with suppress(BrokenPipeError, ConnectionResetError):
        for part in parts:
            client.sendall(part)
    return read(client)


def get(path: str, *headers: bytes) -> bytes:
    """A request."""
    return f"GET {path} HTTP/1.1\r\n".encode() + HOST + b"".join(headers) + b"\r\n"
