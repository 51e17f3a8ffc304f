from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

import pytest

from monitor.errors import AddressRefused, ConnectFailed, SourceError, StatusError
from monitor.flows.network import Contacts
from monitor.models import Source
from monitor.tracking.network import Contact, Reach
from tests.flows.world import NOW

OWN = (ip_network("127.0.0.0/8"),)
REFUSED = ConnectFailed("refused")


def source(url: str, **other: object) -> Source:
    return Source(name=url, kind="feed", url=url, options=None, **other)  # type: ignore[arg-type] # any of its fields


def note(contacts: Contacts, one: Source, error: SourceError | None, among: list[Source], second: int) -> Contact:
    at = NOW + timedelta(seconds=second)
    return contacts.note(one, error, among=among, begun_at=at, now=at, was_failing=False)


def reaches(sources: list[Source], error: SourceError | None = REFUSED) -> list[Reach]:
    """What one poll of each source after the other says, all with the same end."""
    contacts = Contacts()
    return [note(contacts, one, error, sources, second).reach for second, one in enumerate(sources) if one.enabled]


@pytest.mark.parametrize(
    ("sources", "last"),
    [
        ([source(f"https://s{n}.example/") for n in range(4)], Reach.DOWN),
        ([source(f"https://one.example/{n}") for n in range(4)], Reach.LOST),  # one host, many sources
        ([source(f"https://${{USER}}@one.example/{n}") for n in range(4)], Reach.LOST),
        ([source(f"https://s{n}.example/", proxy="http://p.example:3128") for n in range(4)], Reach.LOST),
        ([source(f"https://s{n}.example/", proxy="${PROXY}") for n in range(4)], Reach.LOST),
        ([source(f"http://127.0.0.1:{5000 + n}/", allow=OWN) for n in range(4)], Reach.DOWN),  # it is all there is
        (
            [source("https://s.example/"), *(source(f"http://127.0.0.1:{n}/", allow=OWN) for n in range(1, 4))],
            Reach.UNSURE,
        ),
        ([source("https://a.example/"), source("https://b.example/")], Reach.DOWN),
        ([source("https://a.example/"), source("https://b.example/", enabled=False)], Reach.LOST),
    ],
)
def test_who_counts_as_a_host(sources: list[Source], last: Reach) -> None:
    assert reaches(sources)[-1] is last


@pytest.mark.parametrize(
    ("error", "reach"),
    [(None, Reach.UP), (StatusError(500), Reach.UP), (AddressRefused("private"), Reach.UNSURE), (REFUSED, Reach.LOST)],
)
def test_what_one_poll_says(error: SourceError | None, reach: Reach) -> None:
    assert reaches([source("https://a.example/")], error) == [reach]


def test_the_first_answer_makes_it_whole() -> None:
    sources = [source(f"https://s{n}.example/") for n in range(4)]
    contacts = Contacts()
    said = [note(contacts, one, REFUSED, sources, second) for second, one in enumerate(sources) if one.enabled]
    assert said[2] == Contact(Reach.DOWN, since=NOW, hosts=3)
    assert note(contacts, sources[0], None, sources, 5).reach is Reach.UP
    assert note(contacts, sources[1], REFUSED, sources, 6).reach is Reach.LOST
