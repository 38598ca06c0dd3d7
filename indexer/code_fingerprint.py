"""What stands for the code that builds an index: two builds by the same code make the same of the same file."""

from __future__ import annotations

import hashlib
import re
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path


@cache
def code_fingerprint() -> str:
    """SHA-256 over this package's sources, the versions of all libraries the project names, and Python's."""
    folder = Path(__file__).parent
    digest = hashlib.sha256(repr((sys.version_info[:2], _libraries())).encode())
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _libraries() -> dict[str, str]:
    """Version of each library that is installed, also of those that read nothing: no list has to be kept."""
    found: dict[str, str] = {}
    for line in requires("semantic-faq-search") or ():
        name = re.match(r"[\w.-]+", line)
        try:
            found[name[0] if name else line] = version(name[0] if name else line)
        except PackageNotFoundError:  # an extra that is not installed
            continue
    return dict(sorted(found.items()))
