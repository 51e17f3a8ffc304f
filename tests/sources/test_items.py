"""Which elements belong to an item, and what is cut out of it."""

from __future__ import annotations

import pytest
from lxml import etree

from monitor.sources.items import Reader

PAGE = """<html><body>
<div class="post" id="a"><i class="edited">edited by a</i><div><div><p class="text">one</p></div></div></div>
<div class="post" id="b"><p class="text">two <i class="edited">edited by b</i></p></div>
<footer><div><div><p class="text">outside</p></div></div></footer>
<nav><a class="page" href="/1">1</a><a class="page" href="/2">2</a></nav>
<blockquote class="post" id="c"><p class="text">three</p></blockquote>
</body></html>"""


def texts(field: str, *remove: str) -> dict[str | None, str]:
    reader = Reader(".post", fields={"text": (field,)}, beside={}, remove=remove, once={})
    found = reader.find(etree.fromstring(PAGE, etree.HTMLParser()), limit=10)
    return {item.element.get("id"): reader.prose(item, "text") for item in found.items}


def test_what_stands_deeper_after_an_item_is_no_part_of_it() -> None:
    assert texts(".text") == {"a": "one", "b": "two edited by b", "c": "three"}


def test_what_stands_deeper_after_what_is_cut_out_is_not_cut_out() -> None:
    assert texts(".text", ".edited") == {"a": "one", "b": "two", "c": "three"}


def test_a_quotation_that_is_the_item_itself_is_its_own_words() -> None:
    assert texts(":scope")["c"] == "three"


@pytest.mark.parametrize(("last", "expected"), [(frozenset[str](), "/1"), (frozenset({"next"}), "/2")])
def test_of_several_links_the_first_counts_or_the_last(last: frozenset[str], expected: str) -> None:
    reader = Reader(".post", fields={}, beside={}, remove=(), once={"next": "a.page"}, last=last)
    found = reader.find(etree.fromstring(PAGE, etree.HTMLParser()), limit=10)
    assert reader.once(found, "next", attribute="href") == expected
