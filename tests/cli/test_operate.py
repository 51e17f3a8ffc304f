"""What `monitor check` says last: how much of everything the configuration holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.inprocess import run_command

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = '{{name: {0}, kind: feed, url: "https://{0}.example/feed"}}'


@pytest.mark.parametrize(
    ("brands", "sources", "said"),
    [
        ("{name: Kettleworks}", ["a"], "1 brand, 1 source, 1 receiver, 0 routes"),
        ("{name: Kettleworks}, {name: Harrow Steel}", ["a", "b"], "2 brands, 2 sources, 1 receiver, 0 routes"),
    ],
)
def test_check_counts_what_is_configured(tmp_path: Path, brands: str, sources: list[str], said: str) -> None:
    (tmp_path / "sources.yaml").write_text(
        f"contact: t@monitor.test\nsentiment: fast\nbrands: [{brands}]\n"
        f"sources: [{', '.join(map(SOURCE.format, sources))}]\n"
        'receivers: {desk: {urls: ["json://desk.example"]}}\n',
        encoding="utf-8",
    )
    checked = run_command(tmp_path, "check")
    assert checked.returncode == 0, (checked.stdout, checked.stderr)
    assert checked.stdout.splitlines()[-1] == f"sources.yaml: {said}"


@pytest.mark.parametrize(
    ("template", "said"),
    [("{{ brand }}: {{ sentiment }}", ""), ("{{ brand }", "is no template: "), ("{{ brnd }}", "is no template: ")],
)
def test_check_points_at_a_template_that_is_none(tmp_path: Path, template: str, said: str) -> None:
    (tmp_path / "sources.yaml").write_text(
        "contact: t@monitor.test\nsentiment: fast\nbrands: [{name: Kettleworks}]\n"
        f"sources: [{SOURCE.format('a')}]\n"
        f"receivers: {{desk: {{urls: ['json://desk.example'], templates: {{title: '{template}'}}}}}}\n",
        encoding="utf-8",
    )
    checked = run_command(tmp_path, "check")
    assert checked.returncode == bool(said), (checked.stdout, checked.stderr)
    assert (f"sources.yaml:5:70: receivers.desk.templates.title: {said}" in checked.stdout + checked.stderr) is bool(
        said
    )
