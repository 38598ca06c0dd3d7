"""`make bench`: this engine beside peers, in the same run on the same machine; one table, one JSON file.

No test: nothing is asserted, for durations are the machine's.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from indexer.content.corpus import read_corpus
from indexer.content.passages import Splitter, embedding_texts, passages_of
from indexer.model_choice import stored_encoder
from indexer.settings import DEFAULT_MODEL
from indexer.store.index_store import IndexStore
from tests.benchmarks.content import ARTICLES, ROOT, edit, questions, write_content
from tests.benchmarks.drawn import build_drawn
from tests.benchmarks.engines import PEERS, Engine, ThisEngine, Tutorial
from tests.benchmarks.load import Load, put_load
from tests.benchmarks.plot import plot
from tests.benchmarks.stages import split

FOLDER = ROOT / ".bench"
# With more passages, vectors are drawn near real ones, and no peer takes part.
MOST_EMBEDDED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One engine on one content.

    Attributes:
        indexing_per_second: passages a second, from nothing, the process's start included; 0 where vectors are drawn.
        rebuild_seconds: after one passage was added; 0 where vectors are drawn.
        start_seconds: from the start of the server to its first answer.
        peak_bytes: most memory the server held.
        nearest: how this engine finds the nearest vectors, and the recall@10 measured when it was built.
        stages: median milliseconds of the parts of a question; of this engine only.
    """

    engine: str
    passages: int
    indexing_per_second: float
    rebuild_seconds: float
    index_bytes: int
    start_seconds: float
    peak_bytes: int
    loads: list[Load]
    nearest: str = ""
    stages: dict[str, float] = field(default_factory=dict)


def main(
    passages: Annotated[str, typer.Option(help="Synthetic contents beside the real one: 1000,10000,1000000.")] = "",
    peers: Annotated[str, typer.Option(help="Which peers, with commas; empty for none.")] = ",".join(PEERS),
    clients: Annotated[str, typer.Option(help="How many ask at the same time, with commas.")] = "1,4,16,64",
    seconds: Annotated[float, typer.Option(min=0.5, help="How long each load lasts.")] = 20,
) -> None:
    """Measure indexing, starting and answering."""
    console = Console()
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.json"
    report: dict[str, Any] = {"machine": machine(), "left_out": {}, "results": []}
    console.print(", ".join(f"{name}: {value}" for name, value in report["machine"].items()), highlight=False)
    chosen = []
    for name in filter(None, peers.split(",")):
        if name not in PEERS:
            raise typer.BadParameter(f"{name} is no peer; there are: {', '.join(PEERS)}", param_hint="--peers")
        peer = PEERS[name](Path(), FOLDER / "environments")
        try:
            peer.install()
            chosen.append(name)
        except RuntimeError as error:
            report["left_out"][name] = str(error)
            console.print(f"left out: {name}: {error}", markup=False)
    counts = [int(number) for number in clients.split(",")]
    report["embedded_a_second"] = encoding(FOLDER / "environments" if "tutorial" in chosen else None)
    for size in [None, *(int(number) for number in passages.split(",") if number)]:
        drawn = size is not None and size > MOST_EMBEDDED
        with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
            folder = Path(temporary)
            if not drawn:
                write_content(folder / "content", size)
            for name in ("this engine", *(() if drawn else chosen)):
                (folder / name).mkdir()
                engine: Engine = (
                    PEERS[name](folder / name, FOLDER / "environments") if name in PEERS else ThisEngine(folder / name)
                )
                if drawn:
                    assert size is not None
                    build_drawn(engine.index, size)
                else:
                    shutil.copytree(folder / "content", folder / name / "content")
                measured = measure(name, engine, None if drawn else folder / "passages.jsonl", counts, seconds)
                report["results"].append(asdict(measured))
                console.print(f"measured: {name}, {report['results'][-1]['passages']:,} passages", highlight=False)
                path.write_text(json.dumps(report, indent=1), "utf-8")  # an hour's work is not lost with what follows
    show(console, report)
    plot(report, path.with_suffix(".png"))
    console.print(f"written to {path.relative_to(ROOT)} and .png", highlight=False)


def encoding(environments: Path | None) -> dict[str, float]:
    """What is embedded a second on all cores: questions by this engine, which no service can answer faster; texts of
    the demonstration content by this engine, and by sentence-transformers where it has an environment.
    """
    encoder = stored_encoder(IndexStore(FOLDER), DEFAULT_MODEL)
    splitter = Splitter(encoder.max_tokens, encoder.count_tokens)
    passages = [
        passage for document in read_corpus(ARTICLES).documents for passage in passages_of(document, splitter, "en")
    ]
    texts = list(dict.fromkeys(text.text for each in passages for text in embedding_texts(each, splitter)))
    encoder.encode_documents(texts[:64])
    begun = time.perf_counter()
    encoder.encode_documents(texts)
    rates = {"texts": len(texts) / (time.perf_counter() - begun)}
    if environments is not None:
        rates["texts by sentence-transformers"] = Tutorial(Path(), environments).texts_per_second(texts)
    asked = list(islice(questions(), 1000))
    encoder.encode_query(asked[:64])
    begun = time.perf_counter()
    encoder.encode_query(asked)
    rates["questions"] = len(asked) / (time.perf_counter() - begun)
    return {name: round(rate, 1) for name, rate in rates.items()}


def measure(name: str, engine: Engine, passages: Path | None, counts: list[int], seconds: float) -> Measured:
    """Index, start, ask, stop, edit and index again.

    Args:
        name: of the engine.
        engine: with its content in `engine.folder`.
        passages: what this engine writes of its index, and the peers read; None if the index is built already.
        counts: how many clients ask.
        seconds: for each of these.
    """
    content, indexing = engine.folder / "content", 0.0
    if passages is not None:
        begun = time.perf_counter()
        engine.build(content, passages)
        indexing = time.perf_counter() - begun
        number = len(passages.read_text("utf-8").splitlines())
    else:
        number = IndexStore(engine.index).load().manifest.passages
    asked = questions()
    try:
        start = engine.start(next(asked))
        loads = []
        for clients in counts:
            put_load(engine.port, engine.search, clients, min(seconds, 2), asked)  # to warm up
            loads.append(put_load(engine.port, engine.search, clients, seconds, asked))
        peak = engine.peak_memory()
    finally:
        engine.stop()
    stages, nearest = {}, ""
    if isinstance(engine, ThisEngine):
        stages = split(engine.index, asked)
        manifest = IndexStore(engine.index).load().manifest
        nearest = f"{manifest.nearest}, recall {manifest.recall}"
        if counts[0] == 1:
            stages["http"] = round(loads[0].p50 - stages["all"], 3)
    index_bytes, rebuild = engine.index_bytes(), 0.0
    if passages is not None:
        rebuild = rebuild_seconds(engine, content, passages)
    return Measured(
        engine=name,
        passages=number,
        indexing_per_second=round(number / indexing, 1) if indexing else 0,
        rebuild_seconds=round(rebuild, 2),
        index_bytes=index_bytes,
        start_seconds=round(start, 2),
        peak_bytes=peak,
        loads=loads,
        nearest=nearest,
        stages=stages,
    )


def rebuild_seconds(engine: Engine, content: Path, passages: Path) -> float:
    """How long an engine takes to index again after one passage more."""
    edit(content)
    added = engine.folder / "added.jsonl"
    more = json.dumps({"id": "added", "text": "Was not here."}) + "\n"
    added.write_text(passages.read_text("utf-8") + more, "utf-8")
    begun = time.perf_counter()
    engine.build(content, added)
    return time.perf_counter() - begun


def machine() -> dict[str, str]:
    """What it is measured on."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        processor = next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.processor() or platform.machine()
    return {
        "processor": processor,
        "cores": str(os.cpu_count()),
        "busy at the start": f"{os.getloadavg()[0]:.1f}",
        "system": platform.platform(terse=True),
        "Python": platform.python_version(),
        "onnxruntime": version("onnxruntime"),
    }


def show(console: Console, report: dict[str, Any]) -> None:
    """The table, and under it the parts of this engine's time."""
    results = report["results"]
    table = Table("engine", "passages", "clients", "requests/s", "p50 ms", "p95 ms", "p99 ms", "failed")
    about = Table("engine", "passages", "indexed/s", "rebuild s", "index MB", "start s", "peak MB")
    for result in results:
        key = (result["engine"], f"{result['passages']:,}")
        for load in result["loads"]:
            names = ("clients", "per_second", "p50", "p95", "p99", "failed")
            table.add_row(*key, *(str(load[name]) for name in names))
        about.add_row(
            *key,
            str(result["indexing_per_second"]),
            str(result["rebuild_seconds"]),
            f"{result['index_bytes'] / 1e6:.1f}",
            str(result["start_seconds"]),
            f"{result['peak_bytes'] / 1e6:.0f}",
        )
    console.print(table)
    console.print(about)
    for result in results:
        if result["stages"]:
            parts = ", ".join(f"{stage} {value}" for stage, value in result["stages"].items())
            said = f"{result['passages']:,} passages ({result['nearest']}), median ms of one question: {parts}"
            console.print(said, highlight=False)
    rates = ", ".join(f"{name} {rate:,.0f}" for name, rate in report["embedded_a_second"].items())
    console.print(f"embedded a second: {rates}", highlight=False)


if __name__ == "__main__":
    typer.run(main)
