"""Which reader a file gets, and what each declares."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from indexer.content.readers import READERS, reader_of
from tests.conftest import ROOT


@pytest.mark.parametrize("name", sorted(set(READERS.values())))
def test_a_reader_is_a_function_that_another_process_finds(name: str) -> None:
    read = reader_of(name).read
    assert pickle.loads(pickle.dumps(read)) is read


def test_a_reader_is_imported_with_the_first_file_of_its_format() -> None:
    code = (
        "import sys; from indexer.content import corpus, readers;"
        "slow = lambda: [name for name in ('docutils', 'pyromark', 'selectolax', 'yaml') if name in sys.modules];"
        "before = slow(); readers.read('a.md', b'Text.'); print(before, slow())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[] ['pyromark', 'selectolax', 'yaml']"
