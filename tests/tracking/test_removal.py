from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import ConnectFailed, Malformed, RobotsRefused, SourceError, StatusError
from monitor.models import Post, PostType
from monitor.tracking.removal import Place, Verdict, absent, ask_again_after, beginning_of, covered_since, judge

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ARTICLE, COMMENT = Place(PostType.ARTICLE, is_under=False), Place(PostType.COMMENT, is_under=True)


def page(*hours: float | None) -> list[Post]:
    """A list of articles that were published so many hours ago."""
    return [Post(type=PostType.ARTICLE, published=None if ago is None else NOW - timedelta(hours=ago)) for ago in hours]


@pytest.mark.parametrize(
    ("hours", "since"),
    [
        ((1, 2, 3), 3),
        ((1, None, 3), 3),
        ((900, 1, 2, 3), 3),  # pinned
        ((1, 1), 1),
        ((3, 2, 1), None),  # oldest first: the newest of them is the last, and nothing is known of what follows
        ((1, 2, 0.5, 3, 1, 2, 0, 5), None),  # by relevance
        ((1,), None),
        ((None, None), None),
        ((), None),
    ],
)
def test_a_list_in_falling_order_covers_the_time_since_its_last_post(
    hours: tuple[float | None, ...], since: float | None
) -> None:
    assert covered_since(page(*hours)) == (None if since is None else NOW - timedelta(hours=since))


def test_what_is_not_shown_where_its_like_are_shown_is_missing() -> None:
    known = {1: ARTICLE, 2: ARTICLE, 3: COMMENT, 4: Place(PostType.ARTICLE, is_under=True)}
    assert absent(page(1, 2), known, {1}) == [2]
    comments = [Post(type=PostType.COMMENT, thread="7")]
    assert absent(comments, known, set()) == [3]
    assert absent(page(1, 2), known, {1, 2}) == []


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (StatusError(404), Verdict.GONE),
        (StatusError(410), Verdict.GONE),
        (False, Verdict.LACKING),
        (True, Verdict.THERE),
        (None, Verdict.OPEN),
        (StatusError(403), Verdict.OPEN),
        (StatusError(500), Verdict.OPEN),
        (ConnectFailed("no route"), Verdict.OPEN),
        (RobotsRefused("no"), Verdict.OPEN),
        (Malformed("no page"), Verdict.OPEN),
    ],
)
def test_only_a_clear_answer_decides(answer: SourceError | bool | None, verdict: Verdict) -> None:
    assert judge(answer, has_lacked=False) is verdict


def test_words_that_a_page_lacks_twice_are_gone_and_a_day_lies_between() -> None:
    assert judge(False, has_lacked=True) is Verdict.GONE
    assert judge(True, has_lacked=True) is Verdict.THERE
    assert judge(None, has_lacked=True) is Verdict.OPEN
    assert judge(StatusError(503), has_lacked=True) is Verdict.OPEN
    day, minute = timedelta(days=1), timedelta(minutes=1)
    assert [ask_again_after(verdict, minute) for verdict in (Verdict.LACKING, Verdict.THERE)] == [day, day]
    assert ask_again_after(Verdict.OPEN, minute) == timedelta(hours=2)
    assert ask_again_after(Verdict.LACKING, timedelta(seconds=3)) == timedelta(seconds=9)  # in one's own network


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("Ужасный  СЕРВИС, всё пропало!", "ужасныйсервисвсепропало"),
        ("> чужие слова\nсвои слова автора", "своисловаавтора"),
        ("да 🙂", None),
        ("> одни лишь чужие слова", None),
        ("", None),
        ("слово " * 1000, ("слово" * 12)),
    ],
)
def test_a_text_is_known_by_its_first_letters(text: str, beginning: str | None) -> None:
    assert beginning_of(text) == beginning
