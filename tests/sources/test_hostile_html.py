"""Pages made to hang or to bloat the reader: what it does with them is counted, not timed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.errors import Malformed
from monitor.models import Page, Response
from monitor.sources import items
from monitor.sources.html import HtmlKind
from monitor.sources.htmloptions import Fields, HtmlOptions
from monitor.sources.webpage import TAG_CAP
from monitor.text import FIELD_CAP, html_to_text

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
EVERYTHING = HtmlOptions(
    item="*",
    fields=Fields(id=("*", "@id"), title=("*",), text=("*", ":scope"), author=("* *",), published=("* ~ *",)),
    remove=(".quote",),
)


def read(body: str | bytes, options: HtmlOptions) -> Page:
    kind = HtmlKind("https://served.example/", options)
    raw = body.encode() if isinstance(body, str) else body
    response = Response(url="https://served.example/", status=200, headers=(), body=raw)
    return kind.read(kind.start({}, NOW), response, {})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<div>" * 40_000 + "x", "nested too deeply"),
        ("<p>x" * (TAG_CAP + 1), "tags"),
        (b"<b>" * (10 * 1024 * 1024 // 3), "tags"),
        ("<" * 1_000_000 + "a", "tags"),
    ],
    ids=["depth", "paragraphs", "10 MB unclosed", "angle brackets"],
)
def test_what_is_too_much_is_refused(body: str | bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        read(body, HtmlOptions(item="p"))


@pytest.mark.parametrize("shape", ["nested", "flat", "quotes"])
@pytest.mark.parametrize("options", [EVERYTHING, HtmlOptions(item="div", fields=Fields(text=("b, div",)))])
def test_markup_that_is_written_out_grows_with_the_page_and_no_faster(
    shape: str, options: HtmlOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0
    plain = html_to_text

    def counted(markup: str) -> str:
        nonlocal written
        written += len(markup)
        return plain(markup)

    monkeypatch.setattr(items, "html_to_text", counted)
    spent = []
    for size in (250, 1000):
        written = 0
        one = {"nested": "<div><b>x</b>", "flat": "<div><b>x</b></div>", "quotes": "<div class=quote>x"}[shape]
        read(one * size, options)
        spent.append(written)
    assert spent[1] <= 4.4 * spent[0] + 1000


def test_a_selector_that_matches_everything_in_every_item() -> None:
    page = read("<ul>" + "<li><b>x</b></li>" * 3000 + "</ul>", HtmlOptions(item="li", fields=Fields(text=("*",))))
    assert len(page.posts) == 2000
    assert {post.text for post in page.posts} == {"x"}


def test_entities_are_not_expanded() -> None:
    bomb = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    page = read(f'<!DOCTYPE html [<!ENTITY a0 "lol">{bomb}]><p>&a9; said</p>', HtmlOptions(item="p"))
    assert [len(post.text) < 100 for post in page.posts] == [True]


def test_files_and_hosts_named_in_a_doctype_are_left_alone() -> None:
    doctype = '<!DOCTYPE html SYSTEM "http://127.0.0.1:1/x.dtd" [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    assert "root:" not in read(f"{doctype}<p>&f; said</p>", HtmlOptions(item="p")).posts[0].text


def test_fields_are_cut() -> None:
    long = "слово " * 40_000
    body = f"<div class=p id='{'i' * 10_000}'><h1>{long}</h1><b>{long}</b><p>{long}</p></div>"
    options = HtmlOptions(
        item=".p", fields=Fields(id=("@id",), title=("h1",), author=("b",), text=("p",), likes=("p",), rating=("p",))
    )
    (post,) = read(body, options).posts
    assert post.native_id is None
    assert len(post.title) <= 500
    assert len(post.author.name or "") <= 160
    assert len(post.text) <= FIELD_CAP


@pytest.mark.parametrize(
    "body", ["<p>a\0b</p>", "<p>\ud800x</p>", "<p>&#0;&#xD800;&#x1F;x</p>", "<p\0>x</p>", "<p/ ><svg><p>x"]
)
def test_characters_that_no_page_may_hold(body: str) -> None:
    for post in read(body.encode("utf-8", "surrogatepass"), HtmlOptions(item="p, *")).posts:
        assert post.text.isprintable()


@pytest.mark.parametrize("name", ["1" * 5000, "p" * 100_000])
def test_long_names_of_elements_and_attributes(name: str) -> None:
    page = read(f"<p {name}='{name}'>x</p><x{name}>y", HtmlOptions(item="p", fields=Fields(id=("@id",))))
    assert [post.text for post in page.posts] == ["x\ny"] or page.posts[0].text.startswith("x")


def test_many_attributes_and_classes() -> None:
    attributes = " ".join(f"a{n}=1" for n in range(5000))
    classes = " ".join(f"c{n}" for n in range(50_000))
    page = read(f"<p {attributes} class='{classes}'>x</p>", HtmlOptions(item="p.c49999"))
    assert [post.text for post in page.posts] == ["x"]
