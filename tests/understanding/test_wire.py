"""The lines of `monitor judge`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from monitor.errors import InputError
from monitor.models import (
    Author,
    Brand,
    Judgement,
    Label,
    Level,
    Mention,
    Post,
    Sentiment,
    Span,
    SpecialCase,
    Why,
)
from monitor.understanding.judge import Judge
from monitor.understanding.wire import JudgeInput, judge_lines, judgement_to_json, read_line

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge([Brand(name="Рассвет24")])


def answers(judge: Judge, *lines: str | bytes, batch: int = 256) -> tuple[int, list[dict[str, Any]]]:
    written: list[str] = []
    encoded = [line if isinstance(line, bytes) else line.encode() for line in lines]
    bad = judge_lines(encoded, judge, written.append, batch=batch)
    assert all(line.endswith("\n") and "\n" not in line[:-1] for line in written)
    return bad, [json.loads(line) for line in written]


def test_a_full_line_is_read() -> None:
    line = {
        "id": "a-1",
        "title": "Т",
        "text": "Текст",
        "url": "https://example.org/1",
        "author": {"name": "Оля", "url": "https://example.org/olya", "followers": 12, "karma": 3},
        "published": "2026-02-01T10:00:00+03:00",
        "rating": {"value": 7, "best": 10, "worst": 1},
        "likes": 1,
        "replies": 2,
        "views": 3,
        "lang": "ru",
        "source": "форум",
        "extra": [1],
    }
    assert read_line(json.dumps(line)) == JudgeInput(
        "a-1",
        Post(
            title="Т",
            text="Текст",
            url="https://example.org/1",
            author=Author(name="Оля", url="https://example.org/olya", followers=12),
            published=datetime(2026, 2, 1, 10, tzinfo=timezone(timedelta(hours=3))),
            rating=1 + 6 / 9 * 4,
            likes=1,
            replies=2,
            views=3,
            lang="ru",
        ),
        "форум",
    )


def test_null_is_the_same_as_missing() -> None:
    keys = ["title", "url", "author", "published", "rating", "likes", "replies", "views", "lang", "source"]
    nulls = dict.fromkeys(keys)
    assert read_line(json.dumps({"id": 5, "text": "x", **nulls})) == read_line(b'{"id": 5, "text": "x"}')


def test_a_time_without_a_zone_is_utc_and_an_author_may_be_a_name() -> None:
    given = read_line('{"id": 1, "text": "x", "published": "2026-02-01T10:00:00", "author": "Оля", "rating": 4}').post
    assert given.published == datetime(2026, 2, 1, 10, tzinfo=UTC)
    assert given.author == Author(name="Оля")
    assert given.rating == 4.0


@pytest.mark.parametrize(
    ("rating", "stars"),
    [
        ('{"value": 3}', 3.0),
        ('{"value": 50, "best": 100, "worst": 0}', 3.0),
        ('{"value": 10, "best": 10}', 5.0),
        ("5", 5.0),
        ("1.5", 1.5),
    ],
)
def test_ratings_are_brought_to_five_stars(rating: str, stars: float) -> None:
    assert read_line(f'{{"id": 1, "text": "x", "rating": {rating}}}').post.rating == pytest.approx(stars)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("[]", "line"),
        ("null", "line"),
        ('{"text": "x"}', "id"),
        ('{"id": true, "text": "x"}', "id"),
        ('{"id": 1}', "text"),
        ('{"id": 1, "text": 5}', "text"),
        ('{"id": 1, "text": "x", "rating": 6}', "rating"),
        ('{"id": 1, "text": "x", "rating": {"value": 5, "best": 1}}', "rating"),
        ('{"id": 1, "text": "x", "rating": NaN}', "NaN"),
        ('{"id": 1, "text": "x", "rating": 1e999}', "rating"),
        ('{"id": 1, "text": "x", "published": "soon"}', "published"),
        ('{"id": 1, "text": "x", "likes": "many"}', "likes"),
        ('{"id": 1, "text": "x", "author": 7}', "author"),
        (b'{"id": 1, "text": "\xff"}', "UTF-8"),
        ("[" * 100_000, "not JSON"),
        ('{"id": 1, "text": "x", "likes": ' + "9" * 5_000 + "}", "not JSON"),
    ],
)
def test_a_bad_line_says_what_is_wrong(line: str | bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_line(line)


def test_a_judgement_is_written_with_every_key() -> None:
    felt = Sentiment(label=Label.NEGATIVE, negative=0.7, neutral=0.2, positive=0.1)
    case = SpecialCase(name="refund", level=Level.MEDIUM, rule="refund-1", field="text", start=3, end=9)
    mention = Mention(
        brand="Б",
        relevance=0.65,
        doubtful=False,
        spans=(Span(field="title", start=0, end=1, text="Б", kind="exact"),),
        sentiment=felt,
        special_cases=(case,),
        influence=12,
        priority=44,
        why=(Why(code="match", text="т", field="title", start=0, end=1), Why(code="influence", text="и", weight=0.5)),
    )
    judgement = Judgement(lang=None, sentiment=felt, special_cases=(case,), mentions=(mention,))
    feeling = {"label": "negative", "negative": 0.7, "neutral": 0.2, "positive": 0.1}
    refund = {"name": "refund", "level": "medium", "rule": "refund-1", "field": "text", "start": 3, "end": 9}
    assert judgement_to_json(7, judgement) == {
        "id": 7,
        "lang": None,
        "sentiment": feeling,
        "special_cases": [refund],
        "mentions": [
            {
                "brand": "Б",
                "relevance": 0.65,
                "doubtful": False,
                "spans": [{"field": "title", "start": 0, "end": 1, "text": "Б", "kind": "exact", "confidence": 1.0}],
                "sentiment": feeling,
                "special_cases": [refund],
                "influence": 12,
                "priority": 44,
                "why": [
                    {"code": "match", "text": "т", "field": "title", "start": 0, "end": 1, "weight": None},
                    {"code": "influence", "text": "и", "field": None, "start": None, "end": None, "weight": 0.5},
                ],
            }
        ],
    }


def test_lines_are_answered_in_order_and_bad_ones_in_their_place(judge: Judge) -> None:
    bad, written = answers(
        judge,
        '{"id": "a", "text": "Рассвет24 молчит"}',
        "{broken",
        "",
        '{"id": "b"}',
        '{"id": 3, "text": ""}',
        batch=2,
    )
    assert bad == 2
    assert [answer["id"] for answer in written] == ["a", None, "b", 3]
    assert ["error" in answer for answer in written] == [False, True, True, False]
    assert written[0]["mentions"][0]["brand"] == "Рассвет24"
    assert written[3]["mentions"] == []


def test_offsets_count_code_points_and_half_a_surrogate_pair_keeps_its_place(judge: Judge) -> None:
    text = "😀 e\u0301 \ud83d Рассвет24"
    bad, (answer,) = answers(judge, json.dumps({"id": 1, "text": text}))
    (span,) = answer["mentions"][0]["spans"]
    assert bad == 0
    assert text[span["start"] : span["end"]] == span["text"] == "Рассвет24"


def test_lines_stream_batch_by_batch(judge: Judge) -> None:
    """No line is asked for before the batch ahead of it has been answered."""
    taken, written = 0, 0

    def lines() -> Iterator[bytes]:
        nonlocal taken
        for number in range(100):
            assert taken - written <= 9
            taken += 1
            yield json.dumps({"id": number, "text": "Рассвет24"}).encode() + b"\r\n"

    def write(line: str) -> None:
        nonlocal written
        assert json.loads(line)["id"] == written
        written += 1

    assert judge_lines(lines(), judge, write, batch=10) == 0
    assert written == 100
