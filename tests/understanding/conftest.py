"""The dictionaries and the model are loaded once for all tests of this folder."""

from __future__ import annotations

import pytest

from monitor.understanding.matching.forms import Morphology
from monitor.understanding.sentiment import Model


@pytest.fixture(scope="session")
def morphology() -> Morphology:
    return Morphology()


@pytest.fixture(scope="session")
def model() -> Model:
    return Model.load()
