import http.client
import json
import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from urllib.parse import urlsplit

import apprise
import pytest

from monitor.demo.receivers import ChatSink, MailSink, Temper


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[MailSink]:
    with MailSink(tmp_path / "mail") as sink:
        yield sink


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[ChatSink]:
    with ChatSink(tmp_path / "chat.jsonl") as sink:
        yield sink


def address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def send_mail(sink: MailSink, text: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = "Кассолёт"
    mail.set_content(text)
    with smtplib.SMTP(*address(sink.url), timeout=10) as smtp:
        smtp.sendmail("a@littleweb.example", ["b@littleweb.example"], mail.as_bytes())
    return mail.as_bytes()


def send_chat(sink: ChatSink, text: str) -> int:
    connection = http.client.HTTPConnection(*address(sink.url), timeout=10)
    try:
        connection.request("POST", "/hooks/littleweb", body=json.dumps({"text": text}))
        return connection.getresponse().status
    finally:
        connection.close()


def test_mails_are_kept_byte_for_byte_in_the_order_of_arrival(mail: MailSink, tmp_path: Path) -> None:
    sent = [send_mail(mail, f"Письмо {n}") for n in range(3)]
    assert [path.read_bytes() for path in sorted((tmp_path / "mail").iterdir())] == sent


def test_a_refused_mail_is_not_kept_and_the_next_one_is(mail: MailSink, tmp_path: Path) -> None:
    mail.temper.refuse = 1
    with pytest.raises(smtplib.SMTPDataError, match="451"):
        send_mail(mail, "Первое")
    send_mail(mail, "Второе")
    assert len(list((tmp_path / "mail").iterdir())) == 1


def test_a_mail_that_breaks_off_in_the_middle_is_not_kept(mail: MailSink, tmp_path: Path) -> None:
    with socket.create_connection(address(mail.url), timeout=10) as raw:
        raw.sendall(b"EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\nSubject: half")
    send_mail(mail, "Целое")
    (kept,) = (tmp_path / "mail").iterdir()
    assert b"half" not in kept.read_bytes()


def test_chat_messages_are_kept_with_the_status_that_they_got(chat: ChatSink, tmp_path: Path) -> None:
    chat.temper.refuse = 2
    assert [send_chat(chat, f"Сообщение {n}") for n in range(3)] == [503, 503, 200]
    lines = [json.loads(line) for line in (tmp_path / "chat.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["status"], line["text"]) for line in lines] == [
        (503, "Сообщение 0"),
        (503, "Сообщение 1"),
        (200, "Сообщение 2"),
    ]


def test_a_chat_message_that_breaks_off_in_the_middle_is_not_kept(chat: ChatSink, tmp_path: Path) -> None:
    with socket.create_connection(address(chat.url), timeout=10) as raw:
        raw.sendall(b'POST /hooks/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"text": "half')
    assert send_chat(chat, "whole") == 200
    assert "half" not in (tmp_path / "chat.jsonl").read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise asks whether it is there
def test_apprise_delivers_to_both_addresses(mail: MailSink, chat: ChatSink, tmp_path: Path) -> None:
    for sink in (mail, chat):
        service = apprise.Apprise()
        assert service.add(sink.url)
        assert service.notify(title="Тема", body="Кассолёт\nmonitor-message: abc", body_format="text")
    (kept,) = (tmp_path / "mail").iterdir()
    assert b"\nmonitor-message: abc" in kept.read_bytes().replace(b"\r\n", b"\n")
    assert json.loads((tmp_path / "chat.jsonl").read_text(encoding="utf-8"))["text"].endswith("\nmonitor-message: abc")


def test_a_temper_refuses_as_often_as_it_was_told() -> None:
    temper = Temper(refuse=2)
    assert [temper.refuses() for _ in range(4)] == [True, True, False, False]


def test_a_chat_that_wants_to_be_left_alone_says_for_how_long(chat: ChatSink) -> None:
    chat.temper.refuse, chat.temper.retry_after = 1, 7
    connection = http.client.HTTPConnection(*address(chat.url), timeout=10)
    connection.request("POST", "/hooks/littleweb", body=json.dumps({"text": "Рано"}))
    answer = connection.getresponse()
    connection.close()
    assert (answer.status, answer.getheader("Retry-After")) == (429, "7")
    assert send_chat(chat, "Пора") == 200


def test_a_receiver_that_hangs_keeps_nothing_of_what_was_sent_meanwhile(
    chat: ChatSink, mail: MailSink, tmp_path: Path
) -> None:
    chat.temper.hangs = mail.temper.hangs = True
    connection = http.client.HTTPConnection(*address(chat.url), timeout=0.3)
    connection.request("POST", "/hooks/littleweb", body=json.dumps({"text": "Висит"}))
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    chat.temper.hangs = mail.temper.hangs = False
    assert send_chat(chat, "Дошло") == 200
    send_mail(mail, "Дошло")
    lines = [json.loads(line) for line in (tmp_path / "chat.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["status"], line["text"]) for line in lines] == [(0, "Висит"), (200, "Дошло")]
    assert len(list((tmp_path / "mail").iterdir())) == 1


def test_a_receiver_that_died_comes_back_at_its_port_and_goes_on_in_its_evidence(tmp_path: Path) -> None:
    with ChatSink(tmp_path / "chat.jsonl") as chat, MailSink(tmp_path / "mail") as mail:
        send_chat(chat, "Раз")
        send_mail(mail, "Раз")
        ports = chat.port, mail.port
    with pytest.raises(ConnectionRefusedError):
        send_chat(chat, "Никому")
    with (
        ChatSink(tmp_path / "chat.jsonl", port=ports[0]) as chat,
        MailSink(tmp_path / "mail", port=ports[1]) as mail,
    ):
        assert send_chat(chat, "Два") == 200
        send_mail(mail, "Два")
    assert len((tmp_path / "chat.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 2
