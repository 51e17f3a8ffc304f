from __future__ import annotations

import pytest
from lxml import etree

from monitor.sources.mending import mend


def mended(inner: str, entities: dict[str, str] | None = None) -> str:
    """What a strict parser reads of the title in a mended document."""
    document = mend(f"<rss><item><title>{inner}</title></item></rss>", root="rss", entities=entities or {})
    return etree.fromstring(document.encode()).findtext("item/title") or ""


@pytest.mark.parametrize(
    ("inner", "title"),
    [
        ("R&D", "R&D"),
        ("R&amp;D &lt;3", "R&D <3"),
        ("5 < 6 <3", "5 < 6 <3"),
        ("caf&eacute;&nbsp;&hellip;", "café\u00a0…"),
        ("&AMP; and &lt; stay", "& and < stay"),
        ("&#X41;&#x42;&#67;", "ABC"),
        ("no&#0;thing&#x1F;left&#1114112;", "nothingleft"),
        ("&undefined; & &;", "&undefined; & &;"),
        ("a <b>bold</i> word", "a <b>bold</i> word"),
        ("<![CDATA[R&D <3]]> & co", "R&D <3 & co"),
    ],
)
def test_usual_mistakes(inner: str, title: str) -> None:
    assert mended(inner) == title


def test_a_cdata_section_that_never_ends_is_text() -> None:
    document = mend("<rss><item><link>1</link><![CDATA[ & </item></rss>", root="rss", entities={})
    assert "<![CDATA[" not in document
    assert "]]>" not in document


def test_entities_of_a_doctype_are_replaced() -> None:
    assert mended("&brand; & &other;", {"brand": "Пар & <co>"}) == "Пар & <co> & &other;"


def test_undeclared_prefixes_are_declared() -> None:
    document = mend('<rss><item><dc:creator x:y="z">&</dc:creator></item></rss>', root="rss", entities={})
    assert [element.text for element in etree.fromstring(document.encode()).iter("{*}creator")] == ["&"]


def test_markup_that_nobody_escaped_does_not_swallow_what_follows() -> None:
    document = mend(
        "<rss><item><description><p>One<br>two</description><link>1</link></item><item><link>2</link></item></rss>",
        root="rss",
        entities={},
    )
    tree = etree.fromstring(document.encode())
    assert tree.findtext("item/description") == "<p>One<br>two"
    assert [link.text for link in tree.iter("link")] == ["1", "2"]
