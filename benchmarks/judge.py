"""What judging costs, the whole way: mentions a second on one core, what it takes to start, and memory.

    python -m benchmarks.judge [--brands N] [--posts N] [--json] [FILE…]

A FILE has a text a line; of a .jsonl line it is "text", of a .tsv line the last column. Without any, the texts are our
examples of special cases. Each text gets the name of a brand in front, so that each is a mention. Cold is the first
pass, in which most words are new to the process; warm are the texts after those; known is the first pass once more.
Seconds are CPU seconds of the process: two workers on two cores judge twice as many.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.models import Post
    from monitor.understanding.judge import Judge

EXAMPLES = Path(__file__).parents[1] / "tests" / "understanding" / "special_cases" / "examples"
BRANDS = ("Северка", "Полярис Телеком", "Acme Parcel", "Банк Заря", "Kontor", "Лавка у дома", "Tarifa", "Облако 7")


def texts(path: Path) -> list[str]:
    """The texts of a file, which may be compressed."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = [line for line in raw.decode("utf-8").splitlines() if line.strip()]
    if ".jsonl" in path.suffixes:
        return [json.loads(line)["text"] for line in lines]
    return [line.rsplit("\t", 1)[-1] for line in lines]


def rate(judge: Judge, posts: Sequence[Post]) -> float:
    """Mentions judged in a CPU second."""
    began = time.process_time()
    mentions = sum(len(judgement.mentions) for judgement in judge.judge(posts))
    return mentions / (time.process_time() - began)


def memory() -> float:
    """MB of this process, its share of shared pages counted (PSS)."""
    rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1024 for line in rollup.splitlines() if line.startswith("Pss:"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--brands", type=int, default=len(BRANDS), choices=range(1, len(BRANDS) + 1))
    parser.add_argument("--posts", type=int, default=4000, help="at most so many texts")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    read = [text for path in arguments.files or sorted(EXAMPLES.glob("*.jsonl")) for text in texts(path)]
    random.Random(1).shuffle(read)
    read = read[: arguments.posts]

    began = time.process_time()
    from monitor.models import Brand, Post
    from monitor.understanding.judge import Judge

    imported = time.process_time()
    judge = Judge([Brand(name=name) for name in BRANDS[: arguments.brands]])
    built = time.process_time()
    posts = [Post(text=f"{BRANDS[0]}: {text}") for text in read]
    half = len(posts) // 2
    figures = {
        "texts": len(posts),
        "words_per_text": round(sum(len(text.split()) for text in read) / len(read), 1),
        "import_seconds": round(imported - began, 2),
        "load_seconds": round(built - imported, 2),
        "cold_per_second": round(rate(judge, posts[:half])),
        "warm_per_second": round(rate(judge, posts[half:])),
        "known_per_second": round(max(rate(judge, posts[:half]) for _ in range(3))),
        "pss_mb": round(memory()),
    }
    print(
        json.dumps(figures) if arguments.json else "\n".join(f"{name:>18} {value}" for name, value in figures.items())
    )


if __name__ == "__main__":
    main()
