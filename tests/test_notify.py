"""How a message is handed over and what each failure means, through Apprise's real plugins, to servers on loopback."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from monitor import notify
from monitor.alerting.messages import Image, RenderedMessage
from monitor.errors import DeliveryError
from monitor.models import Target
from monitor.notify import failures, listening, sending, webhooks
from monitor.notify.mails import Mail
from tests.wire.servers import Answer, PostOffice, Recorder, dripping, post_office, recording

if TYPE_CHECKING:
    from collections.abc import Iterator

ID = "a" * 26
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n not really"
PLAIN = RenderedMessage(
    title="МойСклад: Негативное упоминание",
    body=f"В *МоёмСкладе* ничего не работает\nhttps://forum.example/t/1\nmonitor-alert: 12\nmonitor-message: {ID}",
)
RICH = RenderedMessage(
    title=PLAIN.title,
    body=PLAIN.body,
    html='<p>В <b>МоёмСкладе</b></p><img src="cid:chart.png">',
    images=(Image("chart.png", "image/png", PNG),),
    headers={"X-Monitor-Alert": "12", "References": "<case-31@monitor>"},
)
JSON = RenderedMessage(title="", body='{"schema": 1, "id": "' + ID + '", "sent_for": []}')


@pytest.fixture
def web() -> Iterator[Recorder]:
    with recording() as server:
        yield server


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


def send(url: str, message: RenderedMessage = PLAIN) -> None:
    notify.send(Target(key="k", url=url), message, message_id=ID, at=AT)


def hook(server: Recorder, secret: str | None = None) -> Target:
    return Target(key="k", url=f"{server.url}/hook?token=canary-secret", secret=secret, is_webhook=True)


def json_url(server: Recorder) -> str:
    return f"json://127.0.0.1:{server.server_port}/hook"


def refused(url: str, message: RenderedMessage = PLAIN) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(url, message)
    return caught.value


def refused_hook(target: Target) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        notify.send(target, JSON, message_id=ID, at=AT)
    return caught.value


# ── mails ──


def test_a_mail_has_our_text_our_html_and_the_image_that_the_html_shows(office: PostOffice) -> None:
    send(office.url(), RICH)
    mail = office.last()
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert text.get_content().splitlines() == RICH.body.splitlines()
    assert html is not None
    assert RICH.html in html.get_content()
    [image] = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert (image["Content-ID"], image.get_content()) == ("<chart.png>", PNG)
    assert [part.get_content_type() for part in mail.walk()] == [
        *("multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png")
    ]


def test_a_mail_carries_its_ids_and_what_threads_it(office: PostOffice) -> None:
    send(office.url(), RICH)
    mail = office.last()
    assert mail["X-Monitor-Message"] == ID
    assert mail["Message-ID"] == f"<{ID}@test.example>"
    assert (mail["X-Monitor-Alert"], mail["References"]) == ("12", "<case-31@monitor>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (mail["Subject"], mail["To"]) == (RICH.title, "support@test.example")


def test_the_same_mail_is_the_same_bytes(office: PostOffice) -> None:
    send(office.url(), RICH)
    send(office.url(), RICH)
    assert office.mails[0] == office.mails[1]


def test_a_mail_of_text_alone_has_no_other_part(office: PostOffice) -> None:
    send(office.url(), PLAIN)
    assert office.last().get_content_type() == "text/plain"
    assert office.last().get_content().splitlines() == PLAIN.body.splitlines()


def test_who_wants_text_gets_no_html(office: PostOffice) -> None:
    send(office.url("&format=text"), RICH)
    assert office.last().get_content_type() == "text/plain"


def test_copies_and_answers_go_where_the_address_says(office: PostOffice) -> None:
    send(office.url("&cc=lead@test.example&bcc=log@test.example&reply=desk@test.example"))
    assert office.recipients == [("support@test.example", "lead@test.example", "log@test.example")]
    assert (office.last()["Cc"], office.last()["Reply-To"], office.last()["Bcc"]) == (
        *("lead@test.example", "desk@test.example", None),
    )


def test_content_begins_no_header_of_a_mail(office: PostOffice) -> None:
    send(office.url(), RenderedMessage(title="Жалоба\r\nBcc: all@test.example\r\n\r\nbody", body="x"))
    assert office.last()["Bcc"] is None
    assert office.last()["Subject"] == "Жалоба Bcc: all@test.example body"
    assert office.recipients == [("support@test.example",)]


@pytest.mark.parametrize("both", ["support@test.example,late@test.example", "late@test.example,support@test.example"])
def test_one_who_is_refused_keeps_the_mail_from_nobody_and_nobody_gets_it_twice(office: PostOffice, both: str) -> None:
    office.refuse["late@test.example"] = "450 4.2.0 greylisted"
    url = office.url().replace("to=support@test.example", f"to={both}")
    assert refused(url).reason_word == "server"
    office.refuse.clear()
    send(url)
    assert office.recipients == [("support@test.example",), ("late@test.example",)]


@pytest.mark.parametrize(
    ("command", "answer", "word", "retry"),
    [
        ("RCPT", "450 4.2.0 greylisted", "server", True),
        ("RCPT", "550 5.1.1 no such user", "refused", True),
        ("MAIL", "552 5.3.4 too big", "content", False),
        ("DATA", "451 4.3.0 try later", "server", True),
        ("DATA", "554 5.7.1 looks like spam", "content", False),
        ("DATA", "552 5.3.4 too big", "content", False),
        ("MAIL", "530 5.7.0 log in first", "auth", True),
    ],
)
def test_what_a_mail_server_refuses(office: PostOffice, command: str, answer: str, word: str, retry: bool) -> None:
    office.refuse[command] = answer
    error = refused(office.url(), RICH)
    assert (error.reason_word, error.retry) == (word, retry)
    assert str(error) == f"SMTP {answer[:3]} {answer[4:9]}"


@pytest.mark.parametrize(
    "url",
    [
        "mailtos://user:pass@gmail.com",
        "mailtos://user:pass@yandex.ru?to=a@test.example,b@test.example&name=Monitor",
        "mailtos://smtp.test.example:465?user=u&pass=p&from=x@test.example&to=y@test.example&mode=ssl",
    ],
)
def test_our_mails_go_where_apprise_would_send_them(url: str) -> None:
    theirs = notify.load().Apprise.instantiate(url)
    ours = sending._plugin(Target(key="k", url=url), RICH, asset=theirs.asset, message_id=ID, at=AT)
    assert isinstance(ours, Mail)
    for name in ("smtp_host", "port", "secure_mode", "user", "password", "from_addr", "targets", "verify_certificate"):
        assert getattr(ours, name) == getattr(theirs, name)


def test_a_mail_server_that_is_not_there_is_tried_again() -> None:
    with post_office() as office:
        url = office.url()
    error = refused(url)
    assert (error.reason_word, error.retry) == ("unreachable", True)


# ── the table ──


@pytest.mark.parametrize(
    ("status", "word", "retry"),
    [
        *((code, "content", False) for code in (400, 413, 422)),
        *((code, "auth", True) for code in (401, 403, 407)),
        *((code, "refused", True) for code in (302, 404, 405, 410)),
        (408, "timeout", True),
        *((code, "rate-limited", True) for code in (425, 429)),
        *((code, "server", True) for code in (500, 502, 503, 504)),
    ],
)
def test_each_status_has_its_meaning_for_webhooks_and_for_apprise(
    web: Recorder, status: int, word: str, retry: bool
) -> None:
    web.answers = [Answer(status=status, headers=(("Location", "/elsewhere"),))]
    told = refused_hook(hook(web))
    assert (told.reason_word, told.retry, str(told)) == (word, retry, f"HTTP {status}")
    if status != 302:  # Apprise follows redirects
        by_apprise = refused(json_url(web))
        assert (by_apprise.reason_word, by_apprise.retry, str(by_apprise)) == (word, retry, f"HTTP {status}")


@pytest.mark.parametrize(
    ("said", "word", "retry"),
    [
        (b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}', "refused", True),
        (b'{"ok":false,"description":"Bad Request: group chat was upgraded to a supergroup chat"}', "refused", True),
        (b'{"ok":false,"description":"Bad Request: message is too long"}', "content", False),
        (b"user_not_found", "refused", True),
        (b"invalid_payload", "content", False),
    ],
)
def test_a_place_that_is_not_there_is_not_the_fault_of_what_is_said(
    web: Recorder, said: bytes, word: str, retry: bool
) -> None:
    web.answers = [Answer(status=400, body=said)]
    error = refused(json_url(web))
    assert (error.reason_word, error.retry) == (word, retry)


def test_a_service_that_says_no_with_a_status_of_success_refuses(
    web: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify.load().plugins.N_MGR["slack"], "webhook_url", web.url)
    web.answers = [Answer(body=b"no_service")]
    error = refused("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#support")
    assert (error.reason_word, error.retry) == ("refused", True)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (requests.ReadTimeout(), "timeout"),
        (requests.ConnectTimeout(), "timeout"),
        (requests.ConnectionError(), "unreachable"),
        (requests.exceptions.SSLError(), "unreachable"),
        (requests.exceptions.InvalidURL(), "refused"),
        (TimeoutError(), "timeout"),
        (ConnectionRefusedError(), "unreachable"),
        (smtplib.SMTPServerDisconnected(), "unreachable"),
        (smtplib.SMTPAuthenticationError(535, b"5.7.8 no"), "auth"),
        (smtplib.SMTPAuthenticationError(454, b"4.7.0 later"), "server"),
        (smtplib.SMTPNotSupportedError(), "refused"),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"no"), "b": (450, b"later")}), "server"),
    ],
)
def test_each_exception_has_its_meaning_and_is_tried_again(error: Exception, word: str) -> None:
    told = failures.by_error(error)
    assert (told.reason_word, told.retry) == (word, True)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("0.5", timedelta(seconds=0.5)),
        ("Sat, 21 Nov 2026 12:05:00 GMT", timedelta(minutes=5)),
        ("999999999999", timedelta(hours=24)),
        ("Sat, 28 Nov 2026 12:05:00 GMT", timedelta(hours=24)),
        ("Sat, 21 Nov 2026 11:00:00 GMT", None),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_read_from_webhooks_and_from_apprise(
    web: Recorder, header: str, wait: timedelta | None, status: int
) -> None:
    web.answers = [Answer(status=status, headers=(("Retry-After", header),))]
    assert refused_hook(hook(web)).retry_after == wait
    assert refused(json_url(web)).retry_after == wait


def test_retry_after_means_nothing_with_another_status(web: Recorder) -> None:
    web.answers = [Answer(status=500, headers=(("Retry-After", "60"),))]
    assert refused_hook(hook(web)).retry_after is None


def test_a_service_that_is_not_there_is_tried_again(web: Recorder) -> None:
    web.server_close()
    for error in (refused(json_url(web)), refused_hook(hook(web))):
        assert (error.retry, error.reason_word) == (True, "unreachable")


def test_a_service_that_drips_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT", 0.3)
    monkeypatch.setattr(sending, "_HANG_UP", 0.3)
    with dripping() as port:
        told = refused_hook(Target(key="k", url=f"http://127.0.0.1:{port}/", is_webhook=True))
        by_apprise = refused(f"json://127.0.0.1:{port}/")
    with dripping(b"220") as port:
        by_mail = refused(PostOffice(port=port).url())
    assert [told.reason_word, by_apprise.reason_word, by_mail.reason_word] == ["timeout"] * 3


def test_targets_that_hang_keep_no_other_waiting(web: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_HANG_UP", 4)
    notify.load()
    with dripping() as port, ThreadPoolExecutor(40) as threads:
        hanging = [threads.submit(refused, f"json://127.0.0.1:{port}/") for _ in range(39)]
        threads.submit(send, json_url(web)).result()
        assert not any(one.done() for one in hanging)
        assert {one.result().reason_word for one in hanging} == {"timeout"}


def test_what_urllib3_has_to_say_of_an_answer_shows_no_address(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT", 0.3)
    with dripping() as port, caplog.at_level("DEBUG"):
        refused_hook(Target(key="k", url=f"http://127.0.0.1:{port}/canary-secret", is_webhook=True))
    assert "canary-secret" not in caplog.text


def test_nobody_else_is_listened_to(web: Recorder) -> None:
    web.answers = [Answer(status=500)]
    with listening.listening(10) as heard:
        requests.post(f"{web.url}/ours", data=b"x", timeout=5)
    requests.post(f"{web.url}/not-ours", data=b"x", timeout=5)
    assert heard.refusals == [(500, None, b"ok")]


# ── the webhook ──


def test_a_webhook_gets_the_json_and_who_sent_it(web: Recorder) -> None:
    notify.send(hook(web), JSON, message_id=ID, at=AT)
    [seen] = web.seen
    assert (seen.method, seen.path, seen.body) == ("POST", "/hook?token=canary-secret", JSON.body.encode())
    assert seen.header("Content-Type") == "application/json"
    assert seen.header("Idempotency-Key") == ID
    assert str(seen.header("User-Agent")).startswith("brand-mention-monitor/")
    assert seen.header("X-Monitor-Signature") is None


def test_a_webhook_with_a_secret_is_signed_so_that_others_can_check_it(web: Recorder) -> None:
    message = RenderedMessage(title="", body='{"text": "Ёж"}')
    notify.send(hook(web, "s3cret"), message, message_id=ID, at=AT)
    [seen] = web.seen
    stamp = str(seen.header("X-Monitor-Timestamp"))
    assert stamp == "1795262400"
    expected = hmac.new(b"s3cret", stamp.encode() + b"." + seen.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(str(seen.header("X-Monitor-Signature")), f"sha256={expected}")


def test_a_repetition_has_the_same_key(web: Recorder) -> None:
    web.answers = [Answer(status=503), Answer(status=204, body=b"")]
    refused_hook(hook(web))
    notify.send(hook(web), JSON, message_id=ID, at=AT + timedelta(minutes=1))
    assert [seen.header("Idempotency-Key") for seen in web.seen] == [ID, ID]


def test_a_webhook_follows_no_redirect(web: Recorder) -> None:
    web.answers = [Answer(status=307, headers=(("Location", f"{web.url}/elsewhere"),))]
    assert refused_hook(hook(web)).reason_word == "refused"
    assert [seen.path for seen in web.seen] == ["/hook?token=canary-secret"]


def test_an_endless_answer_is_not_read(web: Recorder) -> None:
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n") as port:
        notify.send(Target(key="k", url=f"http://127.0.0.1:{port}/", is_webhook=True), JSON, message_id=ID, at=AT)


# ── a reduced message ──


def test_what_is_left_of_a_message_that_was_refused_is_its_title_links_and_ids() -> None:
    less = notify.reduced(RICH)
    assert less.title == RICH.title
    assert less.body == f"https://forum.example/t/1\nmonitor-alert: 12\nmonitor-message: {ID}"
    assert (less.html, less.images, less.headers) == (None, (), RICH.headers)


def test_a_reduced_message_is_never_empty() -> None:
    assert notify.reduced(RenderedMessage(title="Жалоба", body="слова")).body == "Жалоба"


def test_what_is_left_of_a_webhooks_json_is_what_nobody_wrote() -> None:
    told = {"sort": "mention", "ids": {"alert": 1}, "brand": "b", "text": "T", "urls": {"post": None}}
    body = json.dumps({"schema": 1, "id": ID, "sent_for": [told]})
    less = json.loads(notify.reduced(RenderedMessage(title="", body=body)).body)
    assert less == {
        "schema": 1,
        "id": ID,
        "sent_for": [{"sort": "mention", "ids": {"alert": 1}, "brand": "b", "urls": {"post": None}}],
        "is_reduced": True,
    }


# ── addresses ──


def test_an_address_that_apprise_does_not_know_is_given_up() -> None:
    assert not notify.usable(Target(key="k", url="nonsense://x"))
    assert not refused("nonsense://x").retry


def test_no_secret_of_an_address_is_in_the_error(web: Recorder) -> None:
    web.answers = [Answer(status=500)]
    url = f"json://user:canary-secret@127.0.0.1:{web.server_port}/hook?+X-Token=canary-secret"
    assert "canary-secret" not in str(refused(url))
    assert "canary-secret" not in str(refused_hook(hook(web)))
    web.server_close()
    assert "canary-secret" not in str(refused(url))
    assert "canary-secret" not in str(refused_hook(hook(web)))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("json://127.0.0.1/", None),
        ("hunter2", "does not begin with a service"),
        ("hunter 2://x", "does not begin with a service"),
        ("jsn://x:hunter2@y", "knows no service 'jsn'; did you mean 'json'?"),
        ("slack://hunter2", "Slack does not take it; it is written like {schema}://"),
    ],
)
def test_a_refused_address_gets_a_reason_that_quotes_no_secret(url: str, words: str | None) -> None:
    reason = notify.refusal(Target(key="k", url=url))
    assert (words is None and reason is None) or (words is not None and reason is not None and words in reason)
    assert "hunter" not in (reason or "")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://example.org/hook?token=hunter2", None),
        ("http://127.0.0.1:8080/", None),
        ("ftp://hunter2/", "begins with https:// or http://"),
        ("hunter2", "begins with https:// or http://"),
        ("https:///hunter2", "is written like https://example.org/hook"),
        ("https://hunter2:99999999/", "is written like https://example.org/hook"),
    ],
)
def test_a_webhooks_address_is_checked_without_quoting_it(url: str, words: str | None) -> None:
    target = Target(key="k", url=url, is_webhook=True)
    reason = notify.refusal(target)
    assert (words is None and reason is None) or (words is not None and reason is not None and words in reason)
    assert "hunter" not in (reason or "")
    assert notify.usable(target) is (words is None)
