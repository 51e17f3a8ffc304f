"""Mentions that come by e-mail: alert services, and sites that write when somebody answers.

No recipe can do this: a mailbox is no web page, one mail of an alert service holds many mentions, and a mailbox has
numbers of its own to go on from. It is also the way round sites that let no program read them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from monitor.errors import Malformed
from monitor.models import Author, ImapRequest, Page, Post, PostType
from monitor.sources.answers import latest_of, number
from monitor.sources.digest import blocks_of_html, blocks_of_text
from monitor.sources.mail import read_mail, written
from monitor.sources.protocol import OneOrMore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON, Request, Response
    from monitor.sources.digest import Block
    from monitor.sources.mail import Mail

LIMIT: Final = 200
_AHEAD: Final = timedelta(days=1)  # clocks of senders

# Whose mails are digests. Google's other mails come from the same domain, so it is named by its account.
SERVICES: Final = ("googlealerts-noreply@google.com", "talkwalker.com", "f5bot.com")


@dataclass(frozen=True, slots=True)
class ImapOptions:
    """A mailbox, and which of its mails are read how."""

    user: str = field(metadata={"description": "User of the mailbox."})
    password: str = field(metadata={"description": "Its password (or app password), as a secret reference."})
    senders: OneOrMore = field(
        default=(), metadata={"description": "Only mails from these addresses or domains are read; all, if empty."}
    )
    subject: str = field(default="", metadata={"description": "Only mails whose subject holds this are read."})
    split: Literal["auto", "links", "none"] = field(
        default="auto",
        metadata={
            "description": "Whether each link of a mail is a mention of its own: of mails from known alert services"
            " (auto), of all (links), or of none."
        },
    )
    limit: int = field(default=50, metadata={"description": "How many mails one visit reads, 1 to 200."})

    def __post_init__(self) -> None:
        if not self.user.strip() or not self.password.strip():
            raise ValueError("user and password: a mailbox needs both")
        if not 1 <= self.limit <= LIMIT:
            raise ValueError(f"limit: between 1 and {LIMIT}")


@dataclass(frozen=True, slots=True)
class ImapKind:
    """Reads the folder at `url`, `imaps://host/folder`, and marks nothing in it."""

    Options: ClassVar[type] = ImapOptions
    address: ClassVar[str] = ""
    schemes: ClassVar[tuple[str, ...]] = ("imaps", "imap")

    url: str
    options: Any  # ImapOptions; a KindClass takes any object

    def start(self, cursor: Mapping[str, JSON], now: datetime) -> Request:
        """The mails since the last one that was read."""
        return ImapRequest(
            url=self.url,
            user=self.options.user,
            password=self.options.password,
            since=max(0, number(dict(cursor), "uid") or 0),
            validity=number(dict(cursor), "uidvalidity"),
            limit=self.options.limit,
            carry={"asked": now.isoformat()},
        )

    def replies(self, address: str, cursor: Mapping[str, JSON], now: datetime) -> Request | None:  # noqa: ARG002 - the protocol's
        """A mail has no answers to follow."""
        return None

    def read(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The mentions in the mails, newest mail first. Raises `errors.Malformed` for what is no mailbox's answer."""
        validity = number(response.header("uidvalidity") or "")
        if validity is None:
            raise Malformed("no answer of a mailbox")
        latest = latest_of(request, response)
        posts = list[Post]()
        for _, raw in reversed(response.messages):
            mail = read_mail(raw, latest=latest + _AHEAD if latest else None)
            if self._is_wanted(mail):
                posts += self._posts(mail)
        goes_on = number(dict(cursor), "uidvalidity") == validity
        known = number(dict(cursor), "uid") or 0 if goes_on else 0
        last = max([known, *(uid for uid, _ in response.messages)])
        return Page(posts=tuple(posts), cursor={"uid": last, "uidvalidity": validity}, joined=goes_on)

    def _is_wanted(self, mail: Mail) -> bool:
        senders = self.options.senders
        from_them = not senders or any(_is_from(mail, sender) for sender in senders)
        return from_them and self.options.subject.casefold() in mail.subject.casefold()

    def _posts(self, mail: Mail) -> list[Post]:
        split = self.options.split
        if split == "links" or (split == "auto" and any(_is_from(mail, service) for service in SERVICES)):
            service = _service_of(mail.sender)
            found = blocks_of_html(mail.html, service=service) or blocks_of_text(mail.plain, service=service)
            if found:
                return [_mention(block, mail) for block in found]
        text = written(mail)
        if not text and not mail.subject:
            return []
        return [
            Post(
                native_id=mail.id,
                title=mail.subject,
                text=text,
                author=Author(name=mail.sender_name),
                published=mail.sent,
                thread=mail.refers[0] if mail.refers else None,
                parent=mail.refers[-1] if mail.refers else None,
                type=PostType.EMAIL,
            )
        ]


def _mention(block: Block, mail: Mail) -> Post:
    return Post(
        native_id=block.key,
        url=block.url,
        title=block.title,
        text=block.text,
        author=Author(name=block.publisher),
        published=mail.sent,
    )


def _is_from(mail: Mail, sender: str) -> bool:
    """Whether a mail is from an address, or from anybody at a domain or below it."""
    wanted = sender.strip().casefold().removeprefix("@")
    if "@" in wanted:
        return mail.sender == wanted
    host = mail.sender.rpartition("@")[2]
    return host == wanted or host.endswith(f".{wanted}")


def _service_of(sender: str) -> str:
    """The domain of a sender without what services put before it for mail; enough to know its own pages by."""
    labels = sender.rpartition("@")[2].split(".")
    if len(labels) < 2:
        return "sender.invalid"
    return ".".join(labels[-3 if labels[-2] in ("ac", "co", "com", "net", "org") else -2 :])
