"""Mails: which are read, what they are split into, where the next visit begins, and what breaks them."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from monitor.errors import Malformed
from monitor.models import ImapRequest, Page, PostType, Response
from monitor.sources.imap import ImapKind, ImapOptions
from tests.sources.social import DATA, NOW

FILES = sorted((DATA / "imap").glob("*.eml"))


def kind(**options: Any) -> ImapKind:
    return ImapKind("imaps://mail.example/INBOX", ImapOptions(**({"user": "desk", "password": "x"} | options)))


def answer(*mails: bytes, validity: str | None = "5", first: int = 1) -> Response:
    headers = () if validity is None else (("uidvalidity", validity),)
    messages = tuple(enumerate(mails, first))
    return Response(url="imaps://mail.example/INBOX", status=200, headers=headers, body=b"", messages=messages)


def read(*mails: bytes, cursor: dict[str, Any] | None = None, **options: Any) -> Page:
    reader = kind(**options)
    return reader.read(reader.start(cursor or {}, NOW), answer(*mails), cursor or {})


def mail(text: str = "", html: str = "", **headers: str) -> bytes:
    message = EmailMessage()
    given = {"From": "Anna <anna@shop.example>", "Subject": "Hello", "Message-ID": "<m1@shop.example>"}
    own = {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in (given | {"Date": "Tue, 17 Nov 2026 10:00:00 +0300"} | own).items():
        message[name] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


def test_what_is_asked() -> None:
    first = kind(limit=20).start({}, NOW)
    assert isinstance(first, ImapRequest)
    assert (first.url, first.user, first.since, first.validity, first.limit) == (
        "imaps://mail.example/INBOX",
        "desk",
        0,
        None,
        20,
    )
    following = kind().start({"uid": 41, "uidvalidity": 5}, NOW)
    assert isinstance(following, ImapRequest)
    assert (following.since, following.validity) == (41, 5)
    assert kind().replies("x", {}, NOW) is None


@pytest.mark.parametrize(
    ("before", "mails", "after", "joined"),
    [
        ({}, 2, {"uid": 11, "uidvalidity": 5}, False),
        ({}, 0, {"uid": 0, "uidvalidity": 5}, False),
        ({"uid": 9, "uidvalidity": 5}, 2, {"uid": 11, "uidvalidity": 5}, True),
        ({"uid": 9, "uidvalidity": 5}, 0, {"uid": 9, "uidvalidity": 5}, True),
        ({"uid": 900, "uidvalidity": 4}, 2, {"uid": 11, "uidvalidity": 5}, False),
        ({"uid": "x", "uidvalidity": []}, 1, {"uid": 10, "uidvalidity": 5}, False),
    ],
)
def test_where_the_next_visit_begins(before: dict[str, Any], mails: int, after: dict[str, Any], joined: bool) -> None:
    reader = kind()
    page = reader.read(reader.start(before, NOW), answer(*[mail("text")] * mails, first=10), before)
    assert (page.cursor, page.joined) == (after, joined)


def test_newest_mails_come_first() -> None:
    mails = [mail("one", Message_ID="<1@x>"), mail("two", Message_ID="<2@x>")]
    assert [post.native_id for post in read(*mails).posts] == ["2@x", "1@x"]


@pytest.mark.parametrize("validity", [None, "", "x"])
def test_what_is_no_answer_of_a_mailbox(validity: str | None) -> None:
    with pytest.raises(Malformed):
        kind().read(kind().start({}, NOW), answer(validity=validity), {})


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"senders": ("anna@shop.example",)}, True),
        ({"senders": ("shop.example",)}, True),
        ({"senders": ("@Shop.example", "x.example")}, True),
        ({"senders": ("example",)}, True),
        ({"senders": ("hop.example",)}, False),
        ({"senders": ("ann@shop.example",)}, False),
        ({"subject": "hELLO"}, True),
        ({"subject": "bye"}, False),
        ({"subject": "hello", "senders": ("other.example",)}, False),
    ],
)
def test_only_wanted_mails_are_read(options: dict[str, Any], wanted: bool) -> None:
    page = read(mail("text"), **options)
    assert bool(page.posts) is wanted
    assert page.cursor["uid"] == 1


def test_a_mail_as_it_is() -> None:
    (post,) = read(mail("Hello,\n> you wrote\nwe did not.\n-- \nAnna\nDirector\n")).posts
    assert post.text == "Hello,\n> you wrote\nwe did not."
    assert (post.type, post.author.name, post.native_id, post.url) == (PostType.EMAIL, "Anna", "m1@shop.example", None)
    assert post.published == datetime(2026, 11, 17, 7, tzinfo=UTC)


LINKS = """<p>News for you</p>
<ul><li><a href="https://one.example/a?utm_source=mail">The samovar is out of order</a><br>It leaks, says Anna.</li>
<li><a href="https://two.example/b"><img src="x"></a><a href="https://two.example/b">Kettles are better, they say</a>
<p>Tea weekly</p><p>A long comparison of kettles.</p></li>
<li><a href="https://news.shop.example/go?url=https%3A%2F%2Fthree.example%2Fc">A third thing that happened</a></li></ul>
<a href="https://shop.example/settings/of/alerts">Choose what we send to you</a>
<a href="https://twitter.com/intent/tweet?u=1">Tell others about it</a>
<a href="mailto:a@b.example">Write us a letter</a><a href="javascript:alert(1)">Run a little script</a>
<a href="https://elsewhere.example/u">Unsubscribe from all of it</a>"""


@pytest.mark.parametrize("split", ["auto", "links", "none"])
def test_links_are_split_where_they_shall_be(split: str) -> None:
    posts = read(mail("News for you", LINKS), split=split).posts
    if split != "links":
        assert [post.type for post in posts] == [PostType.EMAIL]
        return
    assert [(post.url, post.title, post.text, post.author.name) for post in posts] == [
        ("https://one.example/a?utm_source=mail", "The samovar is out of order", "It leaks, says Anna.", None),
        ("https://two.example/b", "Kettles are better, they say", "A long comparison of kettles.", "Tea weekly"),
        ("https://three.example/c", "A third thing that happened", "", None),
    ]
    assert posts[0].native_id == "https://one.example/a"


def test_titles_and_snippets_that_stand_side_by_side() -> None:
    html = (
        '<div><a href="https://one.example/1">The first of two titles</a><br>First text.<br>'
        '<a href="https://one.example/2">The second of two titles</a><br>Second text.</div>'
    )
    posts = read(mail("x", html), split="links").posts
    assert [(post.title, post.text) for post in posts] == [
        ("The first of two titles", "First text."),
        ("The second of two titles", "Second text."),
    ]


def test_a_mail_with_nothing_to_split_is_one_post() -> None:
    (post,) = read(mail("We have changed our terms."), split="links").posts
    assert (post.type, post.text) == (PostType.EMAIL, "We have changed our terms.")


def test_the_same_page_in_two_mails_is_the_same_post() -> None:
    google = "googlealerts-noreply@google.com"
    links = [
        f'<a href="https://www.google.com/url?url=https://one.example/a%3Fx%3D1&usg={n}">A title to be told by</a>'
        for n in (1, 2)
    ]
    posts = read(*(mail("x", link, From=google) for link in links)).posts
    assert {post.native_id for post in posts} == {"https://one.example/a?x=1"}
    assert len(posts) == 2


RUSSIAN = "Сервис «Самовар» не отвечает на звонки клиентов"


@pytest.mark.parametrize("charset", ["koi8-r", "windows-1251", "utf-8", None])
@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "base64"])
def test_encodings_declared_or_not(charset: str | None, encoding: str) -> None:
    import base64
    import quopri

    body = RUSSIAN.encode(charset or "koi8-r", "replace")
    packed = {"8bit": body, "quoted-printable": quopri.encodestring(body), "base64": base64.encodebytes(body)}[encoding]
    declared = f"; charset={charset}" if charset else ""
    raw = f"Content-Type: text/plain{declared}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + packed
    (post,) = read(raw).posts
    assert post.text == body.decode(charset or "koi8-r")


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"=?koi8-r?B?8+HN1w==?=", None),
        (b"=?utf-8?B?0KHQsNC80L7QstCw0YAg?= =?utf-8?B?0YLQtdGH0ZHRgg==?=", "Самовар течёт"),
        (b"=?utf-8?Q?a_b?= and =?bogus?Q?=C1?=", None),
        (b"=?utf-8?B?!!!?=", None),
        ("Новости о самоваре сегодня".encode("windows-1251"), "Новости о самоваре сегодня"),
        ("Новости о самоваре".encode(), "Новости о самоваре"),
        (b"two\r\n lines", "two lines"),
    ],
)
def test_subjects(header: bytes, subject: str | None) -> None:
    (post,) = read(b"Subject: " + header + b"\r\n\r\ntext").posts
    assert subject is None or post.title == subject
    assert "\n" not in post.title


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"\0" * 1000,
        bytes(range(256)) * 50,
        b"From: " + b"<" * 5000 + b"\r\n\r\nx",
        b"From: " + b"(" * 5000 + b"\r\n\r\nx",
        b"Date: " + b"9" * 4000 + b"\r\n\r\nx",
        b"Date: Mon, 99 Foo 99999 99:99:99 +9999\r\n\r\nx",
        b"Content-Type: multipart/mixed\r\n\r\nx",
        b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nx',
        b"Content-Type: text/plain; charset*0*=utf-8''%ff; charset*9=x\r\n\r\n\xff\xfe",
        b"Content-Type: text/html; charset=undefined\r\n\r\n<p>\xc1\xc2",
        b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000,
        b"Content-Type: text/html\r\n\r\n" + b"<!--" * 100_000,
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n!!!\r\n",
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"=" * 1000,
        b"Content-Type: text/plain\r\n\r\n" + b"> " * 300_000,
        b"Content-Type: text/plain\r\n\r\n" + b"https://a.example/x y\n\n" * 40_000,
        b"Subject: " + b"=?utf-8?Q?" * 3000 + b"\r\n\r\nx",
    ],
)
@pytest.mark.parametrize("split", ["auto", "links"])
def test_broken_and_hostile_mails_never_stop_the_mailbox(raw: bytes, split: str) -> None:
    page = read(raw, mail("a good one"), split=split)
    assert page.posts[0].text == "a good one"
    assert page.cursor == {"uid": 2, "uidvalidity": 5}
    assert len(page.posts) <= 101


def test_multiparts_in_multiparts() -> None:
    raw = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(2000))
    assert read(raw + b"\r\ntext", mail("a good one")).posts[0].text == "a good one"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("seed", range(40))
def test_mutilated_mails_are_read_as_far_as_they_go(path: Any, seed: int) -> None:
    chance, raw = random.Random(seed), bytearray(path.read_bytes())
    for _ in range(chance.randrange(1, 60)):
        place = chance.randrange(len(raw))
        match chance.randrange(3):
            case 0:
                raw[place] = chance.randrange(256)
            case 1:
                del raw[place : place + chance.randrange(40)]
            case _:
                raw[place:place] = bytes(chance.randrange(256) for _ in range(8))
    for post in read(bytes(raw), split="links").posts:
        assert "\n" not in post.title
        assert post.url is None or post.url.startswith("http")
        assert post.published is None or post.published.tzinfo is not None


@pytest.mark.parametrize("wrong", [{"user": ""}, {"password": " "}, {"limit": 0}, {"limit": 201}])
def test_options_that_cannot_work(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"user and password|limit"):
        ImapOptions(**({"user": "a", "password": "b"} | wrong))
