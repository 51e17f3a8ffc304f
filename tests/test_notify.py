"""What really goes over the wire, through Apprise's real plugins, to real servers on loopback."""

from __future__ import annotations

import json
import socket
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller

from monitor import notify
from monitor.alerting.rendering import RenderedMessage, render
from monitor.alerting.styles import style_of
from monitor.errors import DeliveryError
from monitor.models import AlertView, Author, Post, Target
from tests.alerting.alerts import make_alert, make_mention

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.site import Site

ID = "a" * 26
HOSTILE = "<!channel> <@U123> @everyone @channel <http://evil.example|click> <script>alert(1)</script>"


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
    assert mail["Subject"] == "МойСклад: Негативное упоминание, источник forum: Не работает"
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


def test_a_chat_gets_markdown_in_which_content_pings_nobody(hostile: AlertView, site: Site) -> None:
    url = f"mmost://127.0.0.1:{site.port}/abcdefghijklmnopqrstuvwxyz"
    send(url, rendered(hostile, url))
    text = json.loads(site.hooks[0])["text"]
    assert "@everyone" not in text
    assert "@channel" not in text
    assert "**МоёмСкладе**" in text
    assert f"monitor-message: {ID}" in text


def test_slack_is_told_no_live_mention(hostile: AlertView, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = notify.load().plugins.N_MGR["slack"]
    monkeypatch.setattr(plugin, "webhook_url", f"http://127.0.0.1:{site.port}")
    url = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#support"
    send(url, rendered(hostile, url))
    wire = site.hooks[0].decode()
    assert "<!channel>" not in wire
    assert "<@U123>" not in wire
    assert "<http://evil.example|" not in wire
    assert "&lt;!channel&gt;" in wire


@pytest.mark.parametrize(("status", "word"), [(500, "server"), (429, "rate-limited"), (401, "auth"), (404, "refused")])
def test_a_refusal_says_why_and_is_tried_again(alert: AlertView, site: Site, status: int, word: str) -> None:
    site.status = status
    url = f"json://127.0.0.1:{site.port}/hook"
    with pytest.raises(DeliveryError) as caught:
        send(url, rendered(alert, url))
    assert (caught.value.retry, caught.value.reason_word) == (True, word)


def test_a_target_that_is_not_there_is_tried_again(alert: AlertView, site: Site) -> None:
    site.server_close()
    url = f"json://127.0.0.1:{site.port}/hook"
    with pytest.raises(DeliveryError) as caught:
        send(url, rendered(alert, url))
    assert (caught.value.retry, caught.value.reason_word) == (True, "unreachable")


def test_an_address_that_apprise_does_not_know_is_given_up(alert: AlertView) -> None:
    assert not notify.usable(Target(key="k", url="nonsense://x"))
    with pytest.raises(DeliveryError) as caught:
        send("nonsense://x", rendered(alert, "nonsense://x"))
    assert not caught.value.retry


def test_no_secret_of_an_address_is_in_the_error(alert: AlertView, site: Site) -> None:
    site.status = 500
    url = f"json://user:canary-secret@127.0.0.1:{site.port}/hook?+X-Token=canary-secret"
    with pytest.raises(DeliveryError) as caught:
        send(url, rendered(alert, url))
    assert "canary-secret" not in str(caught.value)


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
