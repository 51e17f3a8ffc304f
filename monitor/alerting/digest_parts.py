"""What the text and the HTML of a digest share: its figures, posts and cases as people read them, not yet escaped.

What comes from posts is data: it is kept on one line, disarmed for terminals and cut; each form escapes it besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple, cast
from zoneinfo import ZoneInfo

from monitor.text import excerpt, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.alerting.digests import Due, Figures, Named
    from monitor.models import DigestView

_NAME: Final = 60
_TITLE: Final = 160
_EXCERPT: Final = 280
_LABELS: Final = frozenset({"negative", "neutral", "positive"})


class Item(NamedTuple):
    """A post as a digest shows it; `number` is that of its mention, `story` that of the story it stands for."""

    number: int
    headline: str
    title: str
    text: str
    url: str | None
    sentiment: str
    story: int | None = None


class Work(NamedTuple):
    """An open case as a digest shows it."""

    number: int
    about: str
    due: str
    overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A digest in the words of a language."""

    view: DigestView
    words: Mapping[str, str]

    @property
    def figures(self) -> Figures:
        """What was counted, as monitor/flows/digesting.py stored it."""
        return cast("Figures", self.view.figures)

    def about(self) -> str:
        """The digest's name, or what somebody subscribed to."""
        return one_line(str(self.figures["about"]))[:_NAME]

    def title(self) -> str:
        """The subject."""
        return self.words["digest-title"].format(
            cadence=self.words[f"digest-{self.view.cadence.value}"],
            about=self.about(),
            mentions=self.figures["mentions"],
            negative=self.figures["negative"],
        )

    def time(self) -> str:
        """Which time it covers."""
        return self.words["digest-time"].format(
            since=self.at(self.view.from_at), until=self.at(self.view.to_at), zone=self.view.zone
        )

    def at(self, moment: datetime | str) -> str:
        """A moment on the clocks of the digest's zone."""
        given = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return f"{given.astimezone(ZoneInfo(self.view.zone)):%Y-%m-%d %H:%M}"

    def shortly(self, moment: str) -> str:
        """The same without the year."""
        local = datetime.fromisoformat(moment).astimezone(ZoneInfo(self.view.zone))
        return f"{local.strftime(self.words['digest-date'])} {local:%H:%M}"

    def numbers(self) -> Iterator[tuple[str, str, str]]:
        """The figures on top: label, value, and what it was before (empty where nothing is to be compared)."""
        figures, before = self.figures, self.figures["before"]
        yield self._number("mentions", str(figures["mentions"]), before and str(before["mentions"]))
        yield self._number("negative", str(figures["negative"]), before and str(before["negative"]))
        if figures["mean"] is not None:
            mean = before["mean"] if before else None
            count = self.words["digest-ratings"].format(count=figures["ratings"])
            label, value, was = self._number("rating", _decimal(figures["mean"]), mean and _decimal(mean))
            yield label, value, ", ".join(filter(None, (count, was)))

    def _number(self, name: str, value: str, before: object) -> tuple[str, str, str]:
        was = "" if before is None else self.words["digest-before"].format(value=before)
        return self.words[f"digest-{name}"], value, was

    def voices(self) -> list[tuple[str, int, int]]:
        """Brand, percent and mentions of each brand, the loudest first; nothing where only one was mentioned."""
        voices = self.figures["voices"]
        whole = sum(one["mentions"] for one in voices)
        if len(voices) < 2 or not whole:
            return []
        rival = f" ({self.words['digest-competitor']})"
        return [
            (
                one_line(one["brand"])[:_NAME] + (rival if one["competitor"] else ""),
                round(100 * one["mentions"] / whole),
                one["mentions"],
            )
            for one in voices
        ]

    def stories(self) -> list[Item]:
        """Stories that spread, by the post that stands for each; one whose post is gone is left out."""
        told = {one["mention"]: one for one in self.figures["stories"]}
        items = []
        for post in self._posts(list(told)):
            story = told[post["id"]]
            spread = self.words["digest-told"].format(posts=story["posts"], authors=story["authors"])
            items.append(self._item(post, spread)._replace(story=story["story"]))
        return items

    def top(self) -> list[Item]:
        """The most important mentions besides."""
        return [self._item(post) for post in self._posts(self.figures["top"])]

    def late(self) -> list[Item]:
        """The most important of those that were found late."""
        return [self._item(post) for post in self._posts(self.figures["found_late"])]

    def _posts(self, numbers: Sequence[int]) -> Iterator[Named]:
        there = {post["id"]: post for post in self.figures["posts"]}
        yield from (there[number] for number in numbers if number in there)

    def _item(self, post: Named, spread: str = "") -> Item:
        felt = post["sentiment"] if post["sentiment"] in _LABELS else "neutral"
        stars = "" if post["rating"] is None else self.words["digest-stars"].format(stars=f"{post['rating']:g}")
        said = (
            self.words[f"reads-{felt}"],
            spread,
            one_line(post["brand"])[:_NAME],
            stars,
            self.words["digest-priority"].format(priority=post["priority"]),
            one_line(post["source"])[:_NAME],
            one_line(post["author"] or self.words["unknown"])[:_NAME],
            self.shortly(post["at"]),
        )
        # A place beyond what was kept of the text is none of it.
        spans = [(int(str(one["start"])), int(str(one["end"]))) for one in post["spans"] if one["field"] == "text"]
        text = excerpt(post["text"], [span for span in spans if span[1] <= len(post["text"])], _EXCERPT)[0]
        title = one_line(excerpt(post["title"], (), _TITLE)[0])
        # Many a source makes the title from the first words of the text.
        repeated = one_line(post["text"][: 2 * _TITLE]).startswith(title.rstrip(".…"))
        return Item(
            number=post["id"],
            headline=" · ".join(filter(None, said)),
            title="" if repeated else title,
            text=one_line(text),
            url=post["url"],
            sentiment=felt,
        )

    def work(self) -> list[Work]:
        """The open cases in which something is due first; one that is gone is left out."""
        owners = self.figures["owners"]
        return [self._work(one, owners[str(one["id"])]) for one in self.figures["cases"] if str(one["id"]) in owners]

    def _work(self, case: Due, owner: str | None) -> Work:
        due = case["due_at"]
        is_over = due is not None and datetime.fromisoformat(due) < self.view.to_at
        word = "calm" if due is None else "overdue" if is_over else "due"
        classes = [
            self.words.get(f"class-{name}") or self.words.get(f"case-{name}") or name for name in case["classes"]
        ]
        said = (
            one_line(case["brand"])[:_NAME],
            ", ".join(classes[:2]),
            one_line(owner or self.words["nobody"])[:_NAME],
        )
        when = self.words[f"digest-case-{word}"].format(at=self.at(due) if due else "")
        return Work(number=case["id"], about=" · ".join(filter(None, said)), due=when, overdue=is_over)

    def work_line(self) -> str:
        """How many cases are open and overdue; empty where none is open."""
        figures = self.figures
        if not figures["open_cases"]:
            return ""
        return self.words["digest-cases"].format(open=figures["open_cases"], overdue=figures["overdue"])

    def alerts_line(self) -> str:
        """What became of the alerts of the time."""
        counted = {"sent": 0, "pending": 0, "muted": 0, "dead": 0, **self.figures["alerts"]}
        return self.words["digest-alerts"].format(**counted)

    def sources_lines(self) -> Iterator[str]:
        """How many sources are watched, which are in trouble, and what could not be seen."""
        figures, words = self.figures, self.words
        troubled = figures["troubled"]
        line = words["digest-sources"].format(watched=figures["watched"], troubled=len(troubled))
        named = [f"{one_line(name)[:_NAME]} ({words[f'digest-{health}']})" for name, health in troubled[:8]]
        yield f"{line}: {', '.join(named)}{self._more(len(troubled) - len(named))}" if named else line
        if gaps := figures["gaps"]:
            told = (
                words["digest-gap"].format(
                    source=one_line(name)[:_NAME], since=self.shortly(since), until=self.shortly(until)
                )
                for name, since, until in gaps
            )
            line = words["digest-gaps"].format(count=len(gaps) + figures["more_gaps"])
            yield f"{line}: {', '.join(told)}{self._more(figures['more_gaps'])}"

    def _more(self, count: int) -> str:
        return f", {self.words['digest-more'].format(count=count)}" if count > 0 else ""

    def late_line(self) -> str:
        """How many were found late; empty where none was."""
        late = self.figures["late"]
        return self.words["digest-late"].format(count=late) if late else ""

    def chart_title(self) -> str:
        """What the chart shows."""
        return self.words["digest-hours" if self.figures["chart"]["hourly"] else "digest-days"]

    def chart_labels(self) -> list[str]:
        """What stands under each bar: its hour, or its day."""
        zone, hourly = ZoneInfo(self.view.zone), self.figures["chart"]["hourly"]
        ends = [datetime.fromisoformat(end).astimezone(zone) for end in self.figures["chart"]["ends"]]
        return [f"{end:%H:%M}" if hourly else end.strftime(self.words["digest-date"]) for end in ends]

    def foot(self) -> str:
        """Which digest this is."""
        return self.words["digest-foot"].format(about=self.about(), zone=self.view.zone)


def one_line(text: str) -> str:
    """A text of others on one line, disarmed."""
    return safe_text(" ".join(text.split()))


def _decimal(number: float) -> str:
    return f"{number:.1f}"
