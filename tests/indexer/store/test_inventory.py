"""What `faq verify` tells of an index folder: sound only if every generation and the model of each is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.files import hash_files, read_signed, sign
from indexer.generation.manifest import Manifest
from indexer.store.inventory import Inventory, take_inventory
from tests.conftest import SmallSite, keep_model
from tests.indexer.store.conftest import damage


@pytest.fixture
def with_model(site: SmallSite, tiny_exports: Path) -> SmallSite:
    """An index whose every generation has its model in the folder."""
    site.publish("words of build 1")
    site.store.model_folder("0" * 64).parent.mkdir()
    keep_model(site.index, tiny_exports / "static")
    (model,) = (site.index / "models").iterdir()
    model.rename(site.store.model_folder("0" * 64))
    return site


def damage_of(inventory: Inventory) -> list[str]:
    damage = (*(state.damage for state in inventory.generations), *(state.damage for state in inventory.models))
    return [told for told in damage if told]


def test_an_index_with_its_model_is_sound(with_model: SmallSite) -> None:
    inventory = take_inventory(with_model.store)
    assert (inventory.sound, damage_of(inventory)) == (True, [])
    assert [state.state for state in inventory.generations] == ["sound"]


def removed(models: Path) -> None:
    for folder in models.iterdir():
        folder.rename(models.parent / "away")
    models.rmdir()


def emptied(models: Path) -> None:
    for folder in models.iterdir():
        folder.rename(models.parent / "away")


def a_file(models: Path) -> None:
    removed(models)
    models.write_text("models")


def a_circle(models: Path) -> None:
    removed(models)
    models.symlink_to(models)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(removed, "models/0{16} is missing"), (emptied, "models/0{16} is missing"),
     (a_file, r"/models cannot be read \(Not a directory\)"), (a_circle, r"/models cannot be read \(Too many levels")],
)  # fmt: skip
def test_models_that_are_not_there_are_not_called_sound(
    with_model: SmallSite, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(with_model.index / "models")
    inventory = take_inventory(with_model.store)
    assert not inventory.sound
    (told,) = damage_of(inventory)
    assert re.search(said, told)


def test_generations_of_other_versions_are_not_called_damaged(three: SmallSite) -> None:
    for number, format_ in (("000001", 1), ("000002", 10**6)):
        path = three.index / "generations" / number / "manifest.json"
        path.write_bytes(sign(json.dumps(json.loads(read_signed(path)) | {"format": format_})))
    damage(three, "000003")
    inventory = take_inventory(three.store)
    assert [state.state for state in inventory.generations] == ["damaged", "newer", "older"]
    assert not inventory.sound


def test_documents_that_were_written_wrongly_are_damage(three: SmallSite) -> None:
    folder = three.index / "generations" / "000003"
    (folder / "documents.json").write_text('{"a": 1}')
    manifest = Manifest.read(folder / "manifest.json")
    files = {name: value for name, value in hash_files(folder).items() if name != "manifest.json"}
    (folder / "manifest.json").write_bytes(replace(manifest, files=files).to_bytes())
    states = take_inventory(three.store).generations
    assert ["documents.json" in state.damage for state in states] == [True, False, False]
    report = three.build()  # reads every file instead
    assert (report.published, take_inventory(three.store).generations[0].damage) == (True, "")
