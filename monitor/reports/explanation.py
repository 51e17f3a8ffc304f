"""A mention explained as a person would: six questions, an answer to each, and the sentences that it rests on.

Every sentence comes from the stored judgement, with the place in the post and the weight that it had, so that it can be
checked; nothing is said here that is not in the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.models import Label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.models import Mention, MentionView, Why


@dataclass(frozen=True, slots=True)
class Answer:
    """A question, its answer in one line, and the reasons for it, one sentence each."""

    question: str
    answer: str
    reasons: tuple[str, ...] = ()


_FELT: Final = ("rating", "contradiction", "sentiment", "toward-", "part", "in-quotation", "retold")
_CASES: Final = (
    "special-case",
    "known-issue",
    "serial-complainer",
    "confirmed-by-others",
    "missing-details",
    "fake-signals",
)
_SPREAD: Final = ("story", "spread", "influence")
_SOON: Final = ("priority",)
_TOLD: Final = ("silent",)
_ELSEWHERE: Final = (*_FELT, *_CASES, *_SPREAD, *_SOON, *_TOLD)
"""Beginnings of the codes of reasons by the question that they answer; all others say whether the brand is meant."""

_DOUBTFUL_BELOW: Final = 0.5
_BANDS: Final = ((75, "now"), (50, "today"), (25, "this week"), (0, "when there is time"))
_UNSIGNED: Final = ("match", "sentiment", "rating", "priority", "story", "spread", "influence", "contradiction")
"""Reasons whose number is a value of its own and not points for or against."""
_CHANCE: Final = "special-case"
"""Reasons whose number is the chance that the case is there, counted or not, by how the whole post reads."""


def explain(
    view: MentionView, *, deliveries: Sequence[Mapping[str, object]] = (), missed: Sequence[str] = ()
) -> list[Answer]:
    """The answers for a stored mention; `missed` are sentences on routes that did not match."""
    mention = view.mention
    return [
        Answer(f"Is it about {mention.brand}?", _about(mention), tuple(_others(mention.why))),
        Answer("How is it felt?", _felt(mention), tuple(_told(mention.why, _FELT))),
        Answer("Is it a special case?", _cases(mention), tuple(_told(mention.why, _CASES))),
        Answer("How far does it reach?", f"Influence {mention.influence} of 100.", tuple(_told(mention.why, _SPREAD))),
        Answer("How soon should somebody look?", _soon(mention), tuple(_told(mention.why, _SOON))),
        Answer("Who was told, and why?", _sentence(view.decision), tuple(_delivered(mention, deliveries, missed))),
    ]


def _about(mention: Mention) -> str:
    said = f"relevance {mention.relevance:.2f} of 1"
    if mention.doubtful:
        below = f", below {_DOUBTFUL_BELOW:.2f}" if mention.relevance < _DOUBTFUL_BELOW else ""
        return f"That is doubtful: {said}{below}. It is kept and can be answered: monitor correct ID --about yes|no."
    return f"Yes: {said}."


def _felt(mention: Mention) -> str:
    felt = mention.sentiment
    chances = {label: getattr(felt, label.value) for label in Label}
    nearly = felt.alarming and felt.label is not Label.NEGATIVE
    more = " That is nearly negative: alarming:yes finds it." if nearly else ""
    if felt.unsure:
        ranked = sorted(chances, key=lambda label: -chances[label])
        shares = ", ".join(f"{label.value} {100 * chances[label]:.0f} %" for label in ranked)
        return f"Unsure: {shares} toward {mention.brand}.{more}"
    others = ", ".join(f"{label.value} {chance:.2f}" for label, chance in chances.items() if label is not felt.label)
    said = f"{felt.label.value.capitalize()} toward {mention.brand}"
    return f"{said}, with probability {chances[felt.label]:.2f} ({others}).{more}"


def _cases(mention: Mention) -> str:
    if not mention.special_cases:
        return "No."
    return f"Yes: {', '.join(f'{case.name} ({case.level.value})' for case in mention.special_cases)}."


def _soon(mention: Mention) -> str:
    band = next(word for least, word in _BANDS if mention.priority >= least)
    return f"{band.capitalize()}: priority {mention.priority} of 100."


def _others(whys: Sequence[Why]) -> Iterator[str]:
    yield from (_reason(why) for why in whys if not why.code.startswith(_ELSEWHERE))


def _told(whys: Sequence[Why], codes: tuple[str, ...]) -> Iterator[str]:
    yield from (_reason(why) for why in whys if why.code.startswith(codes))


def _reason(why: Why) -> str:
    """A reason as a sentence, with its place and its weight where it has them."""
    place = "" if why.start is None else f"{why.field} {why.start}-{why.end}"
    weight = ""
    if why.weight:
        weight = f"{why.weight:g}" if why.code.startswith(_UNSIGNED) else f"{why.weight:+g}"
    if why.weight is not None and why.code.startswith(_CHANCE):
        weight = f"chance {why.weight:.2f}"
    beside = ", ".join(filter(None, (place, weight)))
    return _sentence(why.text) + (f" [{beside}]" if beside else "")


def _delivered(mention: Mention, deliveries: Sequence[Mapping[str, object]], missed: Sequence[str]) -> Iterator[str]:
    for delivery in deliveries:
        settled = f" on {str(delivery['settled_at'])[:16].replace('T', ' ')} UTC" if delivery["settled_at"] else ""
        yield f"{delivery['receiver']}: {delivery['state']}{settled}, because {delivery['reason']}."
    yield from _told(mention.why, _TOLD)
    yield from map(_sentence, missed)


def _sentence(text: str) -> str:
    """A clause as a sentence: a capital where it begins with a letter, and a full stop."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
