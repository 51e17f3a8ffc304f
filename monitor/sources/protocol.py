"""What every kind of source is: two questions, no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor.models import JSON, Page, Request, Response


OneOrMore: TypeAlias = Annotated[tuple[str, ...], "one or more"]
"""An option that takes a list of texts, or one text that stands alone."""


class Kind(Protocol):
    """One configured source's reader; picklable, because it is sent to a worker process."""

    def start(self, cursor: Mapping[str, JSON], now: datetime) -> Request:
        """The first request of a poll, given the cursor that the last successful poll left (empty at first)."""
        ...

    def read(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The posts in an answer, newest first where the source says so.

        Raises `errors.Malformed` when the body cannot be read as this kind and `errors.Blocked` when a page for people
        came where data was due; a kind with a login `errors.LoginRefused`, one whose site says in an answer's body
        that it wants to be left alone `errors.Throttled`. A well-formed answer without posts is a Page without posts.
        """
        ...

    def replies(self, address: str, cursor: Mapping[str, JSON], now: datetime) -> Request | None:
        """The request for the answers to a post, at the address that stood in its `follow`; its step is "replies".

        `read` makes comments of what comes back. None where this kind reads no answers.
        """
        ...


class KindClass(Protocol):
    """What stands in KINDS: makes a Kind from a source's address and options.

    One that reads no web pages declares the schemes of its addresses as `schemes`, the usual one first.
    """

    Options: type
    address: str
    """Address of a source that gives none; empty where every source must."""

    def __call__(self, url: str, options: object) -> Kind:
        """`options` is an instance of `Options`, a frozen dataclass whose fields are the YAML keys of this kind."""
        ...
