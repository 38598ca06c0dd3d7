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
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tests.benchmarks.content import ROOT, edit, questions, write_content
from tests.benchmarks.engines import PEERS, Engine, ThisEngine
from tests.benchmarks.load import Load, put_load
from tests.benchmarks.stages import split

FOLDER = ROOT / ".bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One engine on one content.

    Attributes:
        indexing_per_second: passages a second, from nothing, the process's start included.
        rebuild_seconds: after one passage was added.
        start_seconds: from the start of the server to its first answer.
        peak_bytes: most memory the server held.
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
    stages: dict[str, float] = field(default_factory=dict)


def main(
    passages: Annotated[str, typer.Option(help="Synthetic contents beside the real one: 1000,10000,1000000.")] = "",
    peers: Annotated[str, typer.Option(help="Which peers, with commas; empty for none.")] = ",".join(PEERS),
    clients: Annotated[str, typer.Option(help="How many ask at the same time, with commas.")] = "1,4,16,64",
    seconds: Annotated[float, typer.Option(min=0.5, help="How long each load lasts.")] = 20,
) -> None:
    """Measure indexing, starting and answering."""
    console = Console()
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
    for size in [None, *(int(number) for number in passages.split(",") if number)]:
        with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
            folder = Path(temporary)
            write_content(folder / "content", size)
            for name in ("this engine", *chosen):
                (folder / name).mkdir()
                engine: Engine = (
                    PEERS[name](folder / name, FOLDER / "environments") if name in PEERS else ThisEngine(folder / name)
                )
                shutil.copytree(folder / "content", folder / name / "content")
                report["results"].append(asdict(measure(name, engine, folder, counts, seconds)))
                console.print(f"measured: {name}, {report['results'][-1]['passages']:,} passages", highlight=False)
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.json"
    path.write_text(json.dumps(report, indent=1), "utf-8")
    show(console, report["results"])
    console.print(f"written to {path.relative_to(ROOT)}", highlight=False)


def measure(name: str, engine: Engine, folder: Path, counts: list[int], seconds: float) -> Measured:
    """Index, start, ask, stop, edit and index again."""
    content, passages = engine.folder / "content", folder / "passages.jsonl"
    begun = time.perf_counter()
    engine.build(content, passages)
    indexing = time.perf_counter() - begun
    number = len(passages.read_text("utf-8").splitlines())
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
    stages = split(engine.index, asked) if isinstance(engine, ThisEngine) else {}
    if stages and counts[0] == 1:
        stages["http"] = round(loads[0].p50 - stages["all"], 3)
    index_bytes = engine.index_bytes()
    edit(content)
    added = folder / "added.jsonl"
    added.write_text(passages.read_text("utf-8") + json.dumps({"id": "added", "text": "Was not here."}) + "\n", "utf-8")
    begun = time.perf_counter()
    engine.build(content, added)
    rebuild = time.perf_counter() - begun
    return Measured(
        engine=name,
        passages=number,
        indexing_per_second=round(number / indexing, 1),
        rebuild_seconds=round(rebuild, 2),
        index_bytes=index_bytes,
        start_seconds=round(start, 2),
        peak_bytes=peak,
        loads=loads,
        stages=stages,
    )


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


def show(console: Console, results: list[dict[str, Any]]) -> None:
    """The table, and under it the parts of this engine's time."""
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
            console.print(f"{result['passages']:,} passages, median ms of one question: {parts}", highlight=False)


if __name__ == "__main__":
    typer.run(main)
