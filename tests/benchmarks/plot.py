"""What a question costs, and of what, for each number of passages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_STAGES = {
    "encode": "#8d99ae", "dense": "#2a6f97", "lexical": "#61a5c2", "rank": "#f4a261", "highlight": "#e9c46a",
    "hits": "#bc6c25", "http": "#d5bdaf",
}  # fmt: skip


def plot(report: dict[str, Any], path: Path) -> None:
    """Draw the stages of this engine one upon the other, and each peer's median beside them."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    sizes = sorted({result["passages"] for result in report["results"]})
    peers = sorted({result["engine"] for result in report["results"] if not result["stages"]})
    figure, axes = pyplot.subplots(figsize=(8, 4.2), layout="constrained")
    for result in report["results"]:
        place = sizes.index(result["passages"])
        if result["stages"]:
            bottom = 0.0
            for stage, colour in _STAGES.items():
                height = max(result["stages"].get(stage, 0.0), 0.0)
                axes.bar(place, height, bottom=bottom, color=colour, width=0.5, label=stage)
                bottom += height
            axes.text(place, bottom, f" {bottom:.1f} ms", ha="center", va="bottom")
        else:
            one = next((load["p50"] for load in result["loads"] if load["clients"] == 1), None)
            if one is not None:
                marker = "Dosv^"[peers.index(result["engine"]) % 5]
                axes.plot(place + 0.35, one, marker, color="#9d0208", label=f"{result['engine']} (peer)")
                axes.text(place + 0.38, one, f" {one:.0f} ms", va="center")
    handles: dict[Any, Any] = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(list(handles.values()), list(handles), loc="outside right", frameon=False, fontsize="small")  # type: ignore[call-overload]  # "outside" is not in its stubs
    axes.set_xticks(range(len(sizes)), [f"{size:,}" for size in sizes])
    cores = f"{report['machine']['processor']}, {report['machine']['cores']} cores"
    axes.set(xlabel="passages", ylabel="milliseconds a question, one client, median", title=cores)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
