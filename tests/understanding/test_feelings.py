"""Why a post is felt as it is: stars, a text against them, and a text of which nothing is sure."""

from __future__ import annotations

import pytest

from monitor.models import Post, Sentiment
from monitor.understanding.feelings import _first_place, reasons, toward_brand
from monitor.understanding.sentiment import as_sentiment
from monitor.understanding.toward import Role

GLAD, ANGRY = as_sentiment(0.05, 0.85), as_sentiment(0.83, 0.07)


def said_of(post: Post, said: Sentiment, role: Role | None = None) -> dict[str, str]:
    return {why.code: why.text for why in reasons(post, said=said, words=(), role=role)}


@pytest.mark.parametrize(
    ("stars", "said", "contradiction"),
    [
        (1.0, GLAD, "the text alone reads positive (0.85), against its stars"),
        (5.0, ANGRY, "the text alone reads negative (0.83), against its stars"),
        (4.0, as_sentiment(0.5, 0.2), "the text alone reads negative (0.50), against its stars"),
        (4.0, as_sentiment(0.49, 0.2), None),
        (1.0, ANGRY, None),
        (5.0, GLAD, None),
        (3.0, GLAD, None),
        (3.0, ANGRY, None),
        (None, ANGRY, None),
    ],
)
def test_a_text_that_is_surely_the_opposite_of_its_stars_is_said_so(
    stars: float | None, said: Sentiment, contradiction: str | None
) -> None:
    assert said_of(Post(text="x", rating=stars), said).get("contradiction") == contradiction


@pytest.mark.parametrize("said", [GLAD, ANGRY])
@pytest.mark.parametrize("role", [Role.LEFT, Role.WORSE, Role.JOINED, Role.BETTER])
def test_stars_are_no_reason_where_a_brand_is_left_joined_or_compared(role: Role, said: Sentiment) -> None:
    post = Post(text="x", rating=5.0)
    assert (toward_brand(post, said, role).negative > 0.5) == (role in {Role.LEFT, Role.WORSE})
    chance = max(said.negative, said.positive)
    assert said_of(post, said, role) == {"sentiment": f"reads {said.label.value} ({chance:.2f})"}
    assert said_of(post, GLAD) == {"rating": "5 of 5 stars"}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (as_sentiment(0.44, 0.18), "unsure, reads most like negative (0.44)"),
        (as_sentiment(0.3, 0.21), "unsure, reads most like neutral (0.49)"),
        (as_sentiment(0.3, 0.2), "reads neutral (0.50)"),
        (ANGRY, "reads negative (0.83)"),
    ],
)
def test_what_is_unsure_is_said_so(said: Sentiment, told: str) -> None:
    assert said_of(Post(text="x"), said)["sentiment"] == told


def test_a_word_stands_where_it_is_whole() -> None:
    assert _first_place(Post(title="Списали дважды", text="Банк списал деньги"), "списал") == ("text", 5)
    assert _first_place(Post(text="Ещё и ещё. Всё."), "все") == ("text", 11)
    assert _first_place(Post(text="Банк"), "списал") == (None, None)
