"""A site whose every passage says which generation it belongs to, and a client that keeps its connection."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from indexer.build import build_index
from indexer.model.encoder import load_encoder
from indexer.model.files import find_model
from indexer.settings import Settings
from indexer.store.index_store import IndexStore
from tests.conftest import keep_model

TOPICS = ("sleep", "money", "silence", "trust", "letters", "evenings")


class NumberedSite:
    """Content and its index, built with a real model of a few kilobytes, exported already."""

    def __init__(self, folder: Path, model: Path, exported: Path) -> None:
        self.content, self.index, self.model = folder / "content", folder / "index", model
        self.store = IndexStore(self.index)
        self.content.mkdir(parents=True)
        self.write("000001")
        keep_model(self.index, exported)
        build_index(self.content, self.index, settings=Settings(model=str(model)), force=True)
        self._encoder = load_encoder(self.store.model_folder(find_model(str(model)).fingerprint))

    def write(self, number: str) -> None:
        for topic in TOPICS:
            (self.content / f"{topic}.md").write_text(
                f"# On {topic}\n\nWhat helps with {topic} is written in generation {number}. Ask again.\n\n"
                f"## FAQ\n\n### Does {topic} matter?\n\nIt does, says generation {number}. It always did.\n",
                "utf-8",
            )

    def publish(self) -> str:
        """Publish the next generation, whose number is in every passage."""
        number = self.store.next_generation()
        self.write(number)
        assert build_index(self.content, self.index, encoder=self._encoder, force=True).generation == number
        return number


class Client:
    """One visitor's browser: a connection that is kept, and answers as status and JSON."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def get(self, path: str, **parameters: str) -> tuple[int, Any]:
        self._connection.request("GET", f"/{path}?{urlencode(parameters)}")
        response = self._connection.getresponse()
        self.headers = response.headers
        return response.status, json.loads(response.read())

    def close(self) -> None:
        self._connection.close()
