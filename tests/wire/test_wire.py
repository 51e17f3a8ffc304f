"""What really goes over the wire when content is hostile: exact bytes, and what must hold whatever the bytes are.

The bytes stand in golden/, one file a service and message. After a change that is meant, look at what is different:
    REGOLD=1 python -m pytest tests/wire && git diff tests/wire/golden
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import unicodedata
from datetime import UTC, datetime
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor import __version__, notify
from monitor.alerting.rendering import render
from monitor.models import Target
from tests.wire.hostile import ID, MESSAGES, RECEIVER
from tests.wire.servers import post_office, recording
from tests.wire.services import SERVICES, read, texts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from email.message import EmailMessage

    from tests.wire.servers import Seen

GOLDEN = Path(__file__).parent / "golden"
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRET = "shared-secret"
BASE = "https://monitor.example"
EXACT = ("mention", "case", "long")
_VARYING = {"host", "accept-encoding", "content-length"}  # the port, and what the installed packages can inflate

# What calls somebody or makes a link, in one service or another. The word joiner after @ and < is what breaks them.
LIVE = re.compile(
    r"@(?:everyone|here|channel|all|support_bot|U123)\b|<(?:!|@|#|users/|at>|http|a\s|img|script|b>)", re.IGNORECASE
)
BIDI = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")


def sent(name: str, what: str) -> tuple[Seen, ...]:
    """What the service was sent: one request."""
    with pytest.MonkeyPatch.context() as patch, recording() as server:
        if name == "webhook":
            target = Target(key="k", url=f"{server.url}/hook", secret=SECRET, is_webhook=True)
        else:
            target = SERVICES[name].target(patch, server)
        message = render(ID, MESSAGES[what], target=target, receiver=RECEIVER, base_url=BASE, now=AT)
        notify.send(target, message, message_id=ID, at=AT)
        return tuple(server.seen)


def mailed(what: str) -> bytes:
    with post_office() as office:
        target = Target(key="k", url=office.url())
        message = render(ID, MESSAGES[what], target=target, receiver=RECEIVER, base_url=BASE, now=AT)
        notify.send(target, message, message_id=ID, at=AT)
        return office.mails[0]


def agree(name: str, found: bytes) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("REGOLD"):
        path.write_bytes(found)
    assert found.split(b"\n") == path.read_bytes().split(b"\n")


def as_told(seen: Seen) -> bytes:
    """A request without what differs from run to run."""
    headers = [f"{key}: {value}" for key, value in seen.headers if key.lower() not in _VARYING]
    body = re.sub(rb'"ts": [\d.]+', b'"ts": 0', seen.body)  # Slack's time stamp is Apprise's own
    head = "\r\n".join((f"{seen.method} {seen.path}", *headers))
    return head.replace(__version__, "VERSION").encode() + b"\r\n\r\n" + body + b"\r\n"


def shown(text: str) -> str:
    """Text as a reader sees it: escapes of HTML and Markdown taken back once."""
    plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return re.sub(r"\\([^\w\s])", r"\1", plain)


def own_lines(said: Iterable[str]) -> set[str]:
    """Lines that look like ours to a program that looks for our ids."""
    lines = {line.strip() for text in said for line in shown(text).splitlines()}
    return {re.split(r"[ ·]+", line)[1] for line in lines if line.startswith("monitor-")}


def assert_harmless(said: Iterable[str]) -> None:
    for text in said:
        hidden = {one for one in text if unicodedata.category(one) in {"Cc", "Cs"}} - set("\n\r\t")
        assert not hidden
        assert not BIDI & set(text)


def expected_ids(what: str) -> set[str]:
    own = {
        "mention": {"12"},
        "long": {"12"},
        "case": {"4"},
        "alarm": {"5"},
        "signal": {"8"},
        "digest": {"7"},
        "many": set(),
    }[what]
    return own | {ID}


# ── exact ──


@pytest.mark.parametrize("what", EXACT)
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_gets_these_very_bytes(name: str, what: str) -> None:
    [seen] = sent(name, what)
    agree(f"{name}-{what}", as_told(seen))


@pytest.mark.parametrize("what", ["mention", "case"])
def test_the_webhook_gets_these_very_bytes(what: str) -> None:
    [seen] = sent("webhook", what)
    agree(f"webhook-{what}", as_told(seen))


@pytest.mark.parametrize("what", EXACT)
def test_a_mail_server_gets_these_very_bytes(what: str) -> None:
    agree(f"mail-{what}", mailed(what))


# ── whatever the bytes are ──


@pytest.mark.parametrize("what", MESSAGES)
@pytest.mark.parametrize("name", SERVICES)
def test_content_calls_nobody_and_moves_nothing_in_a_chat(name: str, what: str) -> None:
    [seen] = sent(name, what)
    said = list(texts(read(seen)))
    assert_harmless(said)
    for text in said:
        # Telegram's own tags are those of our title.
        assert not LIVE.search(re.sub(r"</?b>", "", text) if name == "telegram" else text)


@pytest.mark.parametrize("what", MESSAGES)
@pytest.mark.parametrize("name", SERVICES)
def test_a_chat_message_is_within_the_limit_of_its_service(name: str, what: str) -> None:
    [seen] = sent(name, what)
    service = SERVICES[name]
    assert max(map(service.unit, texts(read(seen)))) <= service.limit
    if name == "teams":
        assert len(seen.body) <= service.limit


@pytest.mark.parametrize("what", MESSAGES)
@pytest.mark.parametrize("name", SERVICES)
def test_our_ids_are_in_a_chat_message_and_content_forges_none(name: str, what: str) -> None:
    [seen] = sent(name, what)
    ids = own_lines(texts(read(seen)))
    assert ids >= expected_ids(what)
    assert not ids & {"999", "998", "forged"}


@pytest.mark.parametrize("what", ["mention", "long"])
@pytest.mark.parametrize("name", SERVICES)
def test_the_brand_is_marked_in_a_chat(name: str, what: str) -> None:
    [seen] = sent(name, what)
    mark = SERVICES[name].mark.format("МоёмСкладе")
    assert any(mark in text for text in texts(read(seen)))


@pytest.mark.parametrize("name", ["discord", "mattermost", "teams"])
def test_content_makes_no_link_in_markdown(name: str) -> None:
    [seen] = sent(name, "mention")
    for text in texts(read(seen)):
        assert not re.search(r"(?<!\\)\]\(", text)
        assert not re.search(r"(?<!\\)!(?<!\\)\[", text)


def test_teams_is_told_of_nobody_to_call() -> None:
    [seen] = sent("teams", "mention")
    assert b"entities" not in seen.body


def test_discord_is_told_of_nobody_to_call_and_shows_no_embed() -> None:
    [seen] = sent("discord", "mention")
    told = read(seen)
    assert isinstance(told, dict)
    assert {"embeds", "allow_mentions"}.isdisjoint(told)


def test_slack_is_not_told_to_look_for_names() -> None:
    [seen] = sent("slack", "mention")
    assert b"link_names" not in seen.body
    assert b'"parse"' not in seen.body


def test_telegram_gets_html_that_it_can_read() -> None:
    [seen] = sent("telegram", "mention")
    told = read(seen)
    assert isinstance(told, dict)
    assert told["parse_mode"] == "HTML"
    assert {tag for tag, _ in tags(told["text"])} == {"b"}


def test_ntfy_gets_a_message_and_no_file() -> None:
    for what in MESSAGES:
        [seen] = sent("ntfy", what)
        told = read(seen)
        assert isinstance(told, dict)
        assert len(told["message"].encode()) <= 4096
        assert len(told["title"].encode()) <= 1000


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_left_of_a_refused_message_still_leads_to_the_post_and_has_our_ids(name: str) -> None:
    target = Target(key="k", url=SERVICES[name].url.format(port=1))
    message = render(ID, MESSAGES["mention"], target=target, receiver=RECEIVER, base_url=BASE, now=AT)
    less = notify.reduced(message)
    assert own_lines([less.body]) == {"12", ID}
    assert "https://forum.example/t/1" in less.body
    assert len(less.body) < 500


# ── the webhook ──


@pytest.mark.parametrize("what", MESSAGES)
def test_the_webhook_gets_json_that_is_signed_and_harmless(what: str) -> None:
    [seen] = sent("webhook", what)
    told = read(seen)
    assert isinstance(told, dict)
    assert (told["schema"], told["id"], seen.header("Idempotency-Key")) == (1, ID, ID)
    assert len(told["sent_for"]) == len(MESSAGES[what])
    assert_harmless(texts(told))
    stamp = str(seen.header("X-Monitor-Timestamp"))
    digest = hmac.new(SECRET.encode(), stamp.encode() + b"." + seen.body, hashlib.sha256).hexdigest()
    assert seen.header("X-Monitor-Signature") == f"sha256={digest}"


def test_the_webhook_is_told_the_brand_the_ids_and_where_to_look() -> None:
    [seen] = sent("webhook", "mention")
    [told] = json.loads(seen.body)["sent_for"]
    assert (told["sort"], told["brand"], told["matched"]) == ("mention", "МойСклад", ["МоёмСкладе"])
    assert (told["ids"]["alert"], told["ids"]["mention"], told["delay_seconds"]) == (12, 7, 200)
    assert told["times"]["published"] == "2026-11-21T11:56:40Z"


def test_a_long_post_does_not_make_a_long_webhook() -> None:
    [seen] = sent("webhook", "long")
    [told] = json.loads(seen.body)["sent_for"]
    assert told["is_cut"]
    assert len(seen.body) < 60_000


# ── mails ──


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(html)
    parser.close()
    return parser.found


def parsed(what: str) -> EmailMessage:
    return message_from_bytes(mailed(what), policy=policy.default)


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("what", MESSAGES)
def test_content_begins_no_header_of_a_mail(what: str) -> None:
    raw = mailed(what)
    mail = message_from_bytes(raw, policy=policy.default)
    assert not mail.defects
    assert mail["Bcc"] is None
    assert (mail["To"], mail["X-Monitor-Message"]) == ("support@test.example", ID)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998  # RFC 5322
    assert "\n" not in str(mail["Subject"])


@pytest.mark.parametrize("what", MESSAGES)
def test_the_html_of_a_mail_loads_nothing_runs_nothing_and_leads_only_to_the_web(what: str) -> None:
    for tag, attributes in tags(part(parsed(what), "html")):
        assert tag not in {"script", "iframe", "object", "embed", "form", "link", "base", "svg"}
        assert not [name for name in attributes if name.startswith("on")]
        assert str(attributes.get("src", "cid:")).startswith("cid:")
        assert str(attributes.get("href", "https:")).startswith(("https:", "http:"))
        assert "url(" not in str(attributes.get("style", ""))


def test_each_image_of_a_mail_is_in_it_and_is_shown() -> None:
    mail = parsed("digest")
    shown = [str(attributes["src"]) for tag, attributes in tags(part(mail, "html")) if tag == "img"]
    held = {f"cid:{str(one['Content-ID'])[1:-1]}": one for one in mail.walk() if one.get_content_maintype() == "image"}
    assert shown
    assert set(shown) == set(held)
    assert all(one.get_content().startswith(b"\x89PNG") for one in held.values())


@pytest.mark.parametrize("what", MESSAGES)
def test_both_bodies_of_a_mail_are_harmless_and_carry_our_ids(what: str) -> None:
    mail = parsed(what)
    assert_harmless((part(mail, "plain"), part(mail, "html"), str(mail["Subject"])))
    ids = own_lines([part(mail, "plain")])
    assert ids >= expected_ids(what)
    assert not ids & {"999", "998", "forged"}


@pytest.mark.parametrize("what", ["mention", "long"])
def test_the_brand_is_marked_in_both_bodies_of_a_mail(what: str) -> None:
    mail = parsed(what)
    assert "*МоёмСкладе*" in part(mail, "plain")
    assert re.search(r"<(mark|b|strong)\b[^>]*>МоёмСкладе</\1>", part(mail, "html"))


def test_every_golden_file_is_asked_for() -> None:
    wanted = {f"{name}-{what}.txt" for name in (*SERVICES, "mail") for what in EXACT}
    wanted |= {f"webhook-{what}.txt" for what in ("mention", "case")}
    assert {path.name for path in GOLDEN.iterdir()} == wanted
