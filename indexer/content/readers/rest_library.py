"""Docutils with all loaded that it imports and opens in passing: while a file is read nothing can be opened."""

from __future__ import annotations

import mimetypes
import pkgutil
from importlib import import_module
from pathlib import Path

from docutils import transforms
from docutils.parsers.rst import directives
from docutils.writers import html5_polyglot

_IMPORTED_LATE = (
    "docutils.languages.en",
    "docutils.parsers.rst.languages.en",
    "docutils.readers.doctree",
    "docutils.readers.standalone",
    "docutils.writers.null",
    *(
        module.name
        for package in (directives, transforms)
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    ),
)
for _name in _IMPORTED_LATE:
    import_module(_name)

mimetypes.init(())  # what this machine adds to the types of files is no matter of content
_TEMPLATE = Path(html5_polyglot.Writer.default_template).read_text("utf-8")


class HtmlWriter(html5_polyglot.Writer):
    """Writes HTML as docutils does, with the template it has in memory."""

    def apply_template(self) -> str:
        """The whole page."""
        return str(_TEMPLATE % self.interpolation_dict())
