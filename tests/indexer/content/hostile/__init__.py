"""Files made to hurt a reader: for each format what makes its regular expressions, loops and libraries work hardest.

`GENERATORS` names them; each takes about how many bytes and gives a file's name and what is in it.
"""

from __future__ import annotations

from tests.indexer.content.hostile.html_files import HTML
from tests.indexer.content.hostile.markdown_files import MARKDOWN
from tests.indexer.content.hostile.rest_files import POD, REST
from tests.indexer.content.hostile.shapes import Generator
from tests.indexer.content.hostile.table_files import TABLES, TEXT

GENERATORS: dict[str, Generator] = MARKDOWN | HTML | REST | POD | TABLES | TEXT
