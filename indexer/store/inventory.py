"""What an index folder holds: every generation and every exported model, each read through and hash-checked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from indexer.errors import IndexDamagedError, IndexMissingError, IndexVersionError, ModelError
from indexer.generation.generation import Generation
from indexer.model.card import EncoderCard
from indexer.store.index_store import IndexStore


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationState:
    """One generation on disk.

    Attributes:
        number: of the generation.
        current: whether it is the published one.
        published_at, passages, model, nearest, recall: from its manifest; "" and 0 if that cannot be read.
        promise: see `Confidence.promise`; "" if the generation is not sound.
        size_bytes: on disk.
        damage: what is wrong with it, "" if it is sound.
        state: "sound", "damaged", or "older" or "newer": of another version.
    """

    number: str
    current: bool
    published_at: str
    passages: int
    model: str
    nearest: str
    recall: float
    promise: str
    size_bytes: int
    damage: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """One exported model on disk.

    Attributes:
        folder: its name, the first 16 digits of the model's fingerprint; "models" for that of all models.
        model: name the user gave, "" if it is not known.
        damage: what is wrong with it, "" if it is sound.
    """

    folder: str
    model: str
    damage: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that an index folder holds.

    Attributes:
        generations: the newest first.
        models: by name of their folder.
        pointer: what is wrong with the pointer to the published generation, "" if nothing is.
    """

    generations: tuple[GenerationState, ...]
    models: tuple[ModelState, ...]
    pointer: str

    @property
    def sound(self) -> bool:
        """Whether nothing at all is damaged."""
        damage = (*(state.damage for state in self.generations), *(state.damage for state in self.models))
        return not self.pointer and not any(damage)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"sound": self.sound, **asdict(self)}


def take_inventory(store: IndexStore) -> Inventory:
    """Read every file of every generation and model; nothing is changed.

    Raises:
        IndexMissingError: nothing has been published in this folder.
    """
    numbers, current, pointer = store.generations(), "", ""
    try:
        current = store.current()
        if current not in numbers:
            pointer = f"the published generation {current} is not there; roll back or rebuild the index"
    except IndexMissingError:
        if not numbers:
            raise
        pointer = "no generation is marked as published; roll back to one of these or rebuild the index"
    except IndexDamagedError as error:
        pointer = str(error)
    return Inventory(
        generations=tuple(_generation(store, number, current) for number in numbers),
        models=_models(store, numbers),
        pointer=pointer,
    )


def _generation(store: IndexStore, number: str, current: str) -> GenerationState:
    problem = store.problem(number)
    try:
        manifest = store.manifest(number)
        published_at, passages, model = manifest.published_at, manifest.passages, manifest.model
        nearest, recall = manifest.nearest, manifest.recall
    except IndexDamagedError:
        published_at, passages, model, nearest, recall = "", 0, "", "", 0.0
    return GenerationState(
        number=number,
        current=number == current,
        published_at=published_at,
        passages=passages,
        model=model,
        nearest=nearest,
        recall=recall,
        promise="" if problem else _promise(store.load(number)),
        size_bytes=store.size(number),
        damage=str(problem or ""),
        state=_state(problem),
    )


def _promise(generation: Generation) -> str:
    return generation.confidence.promise(generation.settings.get("high"))


def _state(problem: IndexDamagedError | None) -> str:
    if problem is None:
        return "sound"
    if isinstance(problem, IndexVersionError):
        return "newer" if problem.newer else "older"
    return "damaged"


def _models(store: IndexStore, numbers: Sequence[str]) -> tuple[ModelState, ...]:
    """Every model that is there, and every one that a generation needs and that is not."""
    needed: dict[str, str] = {}
    for number in numbers:
        with suppress(IndexDamagedError):
            manifest = store.manifest(number)
            needed.setdefault(store.model_folder(manifest.fingerprint).name, manifest.model)
    try:
        there = store.models()
    except IndexDamagedError as error:
        return (ModelState(folder="models", model="", damage=str(error)),)
    missing = tuple(
        ModelState(folder=name, model=needed[name], damage=f"{store.model_folder(name)} is missing; index again")
        for name in sorted(needed)
        if name not in there
    )
    return (*(_model(store, name) for name in there), *missing)


def _model(store: IndexStore, name: str) -> ModelState:
    folder = store.model_folder(name)
    try:
        return ModelState(folder=name, model=EncoderCard.read(folder).name, damage="")
    except ModelError as error:
        return ModelState(folder=name, model="", damage=str(error))
