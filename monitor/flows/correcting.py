"""What people answer of a mention, and what is learned from their answers.

An answer says whether a mention is about its brand, how it is felt, or both. It counts at once and for good: it
outlives every rescore. What is learned of sentiments stands in `training`; of relevance, from LEAST answers of both
kinds on a classifier of the brand is trained in a worker, again with each EACH further answers, and counts where it is
right more often than the rules, on answers that it has not seen, and does no worse than the version that counts. Every
version stays and can be taken back.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from monitor.errors import InputError, WorkerKilled, WorkersStopped
from monitor.flows import training
from monitor.flows.casework import CaseWork
from monitor.flows.reassessing import NEWS, reassess
from monitor.flows.recording import FIRST_POLL
from monitor.flows.rescoring import SILENT
from monitor.flows.ticks import index
from monitor.models import Label
from monitor.store.search import StaleMention
from monitor.understanding.relevance.learning import DRIFTED, MOST, from_record, is_due, is_worse, to_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON, MentionView
    from monitor.store import HistoryReading, Store
    from monitor.store.corrections import Answer
    from monitor.store.rescore import Kept
    from monitor.understanding.relevance.learning import Learned

RECENT: Final = 50  # newest answers that are held against the older ones
LONGEST_DOMAIN: Final = 253
HIGHEST_RANK: Final = 10**9  # more than there are domains
_NO_DOMAIN: Final = re.compile(r"[\s/:@?#,]|^\.|\.\.|\.$")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a person answered: whether the mention is about the brand, how it is felt (one at least), and a note."""

    about: bool | None
    sentiment: Label | None
    note: str
    person: str

    @property
    def may_alert(self) -> bool:
        """Whether others may have to know: it had been kept back as doubtful, or as calm."""
        return bool(self.about) or (self.about is None and self.sentiment is Label.NEGATIVE)


async def correct(ports: Ports, plan: Plan, arguments: Mapping[str, JSON]) -> JSON:
    """The verb: `person` answers whether `mention` is `about` its brand, how its `sentiment` is, or both.

    `brand` asks for the mention of another brand in the same post; a `note` may be left. Returns the mention as it
    stands now, who was told by this or why nobody (`outcome`), and what was learned, if it was time to. Raises
    InputError where there is no such mention, and where nothing is answered.
    """
    mention, given = int(str(arguments["mention"])), _given(arguments)
    if (brand := arguments.get("brand")) is not None:
        mention = await ports.writer.run(partial(_beside, mention, str(brand)))
    if unindexed := await ports.writer.run(partial(_unindexed, mention)):
        await index(unindexed, ports=ports)
    answered = await ports.writer.run(partial(_correct, mention, given, plan, ports.clock.now()))
    learned = None if given.about is None else await learn_if_due(str(answered["brand"]), ports=ports)
    return {**answered, "learned": learned}


def _given(arguments: Mapping[str, JSON]) -> Given:
    about, sentiment = arguments.get("about"), arguments.get("sentiment")
    if about is None and sentiment is None:
        raise InputError("say whether the mention is about its brand, or how it is felt")
    if sentiment is not None and sentiment not in [*Label]:
        raise InputError(f"a sentiment is {', '.join(Label)}, not {sentiment!r}")
    return Given(
        about=None if about is None else bool(about),
        sentiment=None if sentiment is None else Label(str(sentiment)),
        note=str(arguments.get("note") or ""),
        person=str(arguments.get("person") or ""),
    )


def _beside(mention_id: int, brand: str, store: Store) -> int:
    """The mention of a brand in the post of another mention."""
    beside = store.mention_beside(mention_id, brand)
    if beside is None:
        raise InputError(f"mention {mention_id} stands in no post with a mention of {brand!r}")
    return beside


def _unindexed(mention_id: int, store: Store) -> list[StaleMention]:
    """The mention where its words are not known yet: without them what was learned could not have its say."""
    place = store.place_of(mention_id)
    if place is None or store.lemmas_of(mention_id) is not None:
        return []
    (kept,) = store.kept_posts([place[0]])
    return [StaleMention(id=mention_id, title=kept.post.title, text=kept.post.text, lang=kept.post.lang)]


def _correct(mention_id: int, given: Given, plan: Plan, now: datetime, store: Store) -> dict[str, JSON]:
    with store.transaction():
        place = store.place_of(mention_id)
        if place is None:
            raise InputError(f"there is no mention {mention_id}")
        post_id, brand = place
        store.add_correction(mention_id, **asdict(given), now=now)
        was_told = store.is_alerted(mention_id)
        alerts = reassess(store, [post_id], plan=plan, now=now, decide_anew=given.may_alert, brand=brand)
        if given.about is False:
            CaseWork(store, plan, now).disowned(post_id, brand, person=given.person)
        elif given.about:
            CaseWork(store, plan, now).owned_again(post_id, brand)
        (kept,) = store.kept_posts([post_id])
        yes, no = store.answered(brand)
        felt = store.count_felt()
    found = next(view for view in kept.mentions if view.id == mention_id)
    quiet = "nobody is told again" if was_told else f"nobody is told: {_why_quiet(given, found, kept, now=now)}"
    return {
        "mention": mention_id,
        "brand": brand,
        "about": given.about,
        "sentiment": found.mention.sentiment.label.value,
        "doubtful": found.mention.doubtful,
        "priority": found.mention.priority,
        "decision": found.decision,
        "outcome": found.decision if any(alerts) else quiet,
        "alerts": sum(alerts),
        "answers": {"yes": yes, "no": no},
        "sentiments": felt,
        "needed": training.LEAST,
    }


def _why_quiet(given: Given, view: MentionView, kept: Kept, *, now: datetime) -> str:
    """Why nobody is told of a mention that somebody answered."""
    if not given.may_alert:
        return "it is not about the brand" if given.about is False else "it is not felt as negative"
    if silent := [why.text for why in view.mention.why if why.code in SILENT]:
        return "it was there before the first poll" if silent[0].endswith(FIRST_POLL) else silent[0]
    if now - (kept.post.published or kept.discovered_at) > NEWS:
        return f"it is older than {NEWS.days} days"
    return view.decision.removeprefix("recorded only: ")


async def learn_if_due(brand: str, *, ports: Ports) -> JSON:
    """Learn from the answers to a brand's mentions, if there are enough new ones; what came of it.

    None if it is not due, or too much for a worker: the next answer brings it again.
    """
    answers = await ports.writer.run(lambda store: due_answers(store, brand))
    if not answers:
        return None
    now = ports.clock.now()
    lessons = [(answer.view.post, answer.about, answer.at) for answer in answers]
    try:
        learned = await ports.worker.learn(brand, lessons, now)
    except (WorkerKilled, WorkersStopped) as error:  # what led to this, an answer or an erasure, is stored and counts
        log.warning("learning failed", brand=brand, error=str(error))
        return None
    return None if learned is None else await ports.writer.run(partial(_keep, brand, learned, answers, now))


def due_answers(stored: HistoryReading, brand: str) -> list[Answer]:
    """The answers to learn from, none where it is not time to."""
    yes, no = stored.answered(brand)
    versions = stored.learned_versions(brand)
    due = is_due(versions[0].answers if versions else None, n_yes=yes, n_no=no)
    return stored.answers(brand, limit=MOST) if due else []


def _keep(brand: str, learned: Learned, taught: Sequence[Answer], now: datetime, store: Store) -> JSON:
    """Store a version; it counts where it is right more often than the rules and does no worse than what counts now.

    None where one of the answers that taught it was erased meanwhile: what it learned from that one may not stay.
    """
    with store.transaction():
        if not store.are_kept(taught):
            log.info("not learned: an answer was erased meanwhile", brand=brand)
            return None
        answers = sum(store.answered(brand))
        version = store.active_learned().get(brand)
        record = None if version is None else store.learned_record(version)
        active = None if record is None else from_record(json.loads(record))
        counts = learned.accuracy > learned.rules_accuracy and (active is None or not is_worse(learned, active))
        right = {"": learned.accuracy, "the rules ": learned.rules_accuracy}
        right |= {} if active is None else {f"version {version} ": active.accuracy}
        said = [f"{who}in {share:.0%}" for who, share in right.items()]
        note = f"right {said[0]} of answers that it had not seen, {', '.join(said[1:])}"
        version = store.add_learned(brand, to_record(learned), answers=answers, is_better=counts, note=note, now=now)
    log.info("learned", brand=brand, version=version, answers=answers, counts=counts)
    return {"version": version, "answers": answers, "counts": counts, "note": note}


def accuracy(answers: Sequence[Answer]) -> float:
    """How often what had been said before people answered was right; 0 where nobody answered."""
    right = sum(answer.doubtful is not answer.about for answer in answers)
    return right / len(answers) if answers else 0.0


async def learned(ports: Ports, _plan: Plan, arguments: Mapping[str, JSON]) -> JSON:
    """The verb: what was learned of `brand`; `undo` takes the version that counts back, `redo` brings it again.

    Raises InputError where there is nothing to take back or to bring again.
    """
    brand, now = str(arguments["brand"]), ports.clock.now()
    if arguments.get("undo"):
        if await ports.writer.run(lambda store: store.undo_learned(brand, now)) is None:
            raise InputError(f"nothing that was learned of {brand} counts")
    elif arguments.get("redo") and await ports.writer.run(lambda store: store.redo_learned(brand)) is None:
        raise InputError(f"nothing that was learned of {brand} was taken back")
    return await ports.writer.run(lambda store: learned_of(store, brand))


def learned_of(stored: HistoryReading, brand: str) -> dict[str, JSON]:
    """What was learned of a brand: its versions, newest first, of how many answers, and whether it drifts.

    `right` says how often what had been said was right, of the newest RECENT answers and of those before; `drifts`
    that it is right less often by more than DRIFTED, which new words or another meaning of the name bring about.
    """
    answers = stored.answers(brand, limit=MOST)
    recent, before = answers[-RECENT:], answers[:-RECENT]
    drifts = len(before) >= RECENT and accuracy(before) - accuracy(recent) > DRIFTED
    yes, no = stored.answered(brand)
    return {
        "brand": brand,
        "answers": {"yes": yes, "no": no},
        "right": {
            "recently": round(accuracy(recent), 3) if recent else None,
            "before": round(accuracy(before), 3) if before else None,
        },
        "drifts": drifts,
        "words": _words(stored, brand),
        "versions": [
            {
                "version": version.id,
                "made_at": version.made_at.isoformat(),
                "answers": version.answers,
                "state": version.state,
                "note": version.note,
                "figures": figures_of(stored, version.id),
            }
            for version in stored.learned_versions(brand)
        ],
    }


def figures_of(stored: HistoryReading, version: int) -> dict[str, JSON] | None:
    """How well a version does on answers that it had not seen, and the rules on the same; None where it is gone.

    `share` is how much it counts beside the rules, `drift` the accuracy lost on the newest answers.
    """
    record = stored.learned_record(version)
    if record is None:
        return None
    found = from_record(json.loads(record))
    return {
        "yes": found.n_yes,
        "no": found.n_no,
        "accuracy": round(found.accuracy, 4),
        "f1": round(found.f1, 4),
        "rules_accuracy": round(found.rules_accuracy, 4),
        "share": round(found.share, 4),
        "drift": None if found.drift is None else round(found.drift, 4),
        "drifting": found.drifting,
    }


def _words(stored: HistoryReading, brand: str) -> JSON:
    """The words that speak most for and most against the brand, by the version that counts; None where none does."""
    version = stored.active_learned().get(brand)
    record = None if version is None else stored.learned_record(version)
    if record is None:
        return None
    for_it, against = from_record(json.loads(record)).telling()
    return {"for": [[word, weight] for word, weight in for_it], "against": [[word, weight] for word, weight in against]}


async def rank_domains(ports: Ports, _plan: Plan, arguments: Mapping[str, JSON]) -> JSON:
    """The verb: take in `ranks`, [domain, rank] each, a part of the list `of`, which begins anew with `first`.

    With `last` it takes the place of the former list. Returns how many domains have a rank. Raises InputError for what
    is no rank, and where the list's beginning is gone.
    """
    given = arguments["ranks"]
    if not isinstance(given, list):
        raise InputError("ranks must be a list")
    ranks = [_rank(pair) for pair in given]
    of, is_first, is_last = str(arguments["of"]), bool(arguments.get("first")), bool(arguments.get("last"))
    return await ports.writer.run(lambda store: store.rank_domains(ranks, of=of, first=is_first, last=is_last))


def _rank(pair: JSON) -> tuple[str, int]:
    match pair:
        case [str(domain), int(rank)] if is_rank(domain, rank):
            return domain.lower().removeprefix("www."), rank
    raise InputError(f"a rank is [domain, number], not {pair!r}")


def is_rank(domain: str, rank: int) -> bool:
    """Whether this is the bare name of a domain and a rank from 1 to HIGHEST_RANK."""
    named = 0 < len(domain) <= LONGEST_DOMAIN and domain.isprintable() and not _NO_DOMAIN.search(domain)
    return named and 1 <= rank <= HIGHEST_RANK
