"""A mention explained as a person would: six questions, an answer to each, and the sentences that it rests on.

Every sentence comes from the stored judgement, with the place in the post and the weight that it had, so that it can be
checked; nothing is said here that is not in the data. Where a person answered, the answer is theirs, and what had been
judged before is one line among the reasons.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from monitor.models import Label, Sentiment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

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
_ANSWERED, _BY_RULES = "corrected", "relevance-by-rules"
_FELT_AS, _BY_ITSELF = "sentiment-corrected", "sentiment-by-itself-"
"""What a person answered, and what was judged before, which has a reason for each label, its own first."""
_QUOTED: Final = re.compile(r"«([^»]+)»")
_POST: Final = re.compile(r"\b(?:of|first) post (\d+)\b")


def told_of_posts(mention: Mention) -> list[int]:
    """The numbers of the posts that the reasons name."""
    return [int(number) for why in mention.why if why.code in _SPREAD for number in _POST.findall(why.text)]


def explain(
    view: MentionView,
    *,
    deliveries: Sequence[Mapping[str, object]] = (),
    missed: Sequence[str] = (),
    answered: Mapping[str, str] | None = None,
    mentions: Mapping[int, int] | None = None,
    lemma: Callable[[str], str] = str,
) -> list[Answer]:
    """The answers for a stored mention; `missed` are sentences on routes that did not match.

    `answered` says who answered what is asked (`about`, `sentiment`) and when, as in "Ada said so on 2026-01-31";
    `mentions` has the mention of each post that a reason names; `lemma` says under what forms of a word agree.
    """
    mention, said = view.mention, answered or {}
    about = _about(view, said.get("about", "a person said so"))
    felt = _felt(mention, said.get("sentiment", "a person said so"))
    reach = f"Influence {mention.influence} of 100."
    return [
        Answer(f"Is it about {mention.brand}?", about, tuple(_others(mention.why))),
        Answer("How is it felt?", felt, tuple(_feelings(mention.why, lemma))),
        Answer("Is it a special case?", _cases(mention), tuple(_told(mention.why, _CASES))),
        Answer("How far does it reach?", reach, tuple(_told(_numbered(mention.why, mentions), _SPREAD))),
        Answer("How soon should somebody look?", _soon(mention), tuple(_told(mention.why, _SOON))),
        Answer("Who was told, and why?", _sentence(view.decision), tuple(_delivered(mention, deliveries, missed))),
    ]


def denied(mention: Mention) -> bool:
    """Whether a person answered that a mention is not about its brand."""
    return any(why.code == _ANSWERED and not why.weight for why in mention.why)


def _about(view: MentionView, answered: str) -> str:
    mention = view.mention
    if any(why.code == _ANSWERED for why in mention.why):
        return f"{'No' if denied(mention) else 'Yes'}: {answered}."
    said = f"relevance {mention.relevance:.2f} of 1"
    if mention.doubtful:
        below = f", below {_DOUBTFUL_BELOW:.2f}" if mention.relevance < _DOUBTFUL_BELOW else ""
        how = f"monitor correct {view.id} --about yes|no"
        return f"That is doubtful: {said}{below}. It is kept and can be answered: {how}."
    return f"Yes: {said}."


def _felt(mention: Mention, answered: str) -> str:
    felt = mention.sentiment
    if any(why.code == _FELT_AS for why in mention.why):
        return f"{felt.label.value.capitalize()} toward {mention.brand}: {answered}."
    chances = {label: getattr(felt, label.value) for label in Label}
    nearly = felt.alarming and felt.label is not Label.NEGATIVE
    more = " That is nearly negative: alarming:yes finds it." if nearly else ""
    if felt.unsure:
        return f"Unsure: {_shares(felt)} toward {mention.brand}.{more}"
    others = ", ".join(f"{label.value} {chance:.2f}" for label, chance in chances.items() if label is not felt.label)
    said = f"{felt.label.value.capitalize()} toward {mention.brand}"
    return f"{said}, with probability {chances[felt.label]:.2f} ({others}).{more}"


def _shares(felt: Sentiment) -> str:
    """All three labels with their probabilities, the likeliest first."""
    ranked = sorted(Label, key=lambda label: -getattr(felt, label.value))
    return ", ".join(f"{label.value} {100 * getattr(felt, label.value):.0f} %" for label in ranked)


def _cases(mention: Mention) -> str:
    if not mention.special_cases:
        return "No."
    return f"Yes: {', '.join(f'{case.name} ({case.level.value})' for case in mention.special_cases)}."


def _soon(mention: Mention) -> str:
    band = next(word for least, word in _BANDS if mention.priority >= least)
    return f"{band.capitalize()}: priority {mention.priority} of 100."


def _others(whys: Sequence[Why]) -> Iterator[str]:
    """What speaks for and against the brand's being meant; of what a person answered only what had been said before."""
    is_answered = any(why.code == _ANSWERED for why in whys)
    for why in whys:
        if why.code == _BY_RULES and is_answered:
            yield f"Before: relevance {why.weight or 0.0:.2f}."
        elif why.code != _ANSWERED and not why.code.startswith(_ELSEWHERE):
            yield _reason(why)


def _feelings(whys: Sequence[Why], lemma: Callable[[str], str]) -> Iterator[str]:
    """What a post is felt by; of what a person answered what had been said before, in one line and not twice."""
    told = [why for why in whys if why.code.startswith(_FELT) and why.code != _FELT_AS]
    judged = {
        Label(why.code.removeprefix(_BY_ITSELF)): why.weight or 0.0 for why in told if why.code.startswith(_BY_ITSELF)
    }
    if len(judged) == len(Label):
        label, chance = next(iter(judged.items()))
        before = Sentiment(label=label, **{one.value: share for one, share in judged.items()})
        yield f"Before: {f'unsure, {_shares(before)}' if before.unsure else f'{label.value} {100 * chance:.0f} %'}."
        same = f"{label.value} ({chance:.2f})"
        told = [
            why
            for why in told
            if not (why.code.startswith(_BY_ITSELF) or (why.code == "sentiment" and same in why.text))
        ]
    yield from map(_reason, _merged(told, lemma))


def _merged(whys: Sequence[Why], lemma: Callable[[str], str]) -> Iterator[Why]:
    """The reasons, forms of one word as one: at the place of the first, with the weight of all."""
    forms: dict[str, list[Why]] = {}
    for number, why in enumerate(whys):
        word = _QUOTED.match(why.text) if why.code == "sentiment-word" else None
        key = (lemma(word[1]) or word[1]) if word else f"#{number}"
        forms.setdefault(key, []).append(why)
    for first, *others in forms.values():
        if not others:
            yield first
            continue
        quoted = ", ".join(found[0] for one in (first, *others) if (found := _QUOTED.match(one.text)))
        weight = round(sum(one.weight or 0.0 for one in (first, *others)), 3)
        rest = _QUOTED.sub("", first.text, count=1).replace(" speaks ", " speak ", 1)
        yield replace(first, text=f"{quoted}{rest}", weight=weight)


def _numbered(whys: Sequence[Why], mentions: Mapping[int, int] | None) -> list[Why]:
    """The reasons, each post that they name with the number of its mention, by which it is asked for."""

    def named(found: re.Match[str]) -> str:
        mention = (mentions or {}).get(int(found[1]))
        return f"{found[0]} (no mention)" if mention is None else f"{found[0]} (mention {mention})"

    if mentions is None:
        return list(whys)
    return [replace(why, text=_POST.sub(named, why.text)) if why.code in _SPREAD else why for why in whys]


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
        note = f" ({delivery['note']})" if delivery.get("note") and delivery["state"] != "sent" else ""
        yield f"{delivery['receiver']}: {delivery['state']}{settled}{note}, because {delivery['reason']}."
    yield from _told(mention.why, _TOLD)
    yield from map(_sentence, missed)


def _sentence(text: str) -> str:
    """A clause as a sentence: a capital where it begins with a letter, and a full stop."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
