"""A brand's rule: a query that its mentions have to satisfy. What does not is kept, and doubtful."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from monitor.lemmas import lemmatise
from monitor.models import Why
from monitor.query import compile_query, explain, parse
from monitor.understanding.relevance.weighing import DOUBTFUL_BELOW, Relevance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import Brand, Post
    from monitor.query import Predicate, Query

BROKEN: Final = 0.2
"""The most that a mention can reach that does not satisfy the rule of its brand."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule of a brand, ready to be asked. It sees the post alone: who felt how about it is not known yet."""

    brand: str
    query: Query
    holds: Predicate

    @classmethod
    def of(cls, brand: Brand) -> Rule | None:
        """The rule of a brand, if it has one; its words are looked up here, once."""
        if brand.rule is None:
            return None
        query = parse(brand.rule)
        return cls(brand.name, query, compile_query(query))

    def applied(self, about: Relevance, post: Post, lang: str | None) -> Relevance:
        """The relevance of a post whose language is thought to be `lang`, with what the rule says of it."""
        facts = self._facts(post, lang)
        if self.holds(facts):
            return about
        value = min(about.value, BROKEN)
        text = f"does not satisfy the rule of the brand: {explain(self.query, facts)}"
        why = Why(code="brand-rule", text=text)
        return replace(about, value=value, doubtful=value < DOUBTFUL_BELOW, why=(*about.why, why))

    def _facts(self, post: Post, lang: str | None) -> Mapping[str, object]:
        return {
            "brand": self.brand,
            "author": post.author.name,
            "site": post.url,
            "lang": post.lang or lang,
            "type": post.type.value,
            "rating": post.rating,
            "title": post.title,
            "text": post.text,
            "title_lemmas": lemmatise(post.title, lang),
            "text_lemmas": lemmatise(post.text, lang),
        }
