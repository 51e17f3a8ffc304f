"""Captured pages of real boards and sites: engines that must be recognised, structures with an independent count."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.config import kind_options
from monitor.config.recipes import names
from monitor.discovery.looking import Evidence, look
from monitor.discovery.proposals import Known, propose
from monitor.discovery.repeated import Structure, find_structure, html_options
from monitor.errors import ReadError
from monitor.models import Response
from monitor.sources import KINDS
from monitor.sources.html import HtmlKind
from monitor.sources.webpage import read_webpage

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "fixtures"
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
HERE = Known(kinds=set(KINDS), recipes=set(names()))

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no captures: {SHARED} is not there")


def captured(path: Path, url: str) -> Response:
    """The answer as it was captured, with its headers where they were kept."""
    kept = path.with_name(f"{path.name}.headers")
    headers = [("content-type", "text/html; charset=utf-8")]
    if kept.exists():
        lines = (line.partition(":") for line in kept.read_text("utf-8").splitlines()[1:] if ":" in line)
        headers = [(name.lower(), value.strip()) for name, _, value in lines]
    return Response(url=url, status=200, headers=tuple(headers), body=path.read_bytes())


def evidence(path: str, url: str) -> Evidence:
    return look(captured(SHARED / path, url))


def structure(path: Path) -> Structure | None:
    return find_structure(read_webpage(captured(path, "https://site.example/forum/1-x")), asked=NOW)


@pytest.mark.parametrize("name", ["index", "forum-1", "forum-1-page2", "topic-2", "topic-14", "search"])
def test_flaskbb_is_recognised(name: str) -> None:
    found = evidence(f"boards/flaskbb/{name}.html", "http://127.0.0.1:18081/").engines
    assert [one.engine.name for one in found] == ["flaskbb"]
    assert found[0].sure > 0.9


@pytest.mark.parametrize("page", ["index.html", "forum-1.html"])
def test_flaskbb_gives_the_forum_with_its_recipe(page: str) -> None:
    url = "http://127.0.0.1:18081/" + ("" if page == "index.html" else "forum/1-welcome")
    best = propose(evidence(f"boards/flaskbb/{page}", url), HERE)[0]
    assert best.entry["recipe"] == "flaskbb"
    assert best.entry["url"] == "http://127.0.0.1:18081/forum/1-welcome"


def test_wordpress_is_recognised_and_gives_two_entries() -> None:
    found = evidence("boards/wordpress/index.html", "http://127.0.0.1:18082/")
    assert found.engines[0].engine.name == "wordpress"
    assert found.engines[0].sure > 0.99
    first, second, *_ = propose(found, HERE)
    assert (first.entry["recipe"], second.entry["recipe"]) == ("wordpress", "wordpress_comments")
    assert {first.entry["url"], second.entry["url"]} == {"http://127.0.0.1:18082/"}
    assert [feed.url for feed in found.feeds] == [
        *("http://127.0.0.1:18082/feed/", "http://127.0.0.1:18082/comments/feed/")
    ]


@pytest.mark.parametrize("name", ["feed.rss", "feed.atom", "feed.rdf", "comments.rss", "search.rss"])
def test_a_feed_is_known_as_one(name: str) -> None:
    assert evidence(f"boards/wordpress/{name}", "http://127.0.0.1:18082/feed/").form == "feed"


ENGINES = {
    "anglerboard": "xenforo2",
    "katzen-forum": "xenforo2",
    "villagersandheroes": "xenforo2",
    "werkzeugforum": "wordpress",
    "bmel": None,
    "wolfsrebellen": None,
}


@pytest.mark.parametrize("name", ENGINES)
def test_engines_of_real_forums(name: str) -> None:
    (path,) = (SHARED / "forums").glob(f"*{name}*")
    found = [one for one in look(captured(path, "https://site.example/")).engines if one.sure > 0.55]
    assert (found[0].engine.name if found else None) == ENGINES[name]


def test_real_forums_mark_their_posts_for_search_engines() -> None:
    (path,) = (SHARED / "forums").glob("*katzen-forum*")
    body = path.read_text("utf-8")
    spelt = len(re.findall(r'"@type"\s*:\s*"DiscussionForumPosting"|itemtype="[^"]*/DiscussionForumPosting"', body))
    assert look(captured(path, "https://site.example/")).types["DiscussionForumPosting"] == spelt


# File → how often a mark of one post stands in it, told without a parser.
FORUMS = "forums/adbar__trafilatura__tests__eval__"
COUNTED = {
    "pages/codelucas__newspaper__tests__data__html__pewresearch.org1.html": r'<li class="comment ',
    "boards/flaskbb/forum-1.html": r'class="row forum-row',
    "boards/flaskbb/forum-1-page2.html": r'class="row forum-row',
    "boards/flaskbb/topic-6.html": r'class="row post-row"',
    "boards/flaskbb/topic-9.html": r'class="row post-row"',
    "boards/flaskbb/topic-14.html": r'class="row post-row"',
    "boards/wordpress/index.html": r"<li class=\"wp-block-post post-\d",
    f"{FORUMS}katzen-forum.net-Pepe.html": r'data-content="post-\d+"',
    f"{FORUMS}villagersandheroes.com.forums.patchnotes.html": r'data-content="post-\d+"',
    f"{FORUMS}wolfsrebellen-netz.forumieren.com.regeln.html": r'<div id="p[1-9]\d*" class="post',
}


@pytest.mark.parametrize("name", COUNTED)
def test_the_items_of_real_pages_are_as_many_as_a_count_says(name: str) -> None:
    path = SHARED / name
    found = structure(path)
    assert found is not None
    counted = len(re.findall(COUNTED[name], path.read_text("utf-8")))
    if found.sort == "threads":
        assert found.number == counted
        return
    kind = HtmlKind("https://site.example/", kind_options("html", json.dumps(html_options(found))))
    assert len(kind.read(kind.start({}, NOW), captured(path, kind.url), {}).posts) == counted


def test_the_fields_of_a_real_thread() -> None:
    found = structure(SHARED / "boards/flaskbb/topic-14.html")
    assert found is not None
    assert dict(found.fields) == {
        "id": "@id",
        "url": ".post-meta a",
        "author": ".author-name a",
        "text": ".post-content",
        "published": ".post-meta time",
    }


def test_the_fields_of_a_real_list_of_threads() -> None:
    found = structure(SHARED / "boards/flaskbb/forum-1.html")
    assert found is not None
    assert (found.follow, found.mark) == (".topic-last-post a", ".topic-last-post a@href")
    assert found.fields["title"] == ".topic-name a"
    assert found.next == '.pagination a:-soup-contains-own("»")'


PAGES = sorted((SHARED / "pages").glob("*.html")) + sorted((SHARED / "structured").glob("*.html"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name.rpartition("__")[2])
def test_any_page_is_looked_at_without_a_fault(path: Path) -> None:
    response = captured(path, "https://site.example/page")
    seen = look(response)
    for proposal in propose(seen, HERE):
        assert HERE.has(proposal.entry)
    assert seen.form in ("page", "nothing")
    if seen.form == "nothing":
        with pytest.raises(ReadError):
            read_webpage(response)
        return
    declared = re.findall(rb"itemtype=[\"']?\s*https?://schema\.org/([\w/]+)", response.body)
    for name in {name.decode().strip("/").rpartition("/")[2] for name in declared}:
        assert seen.types.get(name, 0) >= 1
