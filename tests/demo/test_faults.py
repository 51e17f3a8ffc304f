import asyncio
import importlib
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from monitor.demo.faults import EVERY, FAULTS, main, plant
from monitor.models import SourceState, Validators

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Calls:
    """A function that remembers what it was called with and returns how often."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []

    def __call__(self, *args: Any, **_: Any) -> int:
        self.seen.append(args)
        return len(self.seen)


def spoil(name: str, original: Any) -> Any:
    # functools.wraps wants a name to copy
    original.__name__ = "original"
    return FAULTS[name].spoil(original)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_finds_what_it_breaks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FAULTS[name]
    holder: Any = importlib.import_module(fault.module)
    *classes, attribute = fault.path.split(".")
    for part in classes:
        holder = getattr(holder, part)
    original = getattr(holder, attribute)
    monkeypatch.setattr(holder, attribute, original)  # so that it is put back
    plant(fault)
    assert getattr(holder, attribute) is not original
    assert getattr(holder, attribute).__wrapped__ is original


def test_a_dropped_message_is_never_handed_over() -> None:
    calls = Calls()
    spoilt = spoil("drop-message", calls)
    for number in range(2 * EVERY):
        spoilt(number)
    assert [args for (args,) in calls.seen] == [n for n in range(2 * EVERY) if n not in {EVERY - 1, 2 * EVERY - 1}]


def test_a_repeated_message_is_handed_over_twice() -> None:
    calls = Calls()
    spoilt = spoil("repeat-message", calls)
    for number in range(EVERY):
        spoilt(number)
    assert [args for (args,) in calls.seen] == [*range(EVERY), EVERY - 1]


def test_a_forgotten_cursor_makes_the_next_poll_the_first_one() -> None:
    calls = Calls()
    state = SourceState(
        name="news", next_at=NOW, cursor={"a": 1}, validators=Validators(etag='"1"'), baseline_at=NOW, failures=2
    )
    spoil("forget-cursor", calls)("store", 7, state, ())
    assert calls.seen == [("store", 7, SourceState(name="news", next_at=NOW, failures=2), ())]


def test_a_skipped_page_is_never_asked_for() -> None:
    calls = Calls()
    asyncio.run(spoil("skip-page", calls)("walk", "more"))
    assert calls.seen == []


def test_a_lost_post_is_always_the_same_one() -> None:
    calls = Calls()
    spoilt = spoil("lose-post", calls)
    urls = [f"http://h/p/{number}" for number in range(40)]
    lost = [[url for url in urls if spoilt("store", 1, SimpleNamespace(url=url)) is None] for _ in range(2)]
    assert lost[0] == lost[1]
    assert 0 < len(lost[0]) < 20


def test_a_lost_alert_is_not_written() -> None:
    calls = Calls()
    spoilt = spoil("lose-alert", calls)
    for number in range(EVERY):
        spoilt(number)
    assert [args for (args,) in calls.seen] == list(range(EVERY - 1))


def test_a_message_marked_before_it_is_sent_is_settled_first() -> None:
    order: list[str] = []

    async def run(verb: Any) -> None:
        verb(SimpleNamespace(message_sent=lambda id_, now: order.append(f"settled {id_} at {now:%H}")))

    async def original(message: Any, **_: Any) -> str:
        order.append(f"sent {message.id}")
        return "sent"

    ports = SimpleNamespace(clock=SimpleNamespace(now=lambda: NOW), writer=SimpleNamespace(run=run))
    assert asyncio.run(spoil("mark-before-send", original)(SimpleNamespace(id="m1"), ports=ports)) == "sent"
    assert order == ["settled m1 at 00", "sent m1"]


def test_an_unknown_fault_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["faults", "no-such-fault", "run"])
    with pytest.raises(SystemExit, match=r"there is no fault 'no-such-fault'; known are: drop-message"):
        main()
