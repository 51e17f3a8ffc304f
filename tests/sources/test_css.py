"""Selectors over lxml trees: they select what soupsieve selects, in linear time, or are refused."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
import soupsieve
from bs4 import BeautifulSoup
from lxml import etree
from soupsieve import css_types

from monitor.sources import css
from monitor.sources.css import Selectors

PAGE = """
<html><body>
<div id="top" class="a b"><p n="1">one</p><p n="2" class="c">two<span n="3" lang="en">three</span></p>text
<p n="4">four</p></div>
<ul class="b"><li n="5">x</li><li n="6" class="c d"><a n="7" href="/x?page=2" rel="next nofollow">Older posts</a></li>
<li n="8" data-k="Ab-Cd"><b n="9"></b><i n="10">  </i></li></ul>
<div n="11"><div n="12" class="a"><div n="13"><p n="14" class="c">deep</p></div></div><p n="15">last</p></div>
<form n="16"><input n="17" type="text" checked><input n="18" type="CHECKBOX" disabled></form>
</body></html>
"""
SELECTORS = [
    *("*", "p", "P", "div p", "div > p", "p + p", "p ~ p", ".a p", ".a > p.c", "#top .c", ".a.b p", "div div div p"),
    *("li:first-child", "li:last-child", "li:nth-child(2)", "li:nth-child(2n+1)", "p:nth-of-type(2)", "p:last-of-type"),
    *("li:nth-last-child(2)", "p:nth-last-of-type(1)", "p:only-child", "span:only-of-type", "li:nth-child(-n+2)"),
    *("[n]", "[n='3']", "[data-k^=Ab]", "[data-k$=Cd]", "[data-k*='b-C']", "[rel~=next]", "[lang|=en]", "[class!=c]"),
    *(
        "[data-k='ab-cd' i]",
        "[type=checkbox]",
        "a[href*='page=']",
        "a[href]:not([rel=prev])",
        "li:not(.c)",
        "li:not(.c, .d)",
    ),
    *("p:is(.c, [n='4'])", ":where(.a, .b) > li", "div:not(.a) > p", "li:not(ul.b > .c)", "p:is(div > div > .c)"),
    *("b:empty", "i:empty", "body > :root", ":root > body > ul", "ul.b li ~ li a", "div > p ~ p", "p.c, li.c, b"),
    *("a:-soup-contains-own('Older')", "p:-soup-contains-own('two', 'four')", "a:link", "div:not(:first-child)"),
]


def ours(selector: str) -> list[str]:
    root = etree.fromstring(PAGE, etree.HTMLParser())
    matches = Selectors(["html", selector]).walk(root)
    return [match.element.get("n", match.element.tag) for match in matches if match.done & 2]


@pytest.mark.parametrize("selector", SELECTORS)
def test_selects_what_soupsieve_selects(selector: str) -> None:
    page = BeautifulSoup(PAGE, "lxml")
    assert ours(selector) == [str(tag.get("n", tag.name)) for tag in soupsieve.select(selector, page)]


def test_the_selectors_are_worth_the_comparison() -> None:
    assert sum(bool(ours(selector)) for selector in SELECTORS) >= len(SELECTORS) - 2


def test_scope_is_what_the_first_selector_selects() -> None:
    root = etree.fromstring(PAGE, etree.HTMLParser())
    matches = Selectors(["div", ":scope > p", ":scope"]).walk(root)
    assert [(match.element.get("n"), match.done) for match in matches if match.done & 2] == [
        *(("1", 2), ("2", 2), ("4", 2), ("14", 2), ("15", 2))
    ]


def test_says_what_stands_around_up_to_the_scope() -> None:
    root = etree.fromstring("<div><p><b><i>x</i></b></p></div>", etree.HTMLParser())
    around = {match.element.tag: match.around for match in Selectors(["p", "div", "b", "i"]).walk(root)}
    assert around == {"div": 0b0, "p": 0b10, "b": 0b1, "i": 0b101}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("a[", "selector 'a[': Malformed attribute selector at position 1"),
        ("", "selector '': Expected a selector at position 0"),
        ("a >", "selector 'a >': Invalid character"),
        ("> a", "selector '> a': Invalid character"),
        ("p..x", "selector 'p..x': Malformed class selector at position 1"),
        ("p:foo", "selector 'p:foo': ':foo' was detected as a pseudo-class"),
        ("p::before", "selector 'p::before': Pseudo-element found at position 1"),
        ("div:has(p)", "selector 'div:has(p)': :has() would need a second walk"),
        ("p:-soup-contains('x')", "selector \"p:-soup-contains('x')\": :-soup-contains() may look"),
        ("p:lang(ru)", "selector 'p:lang(ru)': this pseudo-class"),
        ("p:dir(rtl)", "selector 'p:dir(rtl)': this pseudo-class"),
        ("svg|a", "selector 'svg|a': HTML has no namespaces, write a for svg|a"),
        ("[x|a]", "selector '[x|a]': HTML has no namespaces, write [a]"),
        ("p:nth-child(2 of .x)", "selector 'p:nth-child(2 of .x)': :nth-child(… of …) is not supported"),
    ],
)
def test_refuses_what_it_cannot_match(selector: str, expected: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Selectors(["p", selector])
    assert str(caught.value).startswith(expected)


NESTED = "<div>{}</div>"
HARD = ["div div div p", "div:not(.a) div ~ div", "div + div", "div ~ div ~ p", "div:nth-last-of-type(2n)", ".x .y, *"]


@pytest.mark.parametrize("shape", ["nested", "flat"])
def test_work_grows_with_the_page_and_no_faster(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    work: Counter[int] = Counter()
    holds = css._holds

    def counted(*args: object, **named: object) -> bool:
        work[size] += 1
        return holds(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(css, "_holds", counted)
    selectors = Selectors(["div", *HARD])
    for size in (400, 1600):
        body = "<div>" * size + "<p>" if shape == "nested" else "<div></div>" * size
        found = list(selectors.walk(etree.fromstring(body, etree.HTMLParser(huge_tree=True))))
        assert len(found) >= size
    assert work[1600] < 4.2 * work[400]


def test_flags_are_those_of_soupsieve() -> None:
    assert (css.SEL_EMPTY, css.SEL_ROOT, css.SEL_SCOPE) == (
        css_types.SEL_EMPTY,
        css_types.SEL_ROOT,
        css_types.SEL_SCOPE,
    )


def test_soupsieve_is_not_loaded_before_the_first_selector() -> None:
    code = "import sys, monitor.sources; sys.exit('soupsieve' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
