"""Runs the `faq` command as a user would."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.conftest import ROOT


def faq(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "search_api.cli", *map(str, arguments)]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("FAQ_")}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=variables | environment)


def check_failure(done: subprocess.CompletedProcess[str], said: str, code: int = 1) -> None:
    assert done.returncode == code
    assert re.search(said, done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
