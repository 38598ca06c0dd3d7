"""From a model's name, or from nothing but the content, to the encoder of an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from indexer.content.languages import text_by_language
from indexer.documents import Document
from indexer.errors import ModelError
from indexer.model.encoder import Encoder, load_encoder
from indexer.model.export import export_model
from indexer.model.files import MULTILINGUAL_INSTALL, find_model, has_multilingual
from indexer.settings import AUTO_MODEL, DEFAULT_MODEL, MULTILINGUAL_MODEL
from indexer.store.index_store import IndexStore, Sound

_ENGLISH = "en"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model, and why.

    Attributes:
        model: its name.
        reason: why it was chosen, as the end of a line; "" where it was named.
        advice: what would find more and how to have it, a line; "" where nothing has to be done.
        kept: whether it is that of the published generation, and so may be in the index alone.
    """

    model: str
    reason: str = ""
    advice: str = ""
    kept: bool = False


def choose_model(named: str, languages: Mapping[str, int], previous: str = "") -> ModelChoice:
    """The named model, or for `auto` one for the language of most of the text.

    English is for the default model, everything else for the multilingual one if its package is there. What an index
    has been embedded with stays, whatever the shares of languages become, but for one step: the default model gives way
    once most of the text is in other languages. So a site near the middle is not embedded anew with every edit.

    >>> choose_model("auto", {"en": 900, "de": 100}).reason
    'the text is 90% en, 10% de'
    >>> choose_model("auto", {"en": 900, "de": 100}, "multilingual").model
    'multilingual'

    Args:
        named: name of a model, or `auto`.
        languages: how many characters are in each language; none where there are too few to tell.
        previous: name of the model of the published generation, "" for none.
    """
    if named != AUTO_MODEL:
        return ModelChoice(named)
    reason = _said(languages)
    foreign = 2 * (sum(languages.values()) - languages.get(_ENGLISH, 0)) > sum(languages.values())
    if previous not in ("", DEFAULT_MODEL):
        fits = foreign and previous == MULTILINGUAL_MODEL
        return ModelChoice(previous, reason if fits else "the index has it; --model names another", kept=True)
    if not foreign:
        return ModelChoice(DEFAULT_MODEL, reason)
    if has_multilingual():
        return ModelChoice(MULTILINGUAL_MODEL, reason)
    advice = (
        f"{reason}, and this model knows English; for one of many languages: {MULTILINGUAL_INSTALL}, then index again"
    )
    return ModelChoice(DEFAULT_MODEL, reason, advice)


def chosen_encoder(
    store: IndexStore, model: str, documents: Sequence[Document], published: Sound | None
) -> tuple[Encoder, ModelChoice]:
    """The encoder for a model or for `auto`, see `choose_model`, and why it is that one; raises as `stored_encoder`."""
    previous, folder = "", None
    if published:
        manifest = published.generation.manifest
        folder = store.model_folder(manifest.fingerprint)
        previous = manifest.model if folder.is_dir() else ""  # an encoder that was given is in no index
    choice = choose_model(model, text_by_language(documents), previous)
    if choice.kept and folder:
        with suppress(ModelError):  # damaged: its name may still lead to it
            return load_encoder(folder), choice
    return stored_encoder(store, choice.model), choice


def stored_encoder(store: IndexStore, model: str) -> Encoder:
    """The encoder for a model, exported into the index folder the first time it is asked for.

    Raises:
        ModelError: the model is missing, damaged or unusable.
        IndexStoreError: the index folder cannot be written.
    """
    files = find_model(model)
    folder = store.model_folder(files.fingerprint)
    try:
        return load_encoder(folder)
    except ModelError:  # not exported yet, or damaged: either way made anew from the verified files
        with store.write_errors():
            export_model(files, folder)
        return load_encoder(folder)


def _said(languages: Mapping[str, int]) -> str:
    """The shares of the most frequent languages."""
    total = sum(languages.values())
    if not total:
        return "there is too little text to tell its language"
    first = sorted(languages.items(), key=lambda pair: (-pair[1], pair[0]))[:_SHOWN]
    return f"the text is {', '.join(f'{count / total:.0%} {lang}' for lang, count in first)}"
