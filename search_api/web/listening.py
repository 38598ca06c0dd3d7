"""The sockets a server listens on, opened before anything is loaded: what is wrong with them is one clear line."""

from __future__ import annotations

import errno
import socket
import sys

from indexer.errors import SettingsError

_BACKLOG = 2048


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on every address of a host; whoever comes before the server is ready waits for it.

    Args:
        host: a name or an address.
        port: 0 takes a free one, the same for every address.

    Raises:
        SettingsError: the host is none, or its port cannot be listened on.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, ValueError) as error:  # a name that cannot be one is a UnicodeError
        reason = getattr(error, "strerror", None) or "it is no host name"
        raise SettingsError(
            f"--host (FAQ_HOST) {host!a} cannot be resolved ({reason.lower()}); give a name or address of this "
            "machine, such as 127.0.0.1, or 0.0.0.0 for all of them",
            "host",
        ) from None
    opened: list[socket.socket] = []
    missing: list[OSError] = []
    for family, kind, protocol, _, (address, _, *scope) in dict.fromkeys(found):
        try:
            opened.append(_open(family, kind, protocol, (address, port, *scope)))
            port = opened[0].getsockname()[1]
        except OSError as error:
            missing.append(error)
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                break
    else:
        if opened:  # names of a machine without IPv6 may still have addresses of it
            return opened
    for each in opened:
        each.close()
    raise SettingsError(
        f"cannot listen on port {port} of {host!a}: {(missing[-1].strerror or 'no address').lower()}; choose "
        "another --port (FAQ_PORT) or --host (FAQ_HOST), or end what uses it",
        "port",
    )


def _open(family: int, kind: int, protocol: int, address: tuple[str | int, ...]) -> socket.socket:
    listening = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":  # where it would let two servers have the same port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
