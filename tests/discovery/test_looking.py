"""What one answer gives away: engines, feeds, schema.org data, sitemaps, its form."""

from __future__ import annotations

import pytest

from monitor.discovery.engines import ENGINES
from monitor.discovery.looking import look
from tests.discovery import pages
from tests.discovery.pages import SITE, answer, page


@pytest.mark.parametrize("name", pages.ENGINES)
def test_an_engine_is_known_by_its_signs(name: str) -> None:
    body, headers, url, home = pages.ENGINES[name]
    first = look(answer(body, url, *headers)).engines[0]
    assert first.engine.name == name
    assert first.sure >= 0.85
    assert first.home == home
    assert first.signs


def test_each_engine_of_the_table_has_a_page_here() -> None:
    assert {engine.name for engine in ENGINES} == set(pages.ENGINES)


def test_a_page_of_no_engine_gives_none_away() -> None:
    assert look(answer(pages.thread_list())).engines == ()


def test_a_word_in_a_post_is_no_engine() -> None:
    said = page(body="<p>Мы перешли с vBulletin на phpBB и Discourse, а блог у нас на WordPress.</p>")
    assert look(answer(said)).engines == ()


def test_one_link_to_a_picture_is_a_weak_sign() -> None:
    evidence = look(answer(page(body="<img src='https://other.example/wp-content/uploads/a.png'>")))
    assert [one.sure for one in evidence.engines] == [0.5]


def test_feeds_of_each_type_are_found_once() -> None:
    head = (
        "<link rel='alternate' type='application/rss+xml' title='Лента' href='/feed/'>"
        "<link rel='alternate' type='application/atom+xml' href='atom.xml'>"
        "<link rel='alternate' type='application/feed+json' href='/feed.json'>"
        "<link rel='alternate' type='application/rss+xml' href='/feed/'>"
        "<link rel='alternate' hreflang='en' href='/en/'>"
        "<link rel='stylesheet' type='text/css' href='/a.css'>"
    )
    found = look(answer(page(head), f"{SITE}news/"))
    assert [feed.url for feed in found.feeds] == [f"{SITE}feed/", f"{SITE}news/atom.xml", f"{SITE}feed.json"]
    assert found.feeds[0].title == "Лента"


def test_schema_org_is_counted_in_all_three_spellings() -> None:
    head = '<script type="application/ld+json">{"@type": "Review", "author": {"@type": "Person"}}</script>'
    body = (
        '<div itemscope itemtype="https://schema.org/Review"></div>'
        '<div vocab="https://schema.org/" typeof="Review"></div><div itemscope itemtype="https://other.example/Review">'
    )
    assert look(answer(page(head, body))).types == {"Review": 3, "Person": 1}


@pytest.mark.parametrize(
    ("body", "url", "content_type", "form"),
    [
        ('<?xml version="1.0"?><rss version="2.0"></rss>', SITE, "text/xml", "feed"),
        ('<feed xmlns="http://www.w3.org/2005/Atom"/>', SITE, "text/html", "feed"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": []}', SITE, "application/json", "feed"),
        ("<urlset></urlset>", SITE, "text/xml", "sitemap"),
        ('<?xml version="1.0"?><sitemapindex/>', SITE, "text/xml", "sitemap"),
        ("User-agent: *\nSitemap: https://board.example/s.xml\n", f"{SITE}robots.txt", "text/plain", "robots"),
        ('{"users": [], "topic_list": {"topics": []}}', f"{SITE}latest.json", "application/json", "discourse"),
        ('{"name": "x", "namespaces": ["oembed/1.0", "wp\\/v2"]}', f"{SITE}wp-json/", "application/json", "wordpress"),
        ('{"error": "no"}', SITE, "application/json", "nothing"),
        ("nothing to see", SITE, "text/plain", "nothing"),
        ("", SITE, "text/html", "nothing"),
        (page(), SITE, "text/html", "page"),
    ],
)
def test_the_form_of_an_answer(body: str, url: str, content_type: str, form: str) -> None:
    assert look(answer(body, url, content_type=content_type)).form == form


def test_robots_txt_names_sitemaps() -> None:
    body = "User-agent: *\nDisallow: /x\nsitemap: https://board.example/a.xml\nSitemap: /b.xml\n"
    found = look(answer(body, f"{SITE}robots.txt", content_type="text/plain"))
    assert found.sitemaps == (f"{SITE}a.xml", f"{SITE}b.xml")


def test_a_challenge_is_named() -> None:
    found = look(answer(page("<script>window._cf_chl_opt={}</script>")))
    assert found.barrier is not None
    assert "challenge" in found.barrier


def test_a_home_on_another_host_is_not_believed() -> None:
    body = page(
        '<link href="./styles/prosilver/x.css">', '<a href="https://other.example/index.php">Друзья</a>', attributes=""
    )
    (found,) = look(answer(body, f"{SITE}forum/viewforum.php?f=1")).engines
    assert found.home == SITE
