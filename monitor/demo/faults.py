"""Starts the real command line with one fault planted, to show that the demo's observer and the proofs would see it.

    python -m monitor.demo.faults NAME run --config FILE --db FILE

This module alone of the demo reaches into the rest of `monitor`, and only to break it; the command line asks it for the
names of the faults.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EVERY: Final = 5  # of so many messages, posts or alerts one is struck


@dataclass(frozen=True, slots=True)
class Fault:
    """What is replaced (an attribute of a module, or of a class in it), and what makes the replacement of it."""

    module: str
    path: str
    spoil: Callable[[Callable[..., Any]], Callable[..., Any]]


def _drop_message(send: Callable[..., Any]) -> Callable[..., Any]:
    numbers = itertools.count(1)

    @wraps(send)
    def spoilt(*args: Any, **kwargs: Any) -> None:
        if next(numbers) % EVERY:
            send(*args, **kwargs)

    return spoilt


def _repeat_message(send: Callable[..., Any]) -> Callable[..., Any]:
    numbers = itertools.count(1)

    @wraps(send)
    def spoilt(*args: Any, **kwargs: Any) -> None:
        send(*args, **kwargs)
        if next(numbers) % EVERY == 0:
            send(*args, **kwargs)

    return spoilt


def _mark_before_send(deliver: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(deliver)
    async def spoilt(message: Any, *, ports: Any, **kwargs: Any) -> Any:
        now = ports.clock.now()
        await ports.writer.run(lambda store: store.message_sent(message.id, now))
        await asyncio.sleep(0.3)
        return await deliver(message, ports=ports, **kwargs)

    return spoilt


def _forget_cursor(finish_poll: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(finish_poll)
    def spoilt(store: Any, leased: Any, state: Any, hosts: Any = ()) -> Any:
        forgotten = replace(state, cursor={}, validators=type(state.validators)(), baseline_at=None)
        return finish_poll(store, leased, forgotten, hosts)

    return spoilt


def _skip_page(page_back: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(page_back)
    async def spoilt(*_: Any, **__: Any) -> None:
        pass

    return spoilt


def _lose_post(add_post: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(add_post)
    def spoilt(store: Any, source_id: int, post: Any, **kwargs: Any) -> Any:
        if zlib.crc32(str(post.url).encode()) % EVERY == 0:
            return None
        return add_post(store, source_id, post, **kwargs)

    return spoilt


def _lose_alert(add_alert: Callable[..., Any]) -> Callable[..., Any]:
    numbers = itertools.count(1)

    @wraps(add_alert)
    def spoilt(*args: Any, **kwargs: Any) -> None:
        if next(numbers) % EVERY:
            add_alert(*args, **kwargs)

    return spoilt


def _drop_folded(merge: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(merge)
    def spoilt(store: Any, parts: Any, *args: Any) -> None:
        merge(store, parts[:-1], *args)
        for table, column in (("message_deliveries", "message_id"), ("messages", "id")):
            store._remove(table, column, [parts[-1].id])  # noqa: SLF001 - breaking in is this module's business

    return spoilt


def _repeat_after_return(taken: Callable[..., Any]) -> Callable[..., Any]:
    again: set[str] = set()

    @wraps(taken)
    def spoilt(message: Any, plan: Any, now: Any, store: Any) -> None:
        if not message.attempts or message.id in again:
            taken(message, plan, now, store)
        else:
            again.add(message.id)
            store.message_retry(message.id, error="forgotten", next_at=now)

    return spoilt


def _ignore_retry_after(next_attempt: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(next_attempt)
    def spoilt(**kwargs: Any) -> Any:
        return next_attempt(**{**kwargs, "retry_after": None})

    return spoilt


def _block_others(begin: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(begin)
    def spoilt(sending: Any) -> None:
        begin(sending, ThreadPoolExecutor(max_workers=8))

    return spoilt


# Every place where this module reaches into the product. `mark-before-send` shows only when the daemon is killed, the
# last four where receivers are ill (tests/proofs/receivers.py).
FAULTS: Final[Mapping[str, Fault]] = {
    "drop-message": Fault("monitor.notify", "send", _drop_message),
    "repeat-message": Fault("monitor.notify", "send", _repeat_message),
    "mark-before-send": Fault("monitor.flows.sending", "deliver", _mark_before_send),
    "forget-cursor": Fault("monitor.store.store", "Store.finish_poll", _forget_cursor),
    "skip-page": Fault("monitor.flows.lists", "_page_back", _skip_page),
    "lose-post": Fault("monitor.store.store", "Store.add_post", _lose_post),
    "lose-alert": Fault("monitor.store.store", "Store.add_alert", _lose_alert),
    "drop-folded": Fault("monitor.store.store", "Store._merge", _drop_folded),
    "repeat-after-return": Fault("monitor.flows.deliver", "_taken", _repeat_after_return),
    "ignore-retry-after": Fault("monitor.flows.deliver", "next_attempt", _ignore_retry_after),
    "block-others": Fault("monitor.flows.sending", "Sending.__init__", _block_others),
}


def plant(fault: Fault) -> None:
    """Put the fault in place. Raises AttributeError when what it replaces is no longer there."""
    holder: Any = importlib.import_module(fault.module)
    *classes, name = fault.path.split(".")
    for part in classes:
        holder = getattr(holder, part)
    setattr(holder, name, fault.spoil(getattr(holder, name)))


def main() -> None:
    """Plant the fault that the first argument names and run the command line with the others."""
    _, name, *rest = sys.argv
    if name not in FAULTS:
        sys.exit(f"there is no fault {name!r}; known are: {', '.join(FAULTS)}")
    plant(FAULTS[name])
    sys.argv = ["monitor", *rest]
    importlib.import_module("monitor.cli").main()


if __name__ == "__main__":
    main()
