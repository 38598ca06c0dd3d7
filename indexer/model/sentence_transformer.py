"""sentence-transformers, quietly and from this disk only."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def load_sentence_transformer(folder: Path) -> SentenceTransformer:
    """Load a model with torch, from this disk only."""
    try:
        with quiet():
            from sentence_transformers import SentenceTransformer

            return SentenceTransformer(str(folder), device="cpu", local_files_only=True).eval()
    except ImportError as error:
        raise ModelError(f"a new model needs the extra: pip install 'semantic-faq-search[models]' ({error})") from error
    except Exception as error:  # whatever a damaged or foreign folder makes the library raise
        raise ModelError(f"{folder} cannot be loaded as a sentence-transformers model: {error}") from error


def prompt_of(model: SentenceTransformer, *names: str) -> str:
    """The prompt sentence-transformers would use; its order: the task's own names, then the model's default."""
    prompts: dict[str, str] = dict(model.prompts or {})
    for name in (*names, model.default_prompt_name or ""):
        if prompts.get(name):
            return prompts[name]
    return ""


@contextmanager
def quiet() -> Iterator[None]:
    """The libraries' own progress bars and notes are not for our users."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(previous)
