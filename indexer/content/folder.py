"""Which files of a content folder are content: every one once, none outside of it, no index."""

from __future__ import annotations

import os
import stat
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from indexer.errors import ContentError
from indexer.printable import printable
from indexer.settings import SITE_FILE


@dataclass(slots=True)
class FolderListing:
    """What stands in a content folder.

    Attributes:
        files: paths relative to the folder, sorted.
        unreadable: what should be content and cannot be reached, in no order.
        left_out: what is content under another name, or none by rule.
    """

    files: list[str] = field(default_factory=list)
    unreadable: list[ContentError] = field(default_factory=list)
    left_out: list[ContentError] = field(default_factory=list)


def is_folder(content: Path) -> bool:
    """Whether content is a folder, not a single file.

    Raises:
        ContentError: there is nothing, or it cannot be looked at.
    """
    try:
        return stat.S_ISDIR(os.stat(content).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        reason = "no such file or folder; give the folder that holds your content files"
        raise ContentError(printable(str(content)), reason) from None
    except OSError as error:
        reason = f"cannot be opened: {error.strerror}; check its name and its permissions"
        raise ContentError(printable(str(content)), reason) from error


def list_folder(root: Path, index: Path | None = None) -> FolderListing:
    """List every file below a folder once.

    Hidden files and folders are left out, and so are a `faq.toml` at the top and every index. A symbolic link is
    followed if it stays inside and leads to what is not listed already.

    Args:
        root: the content folder.
        index: an index folder, which is no content even where nothing is in it yet.
    """
    return _Walk(root, index).listing()


class _Walk:
    """One walk through a folder: first what really stands there, then what links add to it."""

    def __init__(self, root: Path, index: Path | None) -> None:
        self._root = os.path.realpath(root)
        self._index = os.path.realpath(index) if index is not None else None
        self._found = FolderListing()
        # By its real path where each file and folder is listed.
        self._listed: dict[str, str] = {}
        self._links: list[str] = []

    def listing(self) -> FolderListing:
        self._walk("", self._root)
        waiting = deque(sorted(self._links))
        while waiting:
            self._links = []
            self._follow(waiting.popleft())
            waiting.extend(sorted(self._links))
        self._found.files.sort()
        return self._found

    def _walk(self, below: str, real: str) -> None:
        folders = [(below, real)]
        while folders:
            path, real = folders.pop()
            self._listed[real] = path
            try:
                entries = sorted(os.scandir(real), key=lambda entry: entry.name)
            except OSError as error:
                self._unreadable(path or ".", f"cannot be opened: {error.strerror}; check its permissions")
                continue
            if real == self._index or _is_index({entry.name for entry in entries}):
                self._found.left_out.append(ContentError(path or ".", "is a search index, which is no content"))
                continue
            for entry in entries:
                name = f"{path}/{entry.name}" if path else entry.name
                if entry.name.startswith(".") or name == SITE_FILE:
                    continue
                if not _is_utf8(name):
                    self._unreadable(printable(name), "its name is not UTF-8; rename it")
                elif entry.is_symlink():
                    self._links.append(name)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append((name, entry.path))
                elif entry.is_file(follow_symlinks=False):
                    self._add(name, entry.path)
                else:
                    self._unreadable(name, "is neither a file nor a folder")

    def _follow(self, name: str) -> None:
        try:
            real = os.path.realpath(os.path.join(self._root, name), strict=True)
        except OSError as error:
            self._unreadable(name, f"is a link that leads nowhere ({error.strerror})")
            return
        if not Path(real).is_relative_to(self._root):
            self._unreadable(name, "is a link that leads out of the content folder; copy the file into it")
        elif real in self._listed:
            where = self._listed[real] or "the content folder itself"
            self._found.left_out.append(ContentError(name, f"is a link to {where}, which is read there"))
        elif os.path.isdir(real):
            self._walk(name, real)
        elif os.path.isfile(real):
            self._add(name, real)
        else:
            self._unreadable(name, "leads neither to a file nor to a folder")

    def _add(self, name: str, real: str) -> None:
        self._listed[real] = name
        self._found.files.append(name)

    def _unreadable(self, name: str, reason: str) -> None:
        self._found.unreadable.append(ContentError(name, reason))


def _is_index(names: set[str]) -> bool:
    return "generations" in names and not names.isdisjoint(("current", "lock"))


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
