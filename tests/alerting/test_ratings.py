from __future__ import annotations

import pytest

from monitor.alerting.ratings import decide_rating
from monitor.models import RatingSettings, SignalKind

LINE = RatingSettings()


def course(*means: float, settings: RatingSettings = LINE) -> list[SignalKind | None]:
    """What people hear as a mean takes this course."""
    below, heard = None, list[SignalKind | None]()
    for mean in means:
        below, kind = decide_rating(mean, below=below, settings=settings)
        heard.append(kind)
    return heard


def test_R19_a_mean_that_crosses_the_line_is_told_once_each_way() -> None:
    fell, rose = SignalKind.RATING_FELL, SignalKind.RATING_ROSE
    assert course(4.3, 4.1, 3.99, 3.8, 4.2, 4.3) == [None, None, fell, None, rose, None]


def test_R19_a_mean_that_flutters_about_the_line_is_told_once() -> None:
    assert course(4.01, 3.99, 4.0, 3.99, 4.05, 3.98, 4.09) == [None, SignalKind.RATING_FELL, *[None] * 5]


def test_what_a_source_is_rated_when_it_is_first_known_is_no_news() -> None:
    assert course(2.0) == [None]
    assert course(2.0, 4.5) == [None, SignalKind.RATING_ROSE]


@pytest.mark.parametrize("line", [3.5, 4.95, 5.0])
def test_R19_the_line_is_the_administrators(line: float) -> None:
    settings = RatingSettings(line=line)
    assert course(5.0, line - 0.01, 5.0, settings=settings) == [None, SignalKind.RATING_FELL, SignalKind.RATING_ROSE]
