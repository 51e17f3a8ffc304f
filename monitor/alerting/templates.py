"""The administrator's own words for a mention: a small part of Jinja in a sandbox, over a flat list of facts.

A template may name facts, pass them through a few filters, compare them and choose with `if`. It has no loops, calls,
attributes or arithmetic: it ends at once, and cannot grow beyond what it says. What it prints of a post is disarmed
for the target as it leaves, whatever filters it went through; the content of a post is never a template itself.
"""

from __future__ import annotations

import logging
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from monitor.errors import InputError
from monitor.text import excerpt, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from jinja2 import Template, nodes
    from jinja2.runtime import Context
    from jinja2.sandbox import SandboxedEnvironment

    from monitor.models import AlertView

FACTS: Final[Mapping[str, str]] = {
    "alert": "number of the alert",
    "mention": "number of the mention, as `monitor why` takes it",
    "brand": "the brand as sources.yaml spells it",
    "source": "name of the source",
    "sentiment": "negative, neutral or positive",
    "negative": "probability of negative, in percent",
    "neutral": "probability of neutral, in percent",
    "positive": "probability of positive, in percent",
    "unsure": "true where no label is likelier than the others together",
    "priority": "0 to 100",
    "influence": "0 to 100",
    "special_cases": "names of the special cases with commas between them, perhaps empty",
    "title": "title of the post, perhaps empty",
    "text": "the part of the text around the brand, at most 1200 characters",
    "author": "name of the author, perhaps empty",
    "followers": "how many follow the author; empty where unknown",
    "rating": "stars of five; empty where there are none",
    "url": "address of the post, perhaps empty",
    "published": "when it was published, in UTC (2026-11-21 12:00); empty where unknown",
    "found": "when it was found, in UTC",
    "delay_minutes": "whole minutes from publication to discovery; empty where unknown",
    "reason": "the route that the alert took",
    "case": "number of the case that the post is in; empty where it is in none",
    "acknowledge_by": "until when somebody must answer first, in UTC; empty where nothing is due",
    "resolve_by": "until when it must be resolved, in UTC; empty where nothing is due",
}
"""What a template may name, and what that is."""
KEYS: Final = ("title", "mention")
"""What templates can be given for: the subject of a message, and what it says of each mention."""

TEMPLATE_LIMIT: Final = 5_000  # characters
_OUTPUT_LIMIT: Final = 30_000  # characters; the longest body of any target
_EXCERPT_LIMIT: Final = 1_200
_FIELD_LIMIT: Final = 300
_FILTERS: Final = ("capitalize", "default", "int", "length", "lower", "round", "title", "trim", "truncate", "upper")
_TESTS: Final = ("defined", "even", "false", "in", "none", "number", "odd", "string", "true")
_MAY: Final = frozenset(
    {"Template", "Output", "TemplateData", "Name", "Const", "Filter", "Keyword", "Test", "If", "CondExpr", "Compare"}
    | {"Operand", "And", "Or", "Not", "Concat", "Tuple", "List", "Neg"}
)
_DEPTH: Final = 40
_ESCAPE: Final = " escape"  # no name: a template cannot say it
_log = logging.getLogger(__name__)


def facts_of(alert: AlertView) -> Mapping[str, object]:
    """What a template can say of a mention: exactly the names in FACTS, nothing of it escaped."""
    view, mention, post = alert.view, alert.view.mention, alert.view.post
    text, _ = excerpt(post.text, [(one.start, one.end) for one in mention.spans if one.field == "text"], _EXCERPT_LIMIT)
    delay = None if post.published is None else max(0, int((view.discovered_at - post.published).total_seconds()) // 60)
    return {
        "alert": alert.id,
        "mention": view.id,
        "brand": mention.brand,
        "source": view.source,
        "sentiment": mention.sentiment.label.value,
        "negative": round(100 * mention.sentiment.negative),
        "neutral": round(100 * mention.sentiment.neutral),
        "positive": round(100 * mention.sentiment.positive),
        "unsure": mention.sentiment.unsure,
        "priority": mention.priority,
        "influence": mention.influence,
        "special_cases": ", ".join(dict.fromkeys(case.name for case in mention.special_cases))[:_FIELD_LIMIT],
        "title": post.title[:_FIELD_LIMIT],
        "text": text,
        "author": (post.author.name or "")[:_FIELD_LIMIT],
        "followers": post.author.followers,
        "rating": post.rating,
        "url": post.url,
        "published": _moment(post.published),
        "found": _moment(view.discovered_at),
        "delay_minutes": delay,
        "reason": alert.reason[:_FIELD_LIMIT],
        "case": alert.case_id,
        "acknowledge_by": _moment(alert.acknowledge_by),
        "resolve_by": _moment(alert.resolve_by),
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M}"


def said_by(
    templates: Sequence[tuple[str, str]], key: str, facts: Mapping[str, object], *, escape: Callable[[str], str]
) -> str | None:
    """What the receiver's own template for `key` says; None where there is none, it fails or says nothing.

    A template that fails is told of once in the log: the shipped text serves until it is mended.
    """
    for name, template in templates:
        if name == key:
            try:
                return apply(template, facts, escape=escape) or None
            except InputError as error:
                _complain(key, template, str(error))
    return None


@lru_cache(maxsize=256)
def _complain(key: str, _template: str, fault: str) -> None:
    """Once for each template: what is called with the same words again is answered from the cache."""
    _log.warning("a receiver's template for %s fails, the shipped text is sent instead: %s", key, fault)


def apply(template: str, facts: Mapping[str, object], *, escape: Callable[[str], str] = str) -> str:
    """What a template says of `facts`, each printed value made safe and passed through `escape` of the target.

    Raises InputError where the template cannot be read, names something else, fails, or says too much.
    """
    from jinja2 import TemplateError

    if (fault := template_fault(template)) is not None:
        raise InputError(fault)
    said: list[str] = []
    room = _OUTPUT_LIMIT
    try:
        for piece in _compiled(template).generate({**facts, _ESCAPE: escape}):
            said.append(piece)
            room -= len(piece)
            if room < 0:
                raise InputError(f"it says more than {_OUTPUT_LIMIT} characters")
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"{type(error).__name__}: {safe_text(str(error))[:200]}") from error
    return "".join(said).strip()


@lru_cache(maxsize=256)
def template_fault(template: str) -> str | None:
    """What is wrong with a template, with its line where there is one; None where nothing is."""
    from jinja2 import TemplateSyntaxError

    if len(template) > TEMPLATE_LIMIT:
        return f"it is longer than {TEMPLATE_LIMIT} characters"
    try:
        tree = _sandbox().parse(template)
    except TemplateSyntaxError as error:
        return f"line {error.lineno}: {error.message}"
    except RecursionError:
        return f"it is nested more than {_DEPTH} deep"
    return next(_faults(tree, depth=0), None)


def _faults(node: nodes.Node, *, depth: int) -> Iterator[str]:
    """What a template may not do, in its order."""
    if depth > _DEPTH:
        yield f"line {node.lineno}: it is nested more than {_DEPTH} deep"
        return
    kind, name = type(node).__name__, str(getattr(node, "name", ""))
    if kind not in _MAY:
        yield f"line {node.lineno}: {kind.lower()} is more than a message may do: name facts, filter, compare, choose"
    for expected, known, word in (("Name", FACTS, "fact"), ("Filter", _FILTERS, "filter"), ("Test", _TESTS, "test")):
        if kind == expected and name not in known:
            near = get_close_matches(name, known, n=1)
            yield f"line {node.lineno}: there is no {word} {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    for child in node.iter_child_nodes():
        yield from _faults(child, depth=depth + 1)


@lru_cache(maxsize=64)
def _compiled(template: str) -> Template:
    return _sandbox().from_string(template)


@cache
def _sandbox() -> SandboxedEnvironment:
    """Imported when the first template is read: most receivers have none."""
    from jinja2 import StrictUndefined, pass_context
    from jinja2.sandbox import SandboxedEnvironment

    @pass_context
    def disarm(context: Context, value: object) -> str:
        """What leaves the sandbox, after all filters: no value gets by, and what is unknown is empty."""
        escape: Callable[[str], str] = context[_ESCAPE]
        return "" if value is None else escape(safe_text(str(value), one_line=False))

    # Messages are no HTML: a target has its own escaping, which `disarm` does.
    sandbox = SandboxedEnvironment(autoescape=False, undefined=StrictUndefined, finalize=disarm)
    sandbox.globals = {}
    sandbox.filters = {name: sandbox.filters[name] for name in _FILTERS}
    sandbox.tests = {name: sandbox.tests[name] for name in _TESTS}
    return sandbox
