"""docs/sources.md: every kind and recipe has its row and an entry that loads, and what the rows say is so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.config import load
from monitor.config.recipes import names, recipe_of
from monitor.sources import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.config import Config
    from monitor.config.recipes import RecipeShape

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
FIELDS = {
    "id",
    "url",
    "title",
    "text",
    "author",
    "author_url",
    "followers",
    "published",
    "rating",
    "likes",
    "replies",
} | {
    "views",
    "thread",
    "parent",
    "lang",
    "follow",
}


def section(heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


def rows_of_kinds() -> dict[str, list[str]]:
    lines = re.findall(r"^\| `(\w+)` \| (.*) \|$", section("Kinds"), re.MULTILINE)
    return {kind: rest.split(" | ") for kind, rest in lines}


def needs_of(recipe: RecipeShape) -> Iterator[str]:
    if recipe.takes_root:
        yield "`url`: where the site begins" + (", or the page with the list" if recipe.page else "")
    elif recipe.needs_url:
        yield "`url`: the page that lists threads"
    for name, need in recipe.needs.items():
        choices = f" ({', '.join(need.choices)})" if need.choices else ""
        default = "" if need.default is None else f" (`{need.default}`)" if need.default else " (may be left out)"
        yield f"`{name}`: {need.about}{choices}{default}"


def row_of(name: str, recipe: RecipeShape) -> str:
    cells = [
        f"`{name}` (`{recipe.kind}`)",
        recipe.about.removesuffix("."),
        "; ".join(needs_of(recipe)),
        ", ".join(recipe.yields),
        recipe.delay,
        recipe.limits,
        recipe.blind,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def loaded(block: str, folder: Path) -> Config:
    path = folder / "sources.yaml"
    path.write_text(f"contact: watch@your-company.test\nbrands: [{{name: Kassolet}}]\n{block}", encoding="utf-8")
    return load(path, environ=dict.fromkeys(re.findall(r"\$\{(\w+)\}", block), "secret-7"))


def told_by_fixtures(kind: str) -> set[str]:
    """The fields that the files under tests/sources/data/KIND fill."""
    told: set[str] = set()
    for path in (ROOT / "tests" / "sources" / "data" / kind).glob("*.expected.json"):
        for post in json.loads(path.read_bytes()).get("posts", []):
            author = post.pop("author")
            flat = {**post, "id": post["native_id"], "author": author["name"], "author_url": author["url"]}
            flat["followers"] = author.get("followers")
            told |= {name for name, value in flat.items() if value not in (None, "")}
    return told & FIELDS


def test_every_kind_has_its_row_with_each_cell() -> None:
    assert set(rows_of_kinds()) == set(KINDS)
    assert [kind for kind, cells in rows_of_kinds().items() if len(cells) != 5 or not all(map(str.strip, cells))] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_row_of_a_kind_names_the_fields_that_its_fixtures_fill(kind: str) -> None:
    named = set(rows_of_kinds()[kind][1].split(", "))
    assert named <= FIELDS
    assert told_by_fixtures(kind)
    assert told_by_fixtures(kind) <= named


@pytest.mark.parametrize("name", names())
def test_the_row_of_a_recipe_says_what_its_file_says(name: str) -> None:
    recipe = recipe_of(name)
    assert recipe is not None
    row = row_of(name, recipe)
    assert row in section("Recipes").splitlines(), f"docs/sources.md lacks this row:\n{row}"


def test_no_row_describes_a_recipe_that_does_not_exist() -> None:
    assert sorted(re.findall(r"^\| `(\w+)` \(`\w+`\) \|", PAGE, re.MULTILINE)) == names()


def test_the_first_table_names_each_kind_and_recipe() -> None:
    overview = PAGE.partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", overview))
    assert {*KINDS, *names()} <= named


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_example_loads(block: str, tmp_path: Path) -> None:
    assert loaded(block, tmp_path).sources


def test_there_is_an_example_of_each_kind_and_recipe(tmp_path: Path) -> None:
    kinds, recipes = (loaded(BLOCKS[number], tmp_path).sources for number in (0, 1))
    assert {source.kind for source in kinds} == set(KINDS)
    assert sorted(source.recipe or "" for source in recipes) == names()


@pytest.mark.parametrize("name", names())
def test_a_recipe_of_a_site_that_blocks_plain_clients_is_listed_with_its_way_round(name: str) -> None:
    recipe = recipe_of(name)
    assert recipe is not None
    listed = section("Sites that block plain clients").splitlines()
    rows = [line for line in listed if line.startswith(f"| `{name}` |")]
    assert rows == ([f"| `{name}` | {recipe.blocked} |"] if recipe.blocked else [])
