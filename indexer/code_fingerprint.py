"""What stands for the code that builds an index: two builds by the same code make the same of the same file."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

# Whatever reads, cuts or counts words.
_LIBRARIES = (
    "bm25s", "docutils", "markdown-it-py", "mdit-py-plugins", "py3langid", "pystemmer", "python-slugify", "pyyaml",
    "rapidfuzz", "selectolax", "sentencex", "tokenizers",
)  # fmt: skip


@cache
def code_fingerprint() -> str:
    """SHA-256 over this package's sources, the versions of the libraries that read for it, and Python's."""
    folder = Path(__file__).parent
    digest = hashlib.sha256(repr((sys.version_info[:2], [version(name) for name in _LIBRARIES])).encode())
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
