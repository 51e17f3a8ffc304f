"""What is found, how soon, and whose words it is, from a feed to the list of mentions: through the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.inprocess import run_command
from tests.site import Site, running_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """
contact: watch@shop.test
sentiment: fast
brands:
  - {{name: Тестомаркет, aliases: [Тестокасса], people: ["Полина Ветрова"]}}
sources:
  - {{name: news, kind: feed, url: "http://127.0.0.1:{port}/feed", allow: [127.0.0.0/8]}}
  - {{name: own, kind: feed, url: "http://127.0.0.1:{port}/own", every: 7m, allow: [127.0.0.0/8]}}
fetch: {{gap: 0s}}
"""

ANSWERS = """<?xml version="1.0"?>
<rss version="2.0"><channel><title>Comments for a blog</title><ttl>45</ttl>
<item><guid>c2</guid><link>https://blog.test/a/#comment-2</link>
<title>Comment on Тестомаркет открыл склад by Борис</title><description>А у нас сегодня дождь</description></item>
<item><guid>c1</guid><link>https://blog.test/a/#comment-1</link>
<title>Comment on Тестомаркет открыл склад by Анна</title><description>Тестомаркет меня обманул</description></item>
</channel></rss>"""


def monitor(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    done = run_command(folder, *arguments)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running_site() as site:
        (tmp_path / "sources.yaml").write_text(CONFIG.format(port=site.port), encoding="utf-8")
        yield site


def test_R52_brands_products_and_the_names_of_people_are_found(tmp_path: Path, site: Site) -> None:
    site.posts = ["Тестомаркетом недоволен", "О погоде", "Купил Тестокассу", "Видел Полину Ветрову в магазине"]
    monitor(tmp_path, "poll", "news")
    found = monitor(tmp_path, "mentions", "--json")
    assert {mention["post"]["title"] for mention in found} == {site.posts[0], site.posts[2], site.posts[3]}
    assert {mention["brand"] for mention in found} == {"Тестомаркет"}


def test_R56_a_comment_is_a_mention_by_its_own_words_only(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "feed", ANSWERS.encode)
    monitor(tmp_path, "poll", "news")
    (mention,) = monitor(tmp_path, "mentions", "--json")
    assert mention["post"]["url"] == "https://blog.test/a/#comment-1"
    assert mention["sentiment"]["label"] == "negative"


def test_R10_a_source_is_visited_as_often_as_its_rhythm_says_and_politeness_allows(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.posts = ["Тестомаркет"]
    monitor(tmp_path, "poll", "news")
    (told,) = monitor(tmp_path, "sources", "news", "--json")
    assert told["delay_minutes"] == 15.0  # nothing is known of its rhythm yet
    monkeypatch.setattr(site, "feed", ANSWERS.encode)
    monitor(tmp_path, "poll", "news")
    monitor(tmp_path, "poll", "own")
    told = {row["name"]: row["delay_minutes"] for row in monitor(tmp_path, "sources", "--json")}
    assert told == {"news": 45.0, "own": 7.0}  # a feed's ttl lengthens what is learned, and not what somebody wrote
