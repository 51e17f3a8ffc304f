"""Mails as we want them: our text and our HTML side by side, images that the HTML shows, headers that thread them.

Apprise reads the address, connects, secures and logs in. The mail itself is made here, because Apprise would make the
plain text from the HTML, which loses ours, knows of no Message-ID but a random one, and tells nobody why a mail was
refused. With PGP (`?pgp=`) Apprise makes the mail, and it is our plain text with our headers.
"""

from __future__ import annotations

import smtplib
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import TYPE_CHECKING, Any, Final

from apprise.exception import AppriseImproperlyConfigured
from apprise.plugins.email import NotifyEmail
from apprise.plugins.email.base import PGP_MODE_DEFAULT
from apprise.plugins.email.smtp import AppriseSMTPController

from monitor.notify import failures
from monitor.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from monitor.alerting.messages import RenderedMessage
    from monitor.errors import DeliveryError

ANSWER_TIMEOUT: Final = 20  # seconds: a server that looks for spam takes longer than Apprise's four
_WIRE: Final = SMTP.clone(cte_type="7bit")  # not every server takes eight bits
_REMEMBERED: Final = 1_000
_TAKEN: Final[dict[tuple[str, str], None]] = {}
"""Recipients that took a message of which another one was refused: its next try leaves them in peace."""


class Mail(NotifyEmail):  # type: ignore[no-untyped-call]  # Apprise registers each subclass by itself
    """Apprise's mail target, but for what it sends; `failure` says why it was not taken."""

    message: RenderedMessage
    message_id: str
    at: datetime
    failure: DeliveryError | None = None

    def send(self, body: str, title: str = "", *rest: Any, **options: Any) -> bool:
        """Hand the mail to each recipient; what Apprise calls."""
        if self.pgp_mode != PGP_MODE_DEFAULT:
            self.headers.update({**self.message.headers, "X-Monitor-Message": self.message_id})
            return bool(super().send(body, title, *rest, **options))  # type: ignore[no-untyped-call]
        try:
            with _Connection(
                host=self.smtp_host,
                port=self.port or 0,  # Apprise has filled in the usual one
                secure_mode=str(self.secure_mode),
                user=self.user,
                password=self.password,
                verify_certificate=self.verify_certificate,
                socket_connect_timeout=max(int(self.socket_connect_timeout), ANSWER_TIMEOUT),
            ) as smtp:
                self._hand_to_all(smtp)
            for _, address in self.targets:
                _TAKEN.pop((self.message_id, str(address)), None)
        except (OSError, smtplib.SMTPException) as error:
            self.failure = failures.by_error(error)
        except AppriseImproperlyConfigured:
            self.failure = failures.unknown_address("there is no such way of securing a connection to a mail server")
        return self.failure is None

    def _hand_to_all(self, smtp: AppriseSMTPController) -> None:
        """One who is refused keeps the mail from no other; then the first refusal is raised."""
        refusals: list[smtplib.SMTPException] = []
        for name, address in self.targets:
            try:
                self._hand_to(smtp, str(name or ""), str(address))
            except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]

    def _hand_to(self, smtp: AppriseSMTPController, name: str, address: str) -> None:
        if (self.message_id, address) in _TAKEN:
            return
        copies = sorted((self.cc - self.bcc) - {address})
        sender = str(self.from_addr[1])
        mail = mail_of(
            # Whoever says `format=text` wants no HTML.
            replace(self.message, html=None) if self._format_override == "text" else self.message,
            message_id=self.message_id,
            at=self.at,
            domain=sender.rpartition("@")[2],
            headers={
                **self.headers,
                "From": _mailbox(self.from_addr[0], sender),
                "To": _mailbox(name, address),
                "Cc": ", ".join(_mailbox(self.names.get(one), one) for one in copies),
                "Reply-To": ", ".join(_mailbox(self.names.get(one), one) for one in sorted(self.reply_to)),
            },
        )
        smtp.sendmail(sender, [address, *copies, *sorted(self.bcc - {address})], mail.as_bytes().decode("ascii"))
        if len(self.targets) > 1:
            _TAKEN[self.message_id, address] = None
            while len(_TAKEN) > _REMEMBERED:
                _TAKEN.pop(next(iter(_TAKEN)), None)


class _Connection(AppriseSMTPController):
    """Apprise's connection, without its silence about refusals: raises smtplib.SMTPException where nobody takes it.

    A copy that is refused alone is no reason to send the mail again.
    """

    def sendmail(self, from_addr: str, to_addrs: list[str], message: str) -> bool:
        """Hand one mail over; it is ASCII."""
        smtp: Any = self._socket
        smtp.sendmail(from_addr, to_addrs, message)
        return True


def mail_of(
    message: RenderedMessage, *, message_id: str, at: datetime, domain: str, headers: Mapping[str, str]
) -> EmailMessage:
    """The mail for one recipient: the same bytes whenever the same message is made at the same time.

    A repetition has the same Message-ID, by which most servers keep one.
    """
    mail = EmailMessage(policy=_WIRE)
    given = {
        "Subject": message.title,
        "Date": format_datetime(at),
        "Message-ID": f"<{message_id}@{domain}>",
        "Auto-Submitted": "auto-generated",
        **headers,
        **message.headers,
        "X-Monitor-Message": message_id,
    }
    for name, value in _one_each(given.items()):
        mail[name] = value
    mail.set_content(message.body)
    if message.html is not None:
        mail.add_alternative(message.html, subtype="html")
        html = list(mail.iter_parts())[-1]
        for name, mime, data in message.images:
            kind, _, subtype = mime.partition("/")
            html.add_related(data, kind, subtype, cid=f"<{name}>", filename=name, disposition="inline")
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"={message_id}={number}=")
    return mail


def _one_each(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Headers that say something, of each name the last, and each on one line: content can begin no header."""
    kept = {name.lower(): (name, " ".join(safe_text(" ".join(value.split())).split())) for name, value in headers}
    return [one for one in kept.values() if one[1]]


def _mailbox(name: object, address: str) -> str:
    return formataddr((str(name or ""), address), charset="utf-8")
