"""Bugs to seed, each small enough to slip through a review, with the tests that must catch it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bug:
    """One bug.

    Attributes:
        name: what goes wrong.
        file: where, relative to the project.
        old, new: the exact text that makes it, and what it becomes; old stands there exactly once.
        tests: what must fail then, as pytest selects it.
        slow: the tests wait for a model to be exported.
    """

    name: str
    file: str
    old: str
    new: str
    tests: str
    slow: bool = False


POWER = "tests/proofs/test_power_loss.py::test_power_lost_during_a_rebuild[first build]"

BUGS = (
    Bug(
        "a file is not synced",
        "indexer/files.py",
        "        file.flush()\n        os.fsync(file.fileno())\n",
        "",
        POWER,
    ),
    Bug(
        "the pointer is renamed before it is synced",
        "indexer/files.py",
        "    write_file(aside, content)\n    os.replace(aside, path)\n",
        "    aside.write_bytes(content)\n    os.replace(aside, path)\n    sync_file(path)\n",
        POWER,
    ),
    Bug(
        "the pointer is written in place",
        "indexer/files.py",
        "    write_file(aside, content)\n    os.replace(aside, path)\n",
        "    write_file(path, content)\n",
        POWER,
    ),
    Bug("a new folder's name is not synced", "indexer/files.py", "        sync_folder(path.parent)\n", "", POWER),
    Bug(
        "the pointer is swapped before the generation's name is synced",
        "indexer/store/index_store.py",
        "        sync_folder(self._generations)\n",
        "",
        POWER,
    ),
    Bug(
        "a file's hash is not compared",
        "indexer/generation/manifest.py",
        " and sha256_file(path) == expected",
        "",
        "tests/search_api/test_live_index.py::test_a_damaged_first_generation_is_a_problem_not_a_crash",
    ),
    Bug(
        "a signed file's own hash is not compared",
        "indexer/files.py",
        " or hashlib.sha256(body).hexdigest().encode() != signature",
        "",
        "tests/proofs/test_damage.py::test_any_altered_byte_of_the_pointer",
    ),
    Bug(
        "a file too many is overlooked",
        "indexer/generation/manifest.py",
        " or not (path.is_dir() or path.relative_to(folder).as_posix() in known)",
        "",
        "tests/proofs/test_damage.py::test_a_file_more",
    ),
    Bug(
        "a generation is published unverified",
        "indexer/store/index_store.py",
        "        check_sound(generation, unchanged)\n",
        "",
        "tests/indexer/generation/test_soundness.py::test_a_build_whose_entries_are_not_found_is_not_published",
    ),
    Bug(
        "the newest generations are pruned, the published one with them",
        "indexer/store/index_store.py",
        "        for name in others[keep:]:\n",
        "        for name in self.generations()[:-keep]:\n",
        "tests/indexer/store/test_index_store.py::test_three_generations_are_kept_besides_the_current_one",
    ),
    Bug(
        "the lock is ignored",
        "indexer/store/lock.py",
        'FileLock(folder / "lock").acquire(timeout=_PATIENCE)',
        "open(os.devnull)",
        "tests/indexer/store/test_lock.py::test_the_lock_shuts_out_another_process",
    ),
    Bug(
        "what a crash left is not removed",
        "indexer/store/index_store.py",
        "            shutil.rmtree(leftover, ignore_errors=True)\n",
        "            leftover.exists()\n",
        "tests/indexer/store/test_lock.py::test_what_a_crashed_build_left_behind_is_removed",
    ),
    Bug(
        "a number comes twice",
        "indexer/store/index_store.py",
        "            taken.append(self.current())\n",
        "            self.current()\n",
        "tests/indexer/store/test_index_store.py::test_a_number_never_comes_twice",
    ),
    Bug(
        "an error after publication says that nothing was published",
        "indexer/store/lock.py",
        "if now == before else",
        "if now else",
        "tests/proofs/test_io_faults.py::test_an_error_after_the_swap_does_not_deny_it",
    ),
    Bug(
        "SQLite's error on a full disk is swallowed",
        "indexer/generation/passage_table.py",
        '            raise OSError(f"{path.name}: {error}") from error\n',
        "            del error\n",
        "tests/proofs/test_io_faults.py::test_sqlites_full_disk_is_named",
    ),
    Bug(
        "another model's index of the same width is searched",
        "search_api/searcher.py",
        "if generation.manifest.fingerprint != encoder.fingerprint:",
        "if generation.manifest.dim != encoder.dim:",
        "tests/search_api/test_live_index.py::test_an_index_of_another_model_is_a_problem_when_the_encoder_is_given",
    ),
    Bug(
        "another model's embeddings are reused",
        "indexer/store/index_store.py",
        "        if first is not None and first.generation.manifest.fingerprint == fingerprint:",
        "        if first is not None:",
        "tests/indexer/building/test_reuse.py::test_another_model_embeds_everything_again",
    ),
    Bug(
        "embeddings are reused by less than the whole text",
        "indexer/generation/rows.py",
        "hashlib.blake2b(text.encode(), digest_size=8)",
        "hashlib.blake2b(text[:12].encode(), digest_size=8)",
        "tests/indexer/building/test_reuse.py::test_an_edited_answer_embeds_its_own_texts_only",
    ),
    Bug(
        "a sentence of a byte a number seeds a vector that is searched",
        "indexer/generation/reuse.py",
        "            elif texts[place].role is Role.SENTENCE and (row",
        "            elif (row",
        "tests/proofs/test_seeded_bugs.py::test_a_sentence_that_becomes_a_paragraph_is_embedded_again",
    ),
    Bug(
        "faiss' padding is taken for a row",
        "indexer/vectors/ann.py",
        "            valid = found[0] >= 0 ",
        "            valid = found[0] >= -1 ",
        "tests/proofs/test_seeded_bugs.py::test_padding_is_never_a_row",
    ),
    Bug(
        "a damaged new generation stops the one that serves",
        "search_api/live_index.py",
        "        self._show(Serving(searcher, problem))\n",
        "        self._show(Serving(None if problem else searcher, problem))\n",
        "tests/search_api/test_live_index.py::test_a_damaged_new_generation_leaves_the_old_one_serving",
    ),
    Bug(
        "an error quotes the question",
        "indexer/question.py",
        'f"has {len(question):,} characters,',
        'f"{question[:20]} has {len(question):,} characters,',
        "tests/indexer/test_question.py::test_an_error_names_the_callers_field_and_never_quotes_the_question",
    ),
    Bug(
        "questions are logged",
        "search_api/web/guard.py",
        'scope["method"], route, status,',
        'scope["method"], scope["query_string"], status,',
        "tests/search_api/test_service.py::test_nothing_that_is_asked_is_logged",
        slow=True,
    ),
    Bug(
        "threads reconfigure the tokenizer that they share",
        "indexer/model/onnx_encoder.py",
        "        if len(texts) == 1:\n",
        "        if len(texts) == 1:\n"
        "            self._tokenizer.enable_truncation(2 + len(texts[0]))\n"
        "            __import__('time').sleep(0.001)  # lets the others in, as sooner or later they come\n",
        "tests/indexer/model/test_encoder.py::test_threads_get_what_one_caller_gets",
        slow=True,
    ),
    Bug(
        "an exported model's hashes are not compared",
        "indexer/model/card.py",
        "    if actual != expected:\n",
        "    if not actual:\n",
        "tests/proofs/test_damage.py::test_every_file_of_the_default_model_altered",
        slow=True,
    ),
)
