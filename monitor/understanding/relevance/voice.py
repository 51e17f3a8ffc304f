"""The brand's own voice: its accounts and sites, and the formulas in which firms answer their customers."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import ahocorasick

from monitor.understanding.matching.normalise import WORD
from monitor.understanding.relevance.senses import speech

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.models import Author, Brand, Post
    from monitor.understanding.matching.matcher import Hit

_FORMULAS: Final = 2
"""So many different formulas make a text an answer of a firm; one may be a customer's politeness."""
_OWN_WORDS: Final = 2
"""A text with so many words of an author who speaks of himself alone is no answer of a firm."""
_SPOKEN_FOR: Final = 6
"""So many words of one who speaks for many make an interview the firm's own words."""
_TITLE: Final = 40  # code points before the name in which a title may stand
_LANGS: Final = ("ru", "en", "de", "es", "fr", "it", "pt", "uk")
_QUOTED: Final = re.compile(r"^>.*$|«[^«»]*»|“[^“”]*”|„[^„“]*“|\"[^\"\n]*\"", re.MULTILINE)


def author_of(author: Author, brand: Brand) -> str | None:
    """What shows that the brand's own account wrote a post, None if nothing does."""
    accounts = {_account(account) for account in (*brand.own_accounts, *brand.handles)}
    domains = tuple(domain.casefold() for domain in brand.own_domains)
    name, url = author.name or "", author.url or ""
    for said in (name, url):
        if said and _account(said) in accounts:
            return said
    mail_host = name.rpartition("@")[2].strip(" >").casefold() if "@" in name else ""
    for found in (_host(url), mail_host):
        if any(found == domain or found.endswith(f".{domain}") for domain in domains):
            return found
    return None


def formulas_of(post: Post) -> tuple[str, ...]:
    """The formulas that make a text an answer of a firm; empty where it is none.

    What stands in quotation marks or in lines that begin with ">" is somebody else's: an official answer quoted.
    """
    return _formulas_in(post.text)


@lru_cache(maxsize=8)
def _formulas_in(text: str) -> tuple[str, ...]:
    """The same for a text; several brands of one post ask in turn."""
    if any(mark in text for mark in '>«“„"'):
        text = _QUOTED.sub(" ", text)
    words = WORD.findall(text.lower().replace("ё", "е"))
    if sum(word in _singular() for word in words) >= _OWN_WORDS:
        return ()
    found = {said for _, said in _formulas().iter(f" {' '.join(words)} ")}
    return tuple(sorted(found)) if len(found) >= _FORMULAS else ()


def speaker_of(post: Post, hits: Sequence[Hit]) -> str | None:
    """Who of the firm speaks in a post («основатель X»: "we do …"), None if nobody does."""
    titled = (_before(post, hit) for hit in hits)
    said = next((word for before in titled for word in _speakers() if word in before), None)
    if said is None:
        return None
    words = WORD.findall(post.text.lower())
    many = sum(word in _plural() for word in words)
    return said if many >= _SPOKEN_FOR and many > sum(word in _singular() for word in words) else None


def _before(post: Post, hit: Hit) -> str:
    text = post.title if hit.span.field == "title" else post.text
    return text[max(0, hit.span.start - _TITLE) : hit.span.start].lower()


@cache
def _speakers() -> tuple[str, ...]:
    return tuple(word for lang in _LANGS for word in speech(lang).speakers)


@cache
def _plural() -> frozenset[str]:
    return frozenset[str]().union(*(speech(lang).plural for lang in _LANGS))


@cache
def _singular() -> frozenset[str]:
    return frozenset[str]().union(*(speech(lang).singular for lang in _LANGS))


@cache
def _formulas() -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for lang in _LANGS:
        for said in speech(lang).voice:
            automaton.add_word(f" {said} ", said)
    automaton.make_automaton()
    return automaton


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # a broken IPv6 address names no host
        return ""


def _account(name: str) -> str:
    """An account's bare name: of `@name` and of the address of a profile alike."""
    return name.strip().rstrip("/").rpartition("/")[2].lstrip("@").casefold()
