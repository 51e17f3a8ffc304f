"""What really goes over the wire, through Apprise's real plugins, to real servers on loopback."""

from __future__ import annotations

import json
import socket
import threading
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

import pytest
from aiosmtpd.controller import Controller

from monitor import notify
from monitor.alerting.rendering import RenderedMessage, render, style_of
from monitor.errors import DeliveryError
from monitor.models import AlertView, Author, Post, Target
from tests.alerting.alerts import make_alert, make_mention

if TYPE_CHECKING:
    from collections.abc import Iterator

ID = "a" * 26
HOSTILE = "<!channel> <@U123> @everyone @channel <http://evil.example|click> <script>alert(1)</script>"


class Sink(ThreadingHTTPServer):
    """Keeps the bodies that are posted; answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []
        self.status = 200

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        sink = cast("Sink", self.server)
        sink.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(sink.status)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


@pytest.fixture
def sink() -> Iterator[Sink]:
    server = Sink()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:
        self.mails.append(envelope.original_content)  # type: ignore[attr-defined]
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield mailbox, port
    controller.stop()


@pytest.fixture
def hostile() -> AlertView:
    return make_alert(Post(title=HOSTILE, text="В МоёмСкладе " + HOSTILE, author=Author(name=HOSTILE)), make_mention())


def send(url: str, message: RenderedMessage) -> None:
    notify.send(Target(key="k", url=url), message, message_id=ID)


def rendered(alert: AlertView, url: str) -> RenderedMessage:
    return render(ID, [alert], style=style_of(url), language="ru")


def mail_url(port: int) -> str:
    return f"mailto://127.0.0.1:{port}?from=monitor@test.example&to=support@test.example&mode=insecure"


def test_a_mail_arrives_with_its_id_readable_and_whole(alert: AlertView, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    send(mail_url(port), rendered(alert, mail_url(port)))
    mail = message_from_bytes(box.mails[0], policy=policy.default)
    assert mail["X-Monitor-Message"] == ID
    assert mail["Subject"] == "МойСклад: Негативный отзыв, источник forum: Не работает"
    assert mail["To"] == "support@test.example"
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "В *МоёмСкладе* опять ничего не работает" in text
    assert f"monitor-message: {ID}" in text


def test_hostile_content_is_only_text_in_a_mail(hostile: AlertView, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    send(mail_url(port), rendered(hostile, mail_url(port)))
    mail = message_from_bytes(box.mails[0], policy=policy.default)
    assert not [
        part for part in mail.walk() if part.get_content_type() == "text/html" and "<script" in part.get_content()
    ]
    assert "\n" not in str(mail["Subject"])


def test_a_chat_gets_markdown_in_which_content_pings_nobody(hostile: AlertView, sink: Sink) -> None:
    url = f"mmost://127.0.0.1:{sink.port}/abcdefghijklmnopqrstuvwxyz"
    send(url, rendered(hostile, url))
    text = json.loads(sink.bodies[0])["text"]
    assert "@everyone" not in text
    assert "@channel" not in text
    assert "**МоёмСкладе**" in text
    assert f"monitor-message: {ID}" in text


def test_slack_is_told_no_live_mention(hostile: AlertView, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = notify.load().plugins.N_MGR["slack"]
    monkeypatch.setattr(plugin, "webhook_url", f"http://127.0.0.1:{sink.port}")
    url = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#support"
    send(url, rendered(hostile, url))
    wire = sink.bodies[0].decode()
    assert "<!channel>" not in wire
    assert "<@U123>" not in wire
    assert "<http://evil.example|" not in wire
    assert "&lt;!channel&gt;" in wire


@pytest.mark.parametrize(("status", "word"), [(500, "server"), (429, "rate-limited"), (401, "auth"), (404, "refused")])
def test_a_refusal_says_why_and_is_tried_again(alert: AlertView, sink: Sink, status: int, word: str) -> None:
    sink.status = status
    url = f"json://127.0.0.1:{sink.port}/hook"
    with pytest.raises(DeliveryError) as caught:
        send(url, rendered(alert, url))
    assert (caught.value.retry, caught.value.reason_word) == (True, word)


def test_a_target_that_is_not_there_is_tried_again(alert: AlertView, sink: Sink) -> None:
    sink.server_close()
    url = f"json://127.0.0.1:{sink.port}/hook"
    with pytest.raises(DeliveryError) as caught:
        send(url, rendered(alert, url))
    assert (caught.value.retry, caught.value.reason_word) == (True, "unreachable")


def test_an_address_that_apprise_does_not_know_is_given_up(alert: AlertView) -> None:
    assert not notify.usable(Target(key="k", url="nonsense://x"))
    with pytest.raises(DeliveryError) as caught:
        send("nonsense://x", rendered(alert, "nonsense://x"))
    assert not caught.value.retry


def test_no_secret_of_an_address_is_in_the_error(alert: AlertView, sink: Sink) -> None:
    sink.status = 500
    url = f"json://user:canary-secret@127.0.0.1:{sink.port}/hook?+X-Token=canary-secret"
    with pytest.raises(DeliveryError) as caught:
        send(url, rendered(alert, url))
    assert "canary-secret" not in str(caught.value)
