"""The words of queries that people enter while the daemon runs: their dictionary forms, as its workers looked them up.

Dictionaries take 40 MB, which the daemon itself has no room for. What a worker said of a word stays true for as long
as the process lives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.query import known_variants, parse, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.flows.ports import Plan, Ports

_FORMS: Final[dict[str, frozenset[str]]] = {}


def forms(word: str) -> frozenset[str]:
    """The dictionary forms of a folded word; one that was not learned loads the dictionaries into this process."""
    return _FORMS[word] if word in _FORMS else known_variants(word)


async def learn(ports: Ports, queries: Iterable[str]) -> None:
    """Let a worker look up the words of queries that are not known yet. Raises QueryError, and SourceError."""
    words = {word for query in queries for word in words_of(parse(query))} - _FORMS.keys()
    if words:
        _FORMS.update(await ports.worker.variants(words))


async def learn_entered(ports: Ports, plan: Plan) -> None:
    """Learn the words of all subscriptions, silences and digests; call it before they are asked for anything."""
    now = ports.clock.now()
    subscriptions = await ports.writer.run(lambda store: store.subscriptions())
    silences = await ports.writer.run(lambda store: store.active_silences(now))
    entered = [*(one.match for one in subscriptions), *(one.match for one in silences)]
    await learn(ports, [*entered, *(one.match for one in plan.digests)])
