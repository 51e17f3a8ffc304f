"""What the documents say is so: every command and option is described, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from monitor.cli import EXIT_CODES, application

ROOT = Path(__file__).resolve().parents[1]
COMMANDS_PAGE = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


def commands() -> dict[str, TyperCommand | TyperGroup]:
    group = typer.main.get_command(application())
    assert isinstance(group, TyperGroup)
    return {name: command for name, command in group.commands.items() if isinstance(command, TyperCommand | TyperGroup)}


def section(name: str) -> str:
    match = re.search(rf"^### monitor {name}\b.*?(?=^##|\Z)", COMMANDS_PAGE, re.MULTILINE | re.DOTALL)
    return match[0] if match else ""


@pytest.mark.parametrize("name", commands())
def test_every_command_has_a_section_that_names_each_option(name: str) -> None:
    text = section(name)
    assert text, f"docs/commands.md has no section for {name}"
    missing = [
        option
        for command in (commands()[name], *getattr(commands()[name], "commands", {}).values())
        for parameter in command.params
        if isinstance(parameter, TyperOption)
        for option in parameter.opts
        if option.startswith("--") and option != "--help" and f"`{option}" not in text
    ]
    assert not missing


def test_no_section_describes_a_command_that_does_not_exist() -> None:
    described = set(re.findall(r"^### monitor ([\w-]+)", COMMANDS_PAGE, re.MULTILINE))
    assert described == set(commands())


def test_every_command_has_help() -> None:
    assert all(command.help for command in commands().values())


def test_every_exit_code_is_described() -> None:
    described = {int(code) for code in re.findall(r"^\| (\d+) \|", COMMANDS_PAGE, re.MULTILINE)}
    assert {code for _, code in EXIT_CODES} | {0, 2} <= described


PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]


def places_in(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_a_place_in_a_page_find_it(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#\s]*)#([\w-]+)\)", page.read_text(encoding="utf-8"))
    targets = [(page.parent / target if target else page, place) for target, place in links]
    assert not [(target.name, place) for target, place in targets if place not in places_in(target)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_and_make_targets_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"(?:`|\$ )make (\w+)", text)
    assert not [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)]
    paths = re.findall(r"`((?:monitor|tests|docs|training|benchmarks)/[\w./]+)`", text)
    assert not [path for path in paths if not (ROOT / path).exists()]


def full_examples(page: Path) -> list[str]:
    blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [block for block in blocks if "contact:" in block]


@pytest.mark.parametrize("text", full_examples(ROOT / "README.md"))
def test_the_examples_of_the_readme_load(text: str, tmp_path: Path) -> None:
    from monitor.config import load

    path = tmp_path / "sources.yaml"
    path.write_text(text, encoding="utf-8")
    config = load(path, environ={})
    assert config.brands
    assert config.sources


def test_the_page_of_requirements_names_each_numbered_test_and_no_other() -> None:
    named = set(re.findall(r"`(tests/\S+\.py::test_[RT]\d+_\w+)`", (ROOT / "docs" / "requirements.md").read_text()))
    there = {
        f"{path.relative_to(ROOT)}::{name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_[RT]\d+_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert named == there


REQUIREMENTS = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
BUILT = sorted(map(int, re.findall(r"^\| R(\d+) \|", REQUIREMENTS.partition("## Tests")[0], re.MULTILINE)))


def test_what_is_built_is_not_called_missing() -> None:
    assert len(BUILT) == len(set(BUILT)) > 30
    missing = REQUIREMENTS.partition("## Not built yet")[2]
    assert not [number for number in BUILT if re.search(rf"\bR{number}\b", missing)]


@pytest.mark.parametrize("number", BUILT)
def test_what_the_page_calls_built_is_tested_through_the_command_line(number: int) -> None:
    assert re.search(rf"`tests/cli/test_\w+\.py::test_R{number}_", REQUIREMENTS)


def test_the_recipe_that_contributing_shows_is_the_real_one() -> None:
    shown = re.findall(
        r"^   ```yaml\n(.*?)^   ```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert [re.sub(r"(?m)^   ", "", block) for block in shown] == [
        (ROOT / "monitor" / "recipes" / "telegram.yaml").read_text(encoding="utf-8")
    ]
