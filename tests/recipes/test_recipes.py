"""What each recipe must do; a new one passes by laying its files into tests/recipes/data/<recipe>/.

There `list.*` is the answer to its first request, `thread.*` the page of the first thread that it lists, `answers.*`
the answers to the first post that can be followed; NAME.expected.json beside each says what is read, and source.json
holds parameters that are not those of the examples. NAME may go on for another version of a site: `thread_30.*`.
"""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING

import pytest

from monitor.config.recipes import names, recipe_of
from monitor.errors import Blocked, ReadError
from monitor.sources import KINDS
from monitor.sources.render import post_to_json
from tests.recipes.reading import DATA, NOW, read, reader_of, source_of

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.models import Page
    from monitor.sources.protocol import Kind

RECIPES = names()
FILES = sorted(
    path for path in DATA.glob("*/*.*") if not path.name.endswith(".expected.json") and path.name != "source.json"
)


def kind_of(recipe: str, folder: Path) -> Kind:
    given = DATA / recipe / "source.json"
    return reader_of(source_of(recipe, folder, **(json.loads(given.read_bytes()) if given.exists() else {})))


def page_of(path: Path, folder: Path) -> Page:
    kind = kind_of(path.parent.name, folder)
    request = kind.start({}, NOW)
    name = path.stem.partition("_")[0]
    if name == "list":
        return read(kind, request, path)
    listed = read(kind, request, next(path.parent.glob("list.[!e]*")))
    following = (
        listed.threads[0]
        if name == "thread"
        else next(kind.replies(post.follow, listed.cursor, NOW) for post in listed.posts if post.follow)
    )
    return read(kind, following, path, cursor=listed.cursor)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_reads_its_files(path: Path, tmp_path: Path) -> None:
    page = page_of(path, tmp_path)
    told = {"posts": [post_to_json(post) for post in page.posts], "more": [request.url for request in page.more]}
    if page.threads:
        told["threads"] = [request.url for request in page.threads]
    assert told == json.loads((path.parent / f"{path.stem}.expected.json").read_bytes())


def test_each_recipe_has_its_files_and_each_file_its_expectation() -> None:
    assert sorted(path.parent.name for path in FILES if path.stem == "list") == RECIPES
    expected = {path.name.removesuffix(".expected.json") for path in DATA.glob("*/*.expected.json")}
    assert {name.partition("_")[0] for name in expected} <= {"list", "thread", "answers"}
    assert len(list(DATA.glob("*/*.expected.json"))) == len(FILES)


@pytest.mark.parametrize("recipe", RECIPES)
def test_fills_the_fields_that_it_says_it_yields(recipe: str, tmp_path: Path) -> None:
    said = recipe_of(recipe)
    assert said is not None
    filled: set[str] = set()
    for path in FILES:
        if path.parent.name == recipe:
            page = page_of(path, tmp_path)
            for thread in page.threads:  # what the list says of the opening post
                filled |= {name for name in ("title", "replies", "views") if thread.carry.get(name)}
            for post in page.posts:
                told = post_to_json(post) | {"id": post.native_id, "follow": post.follow, "lang": post.lang}
                told |= {"author": post.author.name, "author_url": post.author.url, "followers": post.author.followers}
                filled |= {name for name, value in told.items() if value not in (None, "")}
    assert set(said.yields) <= filled


@pytest.mark.parametrize("recipe", RECIPES)
def test_uses_all_that_it_needs_and_needs_all_that_it_uses(recipe: str) -> None:
    said = recipe_of(recipe)
    assert said is not None
    assert said.kind in KINDS
    for name in said.needs:
        assert f"{{{name}}}" in str(said.source), name
    assert all(needed.about and (needed.example or needed.default is not None) for needed in said.needs.values())
    assert all(text.strip() for text in (said.about, said.delay, said.limits, said.blind))
    assert said.about.endswith(".")


@pytest.mark.parametrize("recipe", RECIPES)
def test_is_sent_to_a_worker_and_back(recipe: str, tmp_path: Path) -> None:
    kind = kind_of(recipe, tmp_path)
    assert pickle.loads(pickle.dumps(kind)) == kind


@pytest.mark.parametrize("recipe", RECIPES)
def test_does_not_take_a_page_for_people_for_silence(recipe: str, tmp_path: Path) -> None:
    kind = kind_of(recipe, tmp_path)
    request = kind.start({}, NOW)
    page = tmp_path / "page.html"
    page.write_text("<html><title>Just a moment...</title><script>_cf_chl_opt={}</script></html>", encoding="utf-8")
    with pytest.raises(Blocked):
        read(kind, request, page)
    page.write_bytes(b"")
    with pytest.raises(ReadError):
        read(kind, request, page)
