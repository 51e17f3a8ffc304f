from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from monitor.models import Post, Span, SpecialCase
from monitor.understanding.reading import Reading, read_text
from monitor.understanding.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from monitor.understanding.toward import Role

CASES = """
[threat]
level = "high"
floor = 60
says = {en = "A threat", ru = "Угроза"}

[rude]
level = "medium"
threshold = 1.5
guards = ["negation"]
says = {en = "Rude"}

[advert]
level = "info"
hides = true
says = {en = "Advertising"}
"""


class Bench:
    """Rules over tiny files, asked in a few words."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def ask(
        self, text: str, *, lang: str | None, title: str = "", brand: str = "", other: str = "", **fields: Any
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Rule ids that count, with the words they rest on, and ids that something stopped, with what."""
        role = fields.pop("role", None)
        post = Post(text=text, title=title, lang=lang, **fields)
        readings = [
            read_text(words, field=name, lang=lang) for name, words in (("title", title), ("text", text)) if words
        ]
        told = self.rules.evidence(
            post, readings, spans=spans_of(readings, brand), others=spans_of(readings, other), role=role
        )
        whole = {"title": title, "text": text}
        fired = {e.rule.partition(":")[2]: whole[e.field][e.start : e.end] for e in told if e.stopped is None}
        stopped = {e.rule.partition(":")[2]: e.stopped for e in told if e.stopped is not None}
        return fired, stopped

    def find(
        self, text: str, *, lang: str | None, title: str = "", brand: str = "", role: Role | None = None
    ) -> tuple[SpecialCase, ...]:
        readings = [
            read_text(words, field=name, lang=lang) for name, words in (("title", title), ("text", text)) if words
        ]
        post = Post(text=text, title=title)
        return self.rules.find(post, readings, spans=spans_of(readings, brand), others=(), role=role)


def spans_of(readings: Sequence[Reading], name: str) -> tuple[Span, ...]:
    """Every place where a name stands, as the matcher would give it."""
    return tuple(
        Span(field=reading.field, start=at, end=at + len(name), text=name, kind="exact")
        for reading in readings
        for at in range(len(reading.text))
        if name and reading.text.startswith(name, at)
    )


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Bench]:
    """A bench over rule files given as `ru="…"`; `pattern` makes a file of one rule `it` of that pattern."""

    def make(
        *, cases: str = CASES, lang: str = "ru", pattern: str | None = None, more: str = "", **files: str
    ) -> Bench:
        if pattern is not None:
            files[lang] = f'{more}\n[[rule]]\nid = "it"\ncase = "threat"\nguards = []\nany = [{pattern!r}]\n'
        (tmp_path / "cases.toml").write_text(cases, encoding="utf-8")
        for name, source in files.items():
            (tmp_path / f"{name}.toml").write_text(source, encoding="utf-8")
        return Bench(Rules.load(tmp_path))

    return make
