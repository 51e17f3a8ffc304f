from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.text import (
    FIELD_CAP,
    URL_CAP,
    canonical_url,
    clean_url,
    excerpt,
    fold,
    html_to_text,
    plain_text,
    safe_text,
    unwrap_url,
    words,
)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("no markup", "no markup"),
        ("two\nlines", "two\nlines"),
        ("AT&amp;T &#8212; &laquo;да&raquo; &hellip;", "AT&T — «да» …"),
        ("&#150; is a dash that Windows made", "– is a dash that Windows made"),
        ("<p>One.</p><p>Two,<br>three.</p>", "One.\nTwo,\nthree."),
        ("<p>wrapped\nby an   editor</p>", "wrapped by an editor"),
        ("<ul><li>a<li>b</ul>after", "a\nb\nafter"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
        ("<pre>kept\n  lines</pre>", "kept\nlines"),
        ("a<script>track('<b>')</script><style>p{}</style><!-- c -->b", "ab"),
        ("<head><title>t</title></head><body>page</body>", "page"),
        ("I <3 this, 5 < 6", "I <3 this, 5 < 6"),
        ("&lt;b&gt; is a tag <i>here</i>", "<b> is a tag here"),
        ("&amp;lt; stays escaped once <i>x</i>", "&lt; stays escaped once x"),
        ('safe<iframe src="x" /> and <script src="y"/>sound', "safe and sound"),
        ("a <! b <b>c</b>", "a <! b c"),
        ("<![if gte mso 9]>word<![endif]>", "word"),
        ('nice <img src="e.png" alt="🙂"> <img alt="a cat">', "nice 🙂"),
        ("zero\0byte and\x07bell<b>\x1b[31m</b>", "zerobyte andbell[31m"),
        ("<!-- only a comment -->", ""),
        ("non&nbsp;breaking <b>&nbsp;</b> space", "non breaking space"),
    ],
)
def test_html_becomes_what_a_reader_sees(markup: str, text: str) -> None:
    assert html_to_text(markup) == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<blockquote>a<p>b</blockquote>c", "> a\n> b\nc"),
        ("<BLOCKQUOTE>a<br>b</BLOCKQUOTE>c", "> a\n> b\nc"),
        ("<blockquote>a<blockquote>b</blockquote>c</blockquote>d", "> a\n> > b\n> c\nd"),
        ('<div class="x quote"><div>Анна:</div><blockquote>a</blockquote></div>b', "> Анна:\n> a\nb"),
        ('<div class="quotetitle">A wrote:</div><div class="quotecontent">a</div>b', "> A wrote:\n> a\nb"),
        ('<div class="bbCodeBlock bbCodeBlock--quote"><a>A said:</a><div>a</div></div>b', "> A said:\n> a\nb"),
        ('<aside class="quote"><div>A</div><blockquote><p>a</p></blockquote></aside>b', "> A\n> a\nb"),
        ('<table><tr><td class="quote">a</td></tr></table>b', "> a\nb"),
        ("[quote=A]a[quote]b[/quote][/quote]c", "> a\n> > b\nc"),
        ('<p>[QUOTE="A, post: 1"]a<br>b[/QUOTE]c</p>', "> a\n> b\nc"),
        ("[quote]never closed", "[quote]never closed"),
        ("never opened[/quote] a", "never opened[/quote] a"),
        ('<div class="quotes-of-the-day">a</div><q>quoted</q> in line', "a\nquoted in line"),
        ("<blockquote></blockquote>a", "a"),
        ("<blockquote>&#xFDD0;a&#xFDD1;</blockquote>b", "> > a\nb"),
        ("<blockquote>" * 9 + "a" + "</blockquote>" * 9 + "b", "> > > > a\nb"),
        ("<p>&gt; typed by hand</p>a", "> typed by hand\na"),
    ],
)
def test_a_quote_becomes_lines_that_say_so(markup: str, text: str) -> None:
    assert html_to_text(markup) == text


def test_quotes_grow_no_text_beyond_the_cap() -> None:
    deep = "<blockquote>" * 200 + "a<br>" * 10_000
    assert len(html_to_text(deep)) <= FIELD_CAP
    assert len(html_to_text("[quote]" + "a\n" * 31_000 + "[/quote]")) <= FIELD_CAP


def test_depth_and_length_are_bounded_without_losing_the_rest() -> None:
    assert html_to_text("<div>" * 1000 + "end") == "end"
    assert len(html_to_text("<b>x</b>" * FIELD_CAP)) <= FIELD_CAP
    assert len(html_to_text("x" * FIELD_CAP * 2)) == FIELD_CAP


@pytest.mark.parametrize(
    "unit",
    [
        "<!--",
        "<a ",
        "</",
        "<?",
        "<![CDATA[",
        "<div>",
        "<script",
        "<a x=",
        "&",
        "<",
        "<p><b>",
        "<blockquote>",
        "[quote]",
        "[quote",
    ],
)
def test_hostile_html_costs_no_time(unit: str) -> None:
    began = time.process_time()
    html_to_text(unit * (400_000 // len(unit)))
    assert time.process_time() - began < 10.0


@settings(deadline=None)
@given(st.text())
def test_any_html_gives_printable_text(markup: str) -> None:
    for text in (html_to_text(markup), html_to_text(f"<p>{markup}"), plain_text(markup)):
        assert text == text.strip()
        assert "\n\n" not in text
        assert "\0" not in text
        text.encode()


def test_plain_text_keeps_angle_brackets_and_entities() -> None:
    assert plain_text(" Use  <lid> &amp; more\r\n\r\nnext\tline ") == "Use <lid> &amp; more\nnext line"
    assert plain_text("a\n b", one_line=True) == "a b"
    assert plain_text("\ud800bad\x85half") == "bad\nhalf"


def test_safe_text_lets_nothing_through_that_moves_or_hides() -> None:
    evil = "a\x1b]0;title\x07b\u202egnp.exe\u2066c\u200bd\x9b31me\U000e0041f\ud800"
    safe = safe_text(evil)
    assert safe == "a�]0;title�b�gnp.exe�c�d�31me�f�"
    assert safe_text("one\r\ntwo\u2028three\tfour") == "one\\r\\ntwo\\nthree four"
    assert safe_text("one\ntwo\x1b", one_line=False) == "one\ntwo�"
    assert safe_text("Обычный текст, 100 % — «да» 🙂") == "Обычный текст, 100 % — «да» 🙂"


@settings(deadline=None)
@given(st.text())
def test_safe_text_is_one_printable_line(text: str) -> None:
    safe = safe_text(text)
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in safe)
    assert len(safe.splitlines()) <= 1
    assert safe_text(safe) == safe


def test_fold_makes_spellings_equal() -> None:
    assert fold("  Мой\u00a0Склад ЁЛКА ") == "мой склад елка"
    assert fold("Ｆｕｌｌ ﬁt") == "full fit"
    assert fold("Стра\u00adница") == fold("страница")
    assert fold("И\u0306") == fold("Й")
    assert fold("STRASSE") == fold("straße")


@pytest.mark.parametrize(
    ("url", "base", "cleaned"),
    [
        ("https://a.example/x", "", "https://a.example/x"),
        ("/x?a=1&b=2#f", "https://a.example/dir/feed.xml", "https://a.example/x?a=1&b=2#f"),
        ("x.html", "https://a.example/dir/feed.xml", "https://a.example/dir/x.html"),
        ("//cdn.example/x", "https://a.example/", "https://cdn.example/x"),
        ("  https://a.example/x\n", "", "https://a.example/x"),
        ("https://a.example/my file", "", "https://a.example/my%20file"),
        ("https://пример.рф/страница", "", "https://пример.рф/страница"),
        ("https://user:secret@a.example/x", "", "https://a.example/x"),
        ("/x", "https://user:secret@a.example/", "https://a.example/x"),
        ("http://[2001:db8::1]:8080/", "", "http://[2001:db8::1]:8080/"),
        ("x.html", "", None),
        ("", "https://a.example/", None),
        ("javascript:alert(1)", "https://a.example/", None),
        ("java\tscript:alert(1)", "https://a.example/", None),
        ("data:text/html,x", "https://a.example/", None),
        ("mailto:a@a.example", "https://a.example/", None),
        ("ftp://a.example/", "", None),
        ("https://", "", None),
        ("https://a.example\\@evil.example/", "", None),
        ("https://a b.example/", "", None),
        ("https://a.example:99999/", "", None),
        ("https://[::1/", "", None),
        ("https://a.example/\x00", "", None),
        ("https://a.example/" + "x" * URL_CAP, "", None),
    ],
)
def test_clean_url_gives_web_addresses_only(url: str, base: str, cleaned: str | None) -> None:
    assert clean_url(url, base) == cleaned


MD5 = "0123456789abcdef0123456789ABCDEF"


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTPS://A.Example:443/Path?b=2&a=1#frag", "https://a.example/Path?b=2&a=1"),
        ("http://a.example:80", "http://a.example/"),
        ("http://a.example:8080/", "http://a.example:8080/"),
        ("https://a.example/?utm_source=x&id=5&UTM_Medium=y&fbclid=1&gclid=2&yclid=3", "https://a.example/?id=5"),
        (f"https://a.example/t?t=1&sid={MD5}", "https://a.example/t?t=1"),
        (f"https://a.example/t?s={MD5}&t=1", "https://a.example/t?t=1"),
        ("https://a.example/story?sid=42&s=all", "https://a.example/story?sid=42&s=all"),
        ("https://a.example/t;jsessionid=AB12?t=1&PHPSESSID=ab", "https://a.example/t?t=1"),
        (
            "https://www.google.com/url?rct=j&url=https%3A%2F%2Fb.example%2F%3Fid%3D1%26utm_source%3Dg&ct=ga",
            "https://b.example/?id=1",
        ),
        ("https://www.google.co.uk/url?q=https://b.example/x&sa=U", "https://b.example/x"),
        (
            "http://www.bing.com/news/apiclick.aspx?ref=FexRss&url=https%3a%2f%2fb.example%2fx&c=1",
            "https://b.example/x",
        ),
        ("https://vk.com/away.php?to=https%3A%2F%2Fb.example%2Fx&cc_key=", "https://b.example/x"),
        (
            "https://google.com.evil.example/url?url=https://b.example/",
            "https://google.com.evil.example/url?url=https://b.example/",
        ),
        ("https://www.google.com/url?url=javascript:alert(1)", "https://www.google.com/url?url=javascript:alert(1)"),
        ("javascript:alert(1)", None),
        ("not an address", None),
    ],
)
def test_canonical_url_is_one_spelling(url: str, canonical: str | None) -> None:
    assert canonical_url(url) == canonical
    if canonical is not None:
        assert canonical_url(canonical) == canonical or "google" in url


def test_a_wrapper_is_taken_off_once() -> None:
    inner = "https://vk.com/away.php?to=https%3A%2F%2Fb.example%2F"
    assert (
        unwrap_url(
            "https://www.google.com/url?url=https%3A%2F%2Fvk.com%2Faway.php%3Fto%3Dhttps%253A%252F%252Fb.example%252F"
        )
        == inner
    )


@settings(deadline=None)
@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    for url in (
        clean_url(text),
        canonical_url(text),
        clean_url(text, "https://a.example/"),
        canonical_url(f"http://{text}"),
    ):
        assert url is None or url.startswith(("http://", "https://"))


STORY = (
    "Утром шёл дождь. Потом чайник «Пар» протёк на пол! Мы позвонили в поддержку. "
    "Никто не ответил, и чайник пришлось выбросить."
)


def test_an_excerpt_is_cut_at_sentences_and_shows_the_span() -> None:
    start = STORY.index("чайник")
    text, spans = excerpt(STORY, [(start, start + 6)], 60)
    assert text == "…Потом чайник «Пар» протёк на пол!…"
    assert [text[low:high] for low, high in spans] == ["чайник"]


def test_an_excerpt_is_cut_at_words_where_sentences_are_long() -> None:
    around = "слово " * 40
    text, spans = excerpt(f"{around}чайник {around}", [(240, 246)], 50)
    assert len(text) <= 50
    assert set(text.strip("…").split()) == {"слово", "чайник"}
    assert [text[low:high] for low, high in spans] == ["чайник"]


def test_a_short_text_is_its_own_excerpt() -> None:
    assert excerpt("коротко", [(0, 7)], 80) == ("коротко", ((0, 7),))
    assert excerpt("", [], 80) == ("", ())


@settings(deadline=None)
@given(st.text(alphabet="аб .\n!", min_size=1, max_size=300), st.data())
def test_an_excerpt_always_shows_its_first_span(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    width = data.draw(st.integers(10, 80))
    cut, spans = excerpt(text, [(start, end)], width)
    assert len(cut) <= max(width, 0) or len(text) <= width
    assert len(spans) == 1
    low, high = spans[0]
    assert text[start:end].startswith(cut[low:high])
    assert cut[low:high] == text[start:end] or high - low >= min(end - start, width - 2) - 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("…!", ()),
        ("Ёлки-палки, wi-fi 2026", ("елки", "палки", "wi", "fi", "2026")),
        ("М'яч м’яч мʼяч м`яч", ("мяч", "мяч", "мяч", "мяч")),
        ("L'entrega don't", ("l", "entrega", "don", "t")),
        ("'склад' ‘склад’", ("склад", "склад")),
        ("a_b скла\u00adд ＡＢＣ Straße", ("a", "b", "склад", "abc", "strasse")),
    ],
)
def test_words_are_runs_of_letters_and_digits(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected
