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
        came where data was due. A well-formed answer without posts is a Page without posts.
        """
        ...


class KindClass(Protocol):
    """What stands in KINDS: makes a Kind from a source's address and options."""

    Options: type

    def __call__(self, url: str, options: object) -> Kind:
        """`options` is an instance of `Options`, a frozen dataclass whose fields are the YAML keys of this kind."""
        ...
