"""A source that names a recipe: what the recipe fills in, what sources.yaml says over it, and how mistakes are told."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.config import json_schema, load, recipes
from monitor.config.document import Document, read_document
from monitor.config.recipes import names, recipe_of
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.models import Source


def written(folder: Path, *entries: dict[str, object]) -> Path:
    path = folder / "sources.yaml"
    head = {"contact": "a@watch.test", "brands": [{"name": "Kassolet"}]}
    path.write_text(json.dumps(head | {"sources": list(entries)}), encoding="utf-8")
    return path


def source(folder: Path, **entry: object) -> Source:
    return load(written(folder, {"name": "one", **entry}), environ={"KEY": "k1-secret", "HOST": "shop.test"}).sources[0]


def options(folder: Path, **entry: object) -> Any:
    return source(folder, **entry).options


def faults(folder: Path, **entry: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(written(folder, {"name": "one", **entry}), environ={})
    return [f"{fault.path}: {fault.message} ({fault.hint})" for fault in caught.value.faults]


# ── Addresses ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_parameters_are_percent_encoded_in_addresses(tmp_path: Path) -> None:
    found = source(tmp_path, recipe="google_news", query='"Мой склад" & co', language="en", country="GB")
    assert found.url == (
        "https://news.google.com/rss/search?q=%22%D0%9C%D0%BE%D0%B9%20%D1%81%D0%BA%D0%BB%D0%B0%D0%B4%22%20%26%20co"
        "%20when:1d&hl=en&gl=GB&ceid=GB:en"
    )
    assert (found.kind, found.recipe) == ("feed", "google_news")


def test_secrets_are_left_as_they_are_spelt(tmp_path: Path) -> None:
    found = source(tmp_path, recipe="youtube_comments", channel="UC1", key="${KEY}")
    assert found.url.endswith("&maxResults=100&key=${KEY}")
    assert "k1-secret" not in repr(found)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://forum.test", "https://forum.test/forum/1"),
        ("https://forum.test/", "https://forum.test/forum/1"),
        ("https://forum.test/board//", "https://forum.test/board/forum/1"),
        ("https://${HOST}/", "https://${HOST}/forum/1"),
        ("https://forum.test/forum/2-support", "https://forum.test/forum/2-support"),  # already the page itself
    ],
)
def test_the_root_of_a_site_becomes_the_page_that_is_read(tmp_path: Path, url: str, expected: str) -> None:
    assert source(tmp_path, recipe="flaskbb", url=url).url == expected


def test_a_piece_of_an_address_keeps_its_structure(tmp_path: Path) -> None:
    found = source(tmp_path, recipe="phpbb3", url="https://forum.test/", list="/viewforum.php?f=2&x=ё")
    assert found.url == "https://forum.test/viewforum.php?f=2&x=%D1%91"


def test_numbers_are_taken_for_text(tmp_path: Path) -> None:
    assert "/appreviews/440?" in source(tmp_path, recipe="steam", app=440).url


# ── What wins ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_the_file_says_wins_also_in_nested_mappings(tmp_path: Path) -> None:
    plain = options(tmp_path, recipe="flaskbb", url="https://forum.test/")
    told = {"fields": {"views": ".seen"}, "thread": {"fields": {"text": ".said"}}, "languages": ["ru", "en"]}
    changed = options(tmp_path, recipe="flaskbb", url="https://forum.test/", **told)
    assert (changed.fields.views, changed.thread.fields.text) == ((".seen",), (".said",))
    assert changed.languages == ("ru", "en")
    assert changed.fields.title == plain.fields.title
    assert (changed.thread.item, changed.thread.fields.author) == (plain.thread.item, plain.thread.fields.author)


def test_an_address_of_ones_own_wins(tmp_path: Path) -> None:
    assert source(tmp_path, recipe="habr", query="x", url="https://habr.test/rss").url == "https://habr.test/rss"


def test_common_keys_stand_beside_the_parameters(tmp_path: Path) -> None:
    found = source(
        tmp_path, recipe="flaskbb", kind="html", url="http://127.0.0.1:5000/", every="2s", allow=["127.0.0.0/8"]
    )
    assert (found.url, found.every, found.learns) == ("http://127.0.0.1:5000/forum/1", timedelta(seconds=2), False)


def test_a_recipe_says_how_often_only_where_the_site_limits_it(tmp_path: Path) -> None:
    assert source(tmp_path, recipe="flaskbb", url="https://forum.test/").learns
    limited = source(tmp_path, recipe="stackexchange", query="x")
    assert (limited.every, limited.learns) == (timedelta(minutes=15), False)
    assert source(tmp_path, recipe="stackexchange", query="x", every="1h").every == timedelta(hours=1)


# ── Mistakes ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_all_mistakes_of_a_source_are_told_at_once(tmp_path: Path) -> None:
    assert faults(tmp_path, recipe="google_news", queri="x", max_pages=0) == [
        'sources[0].query: is missing (what to look for; quotes keep words together, such as "Kassolet")',
        "sources[0].queri: there is no such key (did you mean query?)",
        "sources[0].max_pages: must be at least 1 ()",
    ]


def test_the_common_keys_are_checked_where_the_recipe_is_not_known(tmp_path: Path) -> None:
    assert faults(tmp_path, recipe="gogle_news", query="x", max_pages=0) == [
        "sources[0].recipe: there is no recipe 'gogle_news' (did you mean google_news?)",
        "sources[0].max_pages: must be at least 1 ()",
    ]


@pytest.mark.parametrize("name", ["../recipes/habr", "", "habr.yaml", "Habr", "no\nsuch"])
def test_a_name_is_never_a_path(name: str) -> None:
    assert recipe_of(name) is None


@pytest.mark.parametrize("value", ["", "  ", "a\nb", True, {"a": 1}])
def test_a_parameter_is_text_in_one_line(tmp_path: Path, value: object) -> None:
    (fault,) = faults(tmp_path, recipe="habr", query=value)
    assert fault.startswith("sources[0].query: ")


# ── Recipes of one's own making ─────────────────────────────────────────────────────────────────────────────────────

OWN = """
about: A shop.
kind: feed
needs: {shop: {about: its name, example: a}}
source: {url: "https://{shop}.shops.test/feed", max_pages: 2, headers: {X-Shop: "{shop}"}}
yields: [title]
delay: none
limits: none
blind: all else
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "recipes").mkdir()
    monkeypatch.setattr(recipes, "FOLDER", tmp_path / "recipes")
    recipe_of.cache_clear()
    yield tmp_path / "recipes"
    recipe_of.cache_clear()


def test_a_new_recipe_is_a_new_file(folder: Path, tmp_path: Path) -> None:
    (folder / "shop.yaml").write_text(OWN, encoding="utf-8")
    assert names() == ["shop"]
    found = source(tmp_path, recipe="shop", shop="kasse")
    assert (found.url, found.max_pages, found.headers) == ("https://kasse.shops.test/feed", 2, (("X-Shop", "kasse"),))


def test_a_mistake_in_what_a_recipe_fills_in_points_at_its_name(folder: Path, tmp_path: Path) -> None:
    (folder / "shop.yaml").write_text(OWN, encoding="utf-8")
    assert faults(tmp_path, recipe="shop", shop="каса") == [
        "sources[0].recipe: what the recipe shop makes of this as headers: a header holds only printable ASCII ()"
    ]


@pytest.mark.parametrize(
    ("spelt", "told"),
    [
        (OWN.replace("kind: feed\n", ""), "kind: Field required"),
        (OWN + "colour: red\n", "colour: Extra inputs are not permitted"),
        ("about: [", "is not YAML"),
    ],
)
def test_a_recipe_that_is_written_wrongly_is_told_by_its_file(
    folder: Path, tmp_path: Path, spelt: str, told: str
) -> None:
    (folder / "shop.yaml").write_text(spelt, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        source(tmp_path, recipe="shop", shop="a")
    assert re.search(rf"shop\.yaml:\d+:\d+: {re.escape(told)}", str(caught.value))


# ── Around ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_the_recipes_that_are_named_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def noted(path: Path) -> Document:
        opened.append(path.stem)
        return read_document(path)

    monkeypatch.setattr("monitor.config.recipes.read_document", noted)
    recipe_of.cache_clear()
    entries: list[dict[str, object]] = [{"name": f"n{number}", "recipe": "habr", "query": "x"} for number in range(20)]
    load(written(tmp_path, *entries), environ={})
    assert opened == ["habr"]


def test_the_schema_holds_each_recipe_with_its_parameters() -> None:
    shapes = {
        shape["properties"]["recipe"]["const"]: shape
        for shape in json_schema()["properties"]["sources"]["items"]["oneOf"]
        if shape["properties"]["recipe"].get("const")
    }
    assert list(shapes) == names()
    news = shapes["google_news"]
    assert news["required"] == ["name", "recipe", "query"]
    assert news["properties"]["country"]["default"] == "RU"
    assert news["properties"]["every"] == {"$ref": "#/$defs/feed_every"}
    assert shapes["flaskbb"]["required"] == ["name", "recipe", "url"]
    assert shapes["nodebb"]["properties"]["period"]["enum"] == ["day", "week", "month"]


def test_a_key_that_is_spelt_out_for_all_to_read_is_warned_of(tmp_path: Path) -> None:
    entry: dict[str, object] = {"name": "one", "recipe": "youtube_comments", "channel": "UC1"}
    path = written(tmp_path, {**entry, "key": "spelt-out"})
    path.chmod(0o644)
    assert "sources[0].key" in [warning.path for warning in load(path, environ={}).warnings]
    path = written(tmp_path, {**entry, "key": "${KEY}"})
    assert "sources[0].key" not in [warning.path for warning in load(path, environ={"KEY": "k1-secret"}).warnings]
