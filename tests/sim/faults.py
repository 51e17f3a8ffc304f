"""Faults that are planted in the monitor on purpose (`--break NAME`): a judge that does not see them proves nothing."""

from __future__ import annotations

import itertools
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from monitor.models import Health
from monitor.store import Store
from monitor.tracking import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


@contextmanager
def _in_finish(change: Callable[[Any], Any]) -> Iterator[None]:
    """What a poll leaves of the state of its source is changed before it is stored."""
    real = Store.finish_poll

    def finish(self: Store, leased: Any, state: Any, *rest: Any, **more: Any) -> Any:
        return real(self, leased, change(state), *rest, **more)

    with mock.patch.object(Store, "finish_poll", finish):
        yield


@contextmanager
def lose_cursor() -> Iterator[None]:
    """The cursor is not stored."""
    with _in_finish(lambda state: replace(state, cursor={})):
        yield


@contextmanager
def never_stale() -> Iterator[None]:
    """Nothing is ever stale, and no alarm says so."""

    def blind(self: Store, intent: Any, **how: Any) -> None:
        if intent.kind.value != "stale":
            real(self, intent, **how)

    real = Store.open_alarm
    fine = {Health.STALE: Health.OK}
    with (
        mock.patch.object(Store, "open_alarm", blind),
        _in_finish(lambda state: replace(state, health=fine.get(state.health, state.health))),
    ):
        yield


@contextmanager
def forget_identity() -> Iterator[None]:
    """Every so often a page's posts are not known again."""
    count = itertools.count()
    real = identity.identify

    def identify(posts: Any, *rest: Any, **how: Any) -> list[Any]:
        found: list[Any] = real(posts, *rest, **how)
        if next(count) % 20 != 19:
            return found
        salt = f"#{next(count)}"
        return [replace(one, identities=tuple(known + salt for known in one.identities)) for one in found]

    with _everywhere("identify", real, identify):
        yield


@contextmanager
def _everywhere(name: str, real: object, fake: object) -> Iterator[None]:
    """A function is replaced in every module that imported it."""
    with ExitStack() as stack:
        for module in [*sys.modules.values()]:
            if getattr(module, "__name__", "").startswith("monitor.") and vars(module).get(name) is real:
                stack.enter_context(mock.patch.object(module, name, fake))
        yield


def _no_gap() -> AbstractContextManager[Any]:
    """Gaps are not recorded."""
    return mock.patch.object(Store, "add_gap", return_value=None)


def _ignore_retry_after() -> AbstractContextManager[Any]:
    """What a host says of when to come again is not heard."""
    return mock.patch("monitor.fetching.fetcher.asked_to_wait", return_value=None)


@contextmanager
def lose_post() -> Iterator[None]:
    """One post in twenty is noted as seen and not stored."""
    count = itertools.count()
    real = Store.add_post

    def add(self: Store, source_id: int, post: Any, **how: Any) -> Any:
        if next(count) % 20 == 19:
            self.add_sightings(source_id, None, identities=how["identities"], now=how["now"])
            return None
        return real(self, source_id, post, **how)

    with mock.patch.object(Store, "add_post", add):
        yield


def _drop_message() -> AbstractContextManager[Any]:
    """Messages are noted as sent and are not."""
    return mock.patch("monitor.flows.deliver.notify", SimpleNamespace(send=lambda *_, **__: None))


@contextmanager
def starve() -> Iterator[None]:
    """One source is never leased again once it has been visited."""
    real = Store.lease_due

    def lease(self: Store, *rest: Any, **how: Any) -> list[Any]:
        return [one for one in real(self, *rest, **how) if one.id != 2 or one.state.last_polled_at is None]

    with mock.patch.object(Store, "lease_due", lease):
        yield


BREAKS: Final[dict[str, Callable[[], AbstractContextManager[Any]]]] = {
    "lose-cursor": lose_cursor,
    "no-gap": _no_gap,
    "ignore-retry-after": _ignore_retry_after,
    "forget-identity": forget_identity,
    "never-stale": never_stale,
    "lose-post": lose_post,
    "drop-message": _drop_message,
    "starve": starve,
}
