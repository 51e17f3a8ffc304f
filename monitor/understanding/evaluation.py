"""How good the judgement is on labelled texts: precision, recall and F1 of each class, and how fast it was.

Labels come as JSON lines, one text a line. Nothing is learned from them, and nothing of them is kept.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from monitor.errors import InputError
from monitor.models import Brand, Post, PostType
from monitor.understanding.rules import FOLDER
from monitor.understanding.rules.files import cases_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from monitor.models import JSON
    from monitor.understanding.judge import Judge

BATCH: Final = 256

Subject: TypeAlias = Literal["special-cases", "relevance", "matching"]


class Score(NamedTuple):
    """How well one class is told: `n` is how many texts truly are of it."""

    precision: float
    recall: float
    f1: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a file of labelled texts came to; `seconds` is the judging alone, without loading."""

    n: int
    per_class: Mapping[str, Score]
    accuracy: float
    seconds: float
    wrong: tuple[Mapping[str, JSON], ...] = ()

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the classes that occur."""
        found = [score.f1 for score in self.per_class.values() if score.n]
        return sum(found) / len(found) if found else 0.0

    @property
    def met(self) -> Mapping[str, Score]:
        """The classes that a text is of, or was told to be of."""
        told = {name for one in self.wrong if isinstance(names := one["told"], list) for name in names}
        return {name: score for name, score in self.per_class.items() if score.n or name in told}

    def to_json(self, file: str) -> dict[str, JSON]:
        """As the one line of `monitor evaluate --json`; figures are rounded to four places."""
        per_class: dict[str, JSON] = {
            name: {
                "precision": round(score.precision, 4),
                "recall": round(score.recall, 4),
                "f1": round(score.f1, 4),
                "n": score.n,
            }
            for name, score in self.per_class.items()
        }
        return {
            "file": file,
            "n": self.n,
            "per_class": per_class,
            "macro_f1": round(self.macro_f1, 4),
            "accuracy": round(self.accuracy, 4),
            "texts_per_second": round(self.n / self.seconds) if self.seconds else None,
        }


class Labelled(BaseModel):
    """One line of a file; which keys it needs depends on what is evaluated, others are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str
    title: Annotated[str, BeforeValidator(lambda value: value or "")] = ""
    brand: str | None = None
    lang: str | None = None
    type: PostType = PostType.POST
    rating: float | None = None
    labels: tuple[str, ...] | None = None
    relevant: bool | None = None
    brands: tuple[str, ...] | None = None
    near: str | None = None

    def post(self) -> Post:
        """The post that was labelled."""
        return Post(title=self.title, text=self.text, lang=self.lang, type=self.type, rating=self.rating)


NEEDED: Final[Mapping[Subject, tuple[str, ...]]] = {
    "special-cases": ("brand", "labels"),
    "relevance": ("brand", "relevant"),
    "matching": ("brands",),
}
"""The keys besides `text` that a line needs."""


def read_labelled(lines: Iterable[str], subject: Subject) -> list[Labelled]:
    """The labelled texts of a file. Raises InputError that names the line and what is wrong with it."""
    found = []
    cases = cases_of(FOLDER) if subject == "special-cases" else {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            labelled = Labelled.model_validate(json.loads(line))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = "".join(f"{part}: " for part in first["loc"])
            raise InputError(f"line {number}: {where}{first['msg']}") from None
        except (ValueError, RecursionError) as error:
            raise InputError(f"line {number}: not JSON: {error}") from None
        missing = [key for key in NEEDED[subject] if _is_missing(getattr(labelled, key))]
        if missing:
            raise InputError(f"line {number}: {', '.join(missing)} missing")
        if cases and (unknown := [label for label in labelled.labels or () if label not in cases]):
            raise InputError(f"line {number}: there is no special case {unknown[0]!r}; there are: {', '.join(cases)}")
        found.append(labelled)
    if not found:
        raise InputError("holds no labelled text")
    return found


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def evaluate(subject: Subject, texts: Sequence[Labelled], judge: Judge, *, known: Sequence[Brand] = ()) -> Evaluation:
    """Judge labelled texts and compare; `known` are configured brands, any other is a bare name.

    `judge` lends its model and its rules; of its brands only matching makes use.
    """
    pairs = [(one.text, one.brand) for one in texts]
    if subject == "matching":
        named, seconds = _timed(_named, texts, judge)
        return compared(pairs, wanted=[set(one.brands or ()) for one in texts], told=named, seconds=seconds)
    told: list[set[str]] = [set() for _ in texts]
    configured = {brand.name: brand for brand in known}
    seconds = 0.0
    tell = _cases if subject == "special-cases" else _relevant
    for name, places in _by_brand(texts).items():
        of_brand = judge.for_brands([configured.get(name, Brand(name=name))])
        said, taken = _timed(tell, [texts[at] for at in places], of_brand)
        seconds += taken
        for at, labels in zip(places, said, strict=True):
            told[at] = labels
    if subject == "special-cases":
        wanted = [set(one.labels or ()) for one in texts]
    else:
        wanted = [{_word(relevant=bool(one.relevant))} for one in texts]
    return compared(pairs, wanted=wanted, told=told, seconds=seconds)


def _by_brand(texts: Sequence[Labelled]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(texts):
        places[one.brand or ""].append(at)
    return places


def _timed(
    tell: Callable[[Sequence[Labelled], Judge], list[set[str]]], texts: Sequence[Labelled], judge: Judge
) -> tuple[list[set[str]], float]:
    started = time.process_time()
    said = tell(texts, judge)
    return said, time.process_time() - started


def _named(texts: Sequence[Labelled], judge: Judge) -> list[set[str]]:
    return [judge.named(one.post()) for one in texts]


def _cases(texts: Sequence[Labelled], judge: Judge) -> list[set[str]]:
    return [{case.name for case in judge.special_cases(one.post())} for one in texts]


def _relevant(texts: Sequence[Labelled], judge: Judge) -> list[set[str]]:
    judged = judge.judge([one.post() for one in texts])
    return [{_word(relevant=any(not mention.doubtful for mention in said.mentions))} for said in judged]


def _word(*, relevant: bool) -> str:
    return "relevant" if relevant else "irrelevant"


def compared(
    texts: Sequence[tuple[str, str | None]],
    *,
    wanted: Sequence[set[str]],
    told: Sequence[set[str]],
    seconds: float = 0.0,
) -> Evaluation:
    """What was told of texts (at least one), each with its brand, against what was wanted.

    `seconds` is what telling took, 0 where nothing was judged for this.
    """
    wrong: list[Mapping[str, JSON]] = [
        {"text": text, "brand": brand, "wanted": [*sorted(want)], "told": [*sorted(got)]}
        for (text, brand), want, got in zip(texts, wanted, told, strict=True)
        if want != got
    ]
    return Evaluation(
        n=len(texts),
        per_class=scores(wanted, told),
        accuracy=1 - len(wrong) / len(texts),
        seconds=seconds,
        wrong=tuple(wrong),
    )


def scores(wanted: Sequence[set[str]], told: Sequence[set[str]], *, always: Iterable[str] = ()) -> dict[str, Score]:
    """The score of each class that is wanted or told anywhere, and of those in `always`, by name."""
    classes = sorted(set().union(always, *wanted, *told))
    return {name: _score([name in one for one in wanted], [name in one for one in told]) for name in classes}


def _score(wanted: Sequence[bool], told: Sequence[bool]) -> Score:
    hits = sum(want and got for want, got in zip(wanted, told, strict=True))
    precision = hits / sum(told) if any(told) else 0.0
    recall = hits / sum(wanted) if any(wanted) else 0.0
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return Score(precision, recall, f1, sum(wanted))
