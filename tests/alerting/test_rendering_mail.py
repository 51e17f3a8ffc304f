from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.mail import page, thread_headers
from monitor.models import AlarmKind, Author, NoticeKind, Post, SignalKind, SignalView
from tests.alerting.alerts import (
    NOW,
    make_alarm,
    make_alert,
    make_case,
    make_frame,
    make_mention,
    make_notice,
    rendered,
)

if TYPE_CHECKING:
    from monitor.alerting.messages import Carried

ALERT = make_alert(
    Post(title="Не работает", text="В МоёмСкладе опять <b>беда</b> & обман", url="https://forum.example/t/1?a=1&b=2"),
    make_mention(),
)
HOSTILE = (
    "</p></td><script>alert(1)</script><img src=http://pixel.example/x.png onerror=alert(1)> \ufdd0\ufdd8https://evil.example"
    "\ufdd9 <a href='javascript:alert(1)'>x</a> &lt;b&gt; http://evil.example www.evil.example"
    " <style>*{display:none}</style>"
    "\r\nBcc: victim@example.org\r\n\r\n\u202e\x00<!-- "
)


class Tags(HTMLParser):
    """The elements of a page with their attributes, and what is open where it ends."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def names(self) -> set[str]:
        return {tag for tag, _ in self.found}


OURS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "table",
    "tr",
    "td",
    "p",
    "div",
    "br",
    "mark",
    "a",
    "strong",
    "h1",
}


def make_storm(**other: object) -> SignalView:
    given: dict[str, object] = {
        "id": 3,
        "alert_id": 77,
        "kind": SignalKind.STORM_OPENED,
        "reason": "r",
        "at": NOW,
        "brand": "МойСклад",
        "source": None,
        "storm_id": 2,
        "case_id": None,
        "mention_id": None,
        "figures": {"hours": [0] * 40 + [3, 0, 5, 9, 12, 14, 9, 2]},
    }
    return SignalView(**{**given, **other})  # type: ignore[arg-type] # its fields


# ── what it shows ──


def test_a_mail_shows_what_its_text_says_with_the_brand_marked_and_the_post_linked() -> None:
    html = rendered(ALERT).html or ""
    tags = Tags(html)
    assert tags.open == []
    assert re.findall(r"<mark[^>]*>([^<]*)</mark>", html) == ["МоёмСкладе"]
    assert [attrs["href"] for tag, attrs in tags.found if tag == "a"] == ["https://forum.example/t/1?a=1&b=2"]
    assert "В МоёмСкладе опять <b>беда</b> & обман" in tags.text
    assert "<strong>Не работает</strong>" in html
    assert f"monitor-message: {'m' * 26}" in tags.text
    assert not re.search(r"(?m)^monitor-", html)  # those who count marks read the plain text


def test_a_mail_loads_nothing_and_is_600_wide_at_most() -> None:
    html = rendered(*[ALERT] * 3, make_notice(), make_alarm(), base_url="https://monitor.example.org").html or ""
    assert tuple(dict.fromkeys(re.findall(r"max-width:(\d+)px;t", html))) == ("600",)
    assert not re.search(r"(?i)url\(|@import|<link|<script|<iframe|src=[\"'](?!cid:)", html)
    assert Tags(html).names() <= OURS


def test_a_long_address_is_shown_cut_and_leads_to_the_whole() -> None:
    url = "https://forum.example/" + "a&" * 100
    html = rendered(replace(ALERT, view=replace(ALERT.view, post=replace(ALERT.view.post, url=url)))).html or ""
    ((_, attrs),) = [one for one in Tags(html).found if one[0] == "a"]
    assert attrs["href"] == url
    (shown,) = re.findall(r"<a [^>]*>([^<]*)…</a>", html)
    assert len(shown) <= 60
    assert not re.search(r"&[^;]*$", shown)


def test_only_mails_have_html_headers_and_images() -> None:
    message = rendered(ALERT, url="slack://x")
    assert (message.html, message.images, message.headers) == (None, (), {})


# ── hostile content ──


@pytest.mark.parametrize("count", [1, 3, 12])
def test_content_becomes_no_tag_no_link_no_style_and_no_header(count: int) -> None:
    post = Post(
        title=HOSTILE, text="В МоёмСкладе " + HOSTILE * 500, author=Author(name=HOSTILE), url="javascript:alert(1)"
    )
    message = rendered(*[make_alert(post, make_mention())] * count, make_notice(title=HOSTILE, text=HOSTILE, url=None))
    html = message.html or ""
    tags = Tags(html)
    assert tags.open == []
    assert tags.names() <= OURS
    assert [attrs for tag, attrs in tags.found if tag == "a"] == []
    assert not any(name.startswith("on") for _, attrs in tags.found for name in attrs)
    assert html.count("<style") == html.count("</style") == 1
    assert html.count("<mark") == count
    assert not set(map(chr, range(0xFDD0, 0xFDF0))) & {*html}
    assert not {"\r", "\x00", "\u202e"} & {*html}
    # Mail programs make links of what looks like an address; here nothing of a post's does.
    assert not re.search(r"http://evil|www\.evil", html)
    for name, value in {**message.headers, "Subject": message.title}.items():
        assert "\n" not in value
        assert "\r" not in value
        EmailMessage()[name] = value


@given(text=st.text(max_size=300), url=st.text(max_size=60))
def test_any_text_makes_a_whole_page_of_our_tags_only(text: str, url: str) -> None:
    post = Post(title=text[:40], text=text, author=Author(name=text), url=f"https://{url}", parent=f"http://{url}")
    tags = Tags(rendered(make_alert(post, replace(make_mention(), spans=()))).html or "")
    assert tags.open == []
    assert tags.names() <= OURS


# ── headers ──


@pytest.mark.parametrize(
    ("told", "root"),
    [
        ([replace(ALERT, case_id=31)], "case-31"),
        ([replace(ALERT, case_id=31), make_notice(NoticeKind.BREACH)], "case-31"),
        ([make_notice(case=make_case(id=32))], "case-32"),
        ([make_storm(), ALERT], "storm-2"),
        ([make_storm(kind=SignalKind.STORM_CLOSED)], "storm-2"),
        ([ALERT], "post-3"),
    ],
)
def test_mails_of_one_case_storm_or_post_are_one_thread(told: list[Carried], root: str) -> None:
    assert thread_headers(told) == {
        "In-Reply-To": f"<{root}@monitor.invalid>",
        "References": f"<{root}@monitor.invalid>",
    }


def test_mails_that_share_no_case_are_no_thread() -> None:
    told = [ALERT, replace(ALERT, case_id=31)]
    assert thread_headers(told) == {}
    assert thread_headers([replace(ALERT, case_id=31)])["References"] == "<case-31@monitor.invalid>"


def test_a_source_has_one_thread_from_its_failure_to_its_return() -> None:
    failing, back = make_alarm(), make_alarm(AlarmKind.RECOVERED, reason="failing")
    assert thread_headers([failing]) == thread_headers([back])
    assert thread_headers([failing]) != thread_headers([make_alarm(source="news")])


def test_a_mail_library_folds_the_ids_of_a_thousand_alerts_and_reads_them_back() -> None:
    message = rendered(*(replace(ALERT, id=number) for number in range(1_000, 2_000)))
    mail = EmailMessage(policy=email.policy.SMTP)
    for name, value in message.headers.items():
        mail[name] = value
    wire = mail.as_bytes()
    assert max(map(len, wire.split(b"\r\n"))) <= 78
    read = email.message_from_bytes(wire, policy=email.policy.default)["X-Monitor-Alert"]
    assert [int(one) for one in read.split(",")] == list(range(1_000, 2_000))


# ── images ──


def test_a_storm_has_a_chart_of_its_hours_that_comes_with_the_mail() -> None:
    html, images = page([make_storm()], ["Storm"], title="t", tail="m", frame=make_frame(zone="Europe/Moscow"))
    (image,) = images
    assert (image.name, image.mime, image.data[:8]) == ("storm-3.png", "image/png", b"\x89PNG\r\n\x1a\n")
    assert [attrs["src"] for tag, attrs in Tags(html).found if tag == "img"] == ["cid:storm-3.png"]


@pytest.mark.parametrize("hours", [None, [], "x", {"a": 1}, ["<b>"]])
def test_a_storm_without_counts_has_no_chart(hours: object) -> None:
    html, images = page([make_storm(figures={"hours": hours})], ["Storm"], title="t", tail="m", frame=make_frame())
    assert images == ()
    assert "<img" not in html
