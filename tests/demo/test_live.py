from collections import deque
from dataclasses import replace

from rich.console import Console

from monitor.demo.evidence import Arrived, Duty, Evidence, Mentioned, Published, Request, Stored
from monitor.demo.live import COLUMNS, Event, Onlooker, _view
from monitor.demo.observer import count

POST = Published(feed="news", key="n02", title="Кассолёт лежит", text="Ужас", names=("Кассолёт",), at=100.0)
OLD = replace(POST, key="n01", title="Старое")
DUTY = Duty(sinks={"mail": "support", "chat": "team"}, brands=("Кассолёт",), sentiments=("negative",))
FIRST = Evidence(
    duty=DUTY,
    published=(OLD,),
    requests=(Request(host="h", path="/news.xml", query="", status=200, posts=("n01",), at=99.0),),
    stored=(Stored(id=1, key="n01", source="news", text="Старое\nУжас"),),
    arrived={"mail": (), "chat": ()},
)
THEN = replace(
    FIRST,
    published=(OLD, POST),
    stored=(*FIRST.stored, Stored(id=2, key="n02", source="news", text="Кассолёт лежит\nУжас")),
    mentioned=(Mentioned(id=3, post=2, brand="Кассолёт", sentiment="negative", priority=61),),
    arrived={"mail": (Arrived(message="m", alerts=("1",), links=frozenset({"n02"})),), "chat": ()},
)


def test_the_onlooker_tells_each_thing_once_and_when_it_saw_it() -> None:
    onlooker = Onlooker()
    assert onlooker.see(FIRST, now=100.0) == [
        Event(column="web", key="n01", words="Старое"),
        Event(column="monitor", key="n01", words="names no brand", colour="bright_black"),
    ]
    assert onlooker.see(THEN, now=101.5) == [
        Event(column="web", key="n02", words="Кассолёт лежит"),
        Event(column="monitor", key="n02", words="negative 61 Кассолёт", colour="red", delay=1.5),
        Event(column="inbox", key="n02", words="mail Кассолёт лежит", colour="yellow", delay=1.5),
    ]
    assert onlooker.see(THEN, now=102.0) == []
    assert onlooker.delays == {"stored": [1.5], "mail": [1.5], "chat": []}


def test_the_view_fits_into_a_hundred_columns_and_shows_every_panel() -> None:
    onlooker = Onlooker()
    recent = {column: deque[Event]() for column in COLUMNS}
    for event in onlooker.see(THEN, now=101.5):
        recent[event.column].append(event)
    console = Console(width=100, height=30, record=True)
    console.print(_view(recent, count(THEN), onlooker, height=30))
    lines = console.export_text().splitlines()
    assert len(lines) == 30
    assert {len(line) for line in lines} == {100}
    shown = "\n".join(lines)
    assert all(title in shown for title in COLUMNS.values())
    assert all(words in shown for words in ("negative 61 Кассолёт", "mail Кассолёт", "1.5s", "Ctrl-C stops it."))
