"""A worker: reads one file after the other for the process that started it, each behind the walls."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection

from indexer.content import readers
from indexer.content.workers.reply import Reply, adapter
from indexer.content.workers.walls import WallError, Walls, memory_for
from indexer.errors import ContentError

READY = b"ready"
# A worker that once took so much more than at its start gives it back by ending.
_WORN_KB = 128 * 1024


def main(descriptor: int, parent: int, worn_kb: int = _WORN_KB) -> None:
    """Serve until the other side closes the connection or ends.

    Args:
        descriptor: of the connection, inherited.
        parent: the id of the process at its other end.
        worn_kb: after a file that took so much memory it ends.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent; it closes the connection
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    connection = Connection(descriptor)
    adapter()
    walls = Walls()
    fresh = _peak_kb()
    connection.send_bytes(READY)
    _silence()
    with suppress(EOFError, OSError):  # the parent has ended
        while True:
            path, raw = connection.recv_bytes().decode(), connection.recv_bytes()
            reply = _read(walls, path, raw)
            worn = _peak_kb() - fresh > worn_kb
            connection.send_bytes(
                _to_json(Reply(document=reply.document, reason=reply.reason, line=reply.line, worn=worn))
            )


def _read(walls: Walls, path: str, raw: bytes) -> Reply:
    try:
        readers.load(path, raw)
        with walls.around(len(raw)):
            return Reply(document=readers.read(path, raw))
    except ContentError as error:
        return Reply(reason=error.reason, line=error.line)
    except MemoryError:
        megabytes = memory_for(len(raw)) // 2**20
        return Reply(reason=f"takes more than {megabytes} MB of memory to read; make it simpler or split it")
    except WallError as error:
        return Reply(reason=f"reaches outside of itself ({error}), which no content may; take that out")
    except Exception as error:  # whatever a parser raises, it is this file's
        return Reply(reason=f"cannot be read ({type(error).__name__}: {error}"[:300] + "); mend it or take it out")


def _to_json(reply: Reply) -> bytes:
    try:
        return adapter().dump_json(reply)
    except ValueError as error:  # half a surrogate pair
        return adapter().dump_json(Reply(reason=f"holds a text that is no Unicode ({error}); save it as UTF-8"))


def _end_with(parent: int) -> None:
    """End this process soon after its parent, also while it reads."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _silence() -> None:
    """What parsers print is for nobody."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)


def _peak_kb() -> int:
    """The most memory that this process ever held; 0 where the system does not tell."""
    # getrusage() counts what the process held that started it.
    with suppress(OSError), open("/proc/self/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
