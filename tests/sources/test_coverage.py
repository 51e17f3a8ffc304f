"""Where people talk: each sort of place has its kinds and recipes."""

from __future__ import annotations

import pytest

from monitor.config.recipes import names, recipe_of
from monitor.sources import KINDS

PLACES = {
    "forums and discussion groups": {"discourse", "html", "reddit", "phpbb3", "xenforo2", "vbulletin5", "smf2", "mybb"}
    | {"ipb", "flaskbb", "nodebb", "flarum", "lemmy", "hackernews", "stackexchange", "telegram"},
    "feeds, news and blogs": {"feed", "sitemap", "google_news", "bing_news", "habr", "wordpress", "wordpress_comments"},
    "review sites": {"schemaorg", "appstore", "googleplay", "trustpilot", "twogis", "otzovik", "irecommend", "banki"},
    "social platforms": {"vk", "mastodon", "bluesky", "telegram", "youtube", "youtube_comments", "pikabu"},
    "alerts": {"google_alerts", "imap"},
    "anything else with an address": {"html", "json", "schemaorg"},
}


@pytest.mark.parametrize("place", PLACES)
def test_R52_each_sort_of_place_can_be_watched(place: str) -> None:
    assert PLACES[place] <= {*KINDS, *names()}


def test_R52_every_recipe_is_of_a_general_kind_and_says_what_it_cannot_see() -> None:
    recipes = [recipe for name in names() if (recipe := recipe_of(name)) is not None]
    assert {recipe.kind for recipe in recipes} == {"feed", "html", "json", "schemaorg"}
    assert [recipe.about for recipe in recipes if not recipe.blind.strip()] == []


def test_R52_reviews_are_read_with_their_ratings() -> None:
    unrated = [
        name
        for name in sorted(PLACES["review sites"] & set(names()))
        if (recipe := recipe_of(name)) is not None and "rating" not in recipe.yields
    ]
    assert unrated == []
