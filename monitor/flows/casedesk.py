"""What people do with cases: load the case ─► refuse, or decide ─► events ─► the case as it is now.

The verb `case` takes an act of `cases.guards.Act`, the number of a case (of a mention for `open`), the person who acts
and the body of what they do. Every refusal says why and what is missing; nothing of a refused act is stored.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.cases import guards, roles
from monitor.cases.bodies import LONGEST_LINE
from monitor.cases.record import case_json, event_json
from monitor.cases.replies import check
from monitor.cases.roles import Act
from monitor.cases.rules import MANUAL, classes_of
from monitor.cases.telling import OWNER
from monitor.cases.templates import fill, slots, templates_for
from monitor.errors import InputError, Refusal, Refused
from monitor.flows.casework import CaseWork
from monitor.flows.reassessing import said_of
from monitor.flows.ticks import tell_due
from monitor.models import CaseState, Duty, NoticeKind
from monitor.text import plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor.cases.replies import ReplyFinding
    from monitor.flows.casebook import Said
    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON, Case, Person
    from monitor.store import Store


async def case(ports: Ports, plan: Plan, arguments: Mapping[str, JSON]) -> JSON:
    """The verb: `person` does `act` to the `case` with this `body`; what the case is now, and what was added.

    Returns `case`, `events`, `warnings` (of the reply check) and `text` (of a template). With `dry_run` in the body
    everything is checked and nothing stored. Raises InputError for an act, a person or a case that is unknown, and
    Refused.
    """
    try:
        act = Act(str(arguments.get("act")))
    except ValueError:
        raise InputError(f"there is no act {arguments.get('act')!r}; there are {', '.join(Act)}") from None
    body = arguments.get("body") or {}
    if not isinstance(body, dict):
        raise InputError("the body of an act is an object")
    number, person = _number(arguments.get("case"), "case"), " ".join(str(arguments.get("person") or "").split())
    if not person:
        raise InputError("say who does this")
    asked = _Asked(act=act, number=number, person=person, body=body)
    now = ports.clock.now()
    return await ports.writer.run(partial(_act, asked, plan, now.replace(microsecond=now.microsecond // 1000 * 1000)))


def _number(value: JSON, what: str) -> int:
    if isinstance(value, int | str) and str(value).isdecimal():
        return int(value)
    raise InputError(f"a {what} is named by its number, not {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What was asked of the verb."""

    act: Act
    number: int
    person: str
    body: Mapping[str, JSON]


def _act(asked: _Asked, plan: Plan, now: datetime, store: Store) -> dict[str, JSON]:
    work, is_rehearsal = CaseWork(store, plan, now), bool(asked.body.get("dry_run"))
    with store.transaction():
        if is_rehearsal and asked.act in (Act.OPEN, Act.JOIN):
            raise InputError(f"{asked.act.value} cannot be tried without doing it")
        if not is_rehearsal:
            tell_due(plan, now, store)  # what is done late was late, though nobody had looked at the clock yet
        person = _person(work, asked.person)
        if asked.act is Act.OPEN:
            return _shown(work, _open(work, asked.number, person, asked.body), since=0)
        found = store.case(asked.number)
        if found is None:
            raise InputError(f"there is no case {asked.number}")
        if asked.act is Act.JOIN:
            return _shown(work, _join(work, found, person, asked.body), since=found.seq)
        decide = partial(guards.decide, asked.act, found, person=person, playbook=work.playbook(found), now=now)
        body = _completed(work, asked.act, found, asked.body)
        decide(body=body)  # before any word is looked at: a template that is locked is not even named
        words = _worded(work, asked.act, found, body)
        events = decide(body=words.body)
        if is_rehearsal:
            return _shown(work, found, since=found.seq, words=words)
        noted, seen = work.replies(found)
        if asked.act is Act.ANSWER and len(seen) > len(noted):  # it was seen before it was noted
            events = tuple(replace(event, body={**event.body, "confirms": True}) for event in events)
        changed = work.write(found, *events)
        _tell_owner(work, found, changed, person)
        return _shown(work, changed, since=found.seq, words=words)


def _tell_owner(work: CaseWork, before: Case, after: Case, person: Person) -> None:
    """Whom a case was given to, or whose case somebody opened again, hears of it, unless they did it themselves."""
    if after.owner in (None, person.name):
        return
    if after.owner != before.owner:
        reason = f"{person.name} gave it to {after.owner}"
        work.tell(after, NoticeKind.ASSIGNED, str(after.seq), OWNER, reason=reason, only=True)
    elif after.round > before.round:
        reason = f"{person.name} opened it again"
        work.tell(after, NoticeKind.REOPENED, str(after.round), OWNER, reason=reason, only=True)


def _person(work: CaseWork, name: str) -> Person:
    """Who acts; where nobody is known yet, whoever acts does everything but what only the role legal may."""
    persons = work.store.persons()
    if not persons:
        return roles.alone(name)
    known = work.person(name)
    if known is None:
        names = ", ".join(person.name for person in persons)
        raise InputError(f"nobody here is called {name!r}; there are {names} (monitor people add, or --as NAME)")
    return known


def _open(work: CaseWork, mention: int, person: Person, body: Mapping[str, JSON]) -> Case:
    """A case by hand, of a mention that is in none."""
    guards.may(Act.OPEN, person)
    said, brand, classes = _mention(work, mention)
    held = work.store.case_of(said.post_id, brand)
    if held is not None:
        raise Refused([Refusal("in_a_case", f"mention {mention} is in case {held}", f"monitor cases show {held}")])
    if (theirs := work.belongs_to(said, brand)) is not None:
        why = f"the author or the story of mention {mention} has case {theirs}"
        raise Refused([Refusal("has_a_case", why, f"link it: monitor cases link {theirs} {mention}")])
    why = plain_text(str(body.get("text") or ""), one_line=True)[:LONGEST_LINE] or "opened by hand"
    return work.open_by_hand(said, brand, (*classes, MANUAL), person=person.name, why=why)


def _join(work: CaseWork, case: Case, person: Person, body: Mapping[str, JSON]) -> Case:
    """A mention is linked to a case by hand."""
    guards.may(Act.JOIN, person)
    mention = _number(body.get("mention"), "mention")
    said, brand, classes = _mention(work, mention)
    held = work.store.case_of(said.post_id, brand)
    refusals = []
    if brand != case.brand:
        refusals.append(
            Refusal("other_brand", f"mention {mention} is about {brand}", "link it to a case of that brand")
        )
    if held is not None:
        refusals.append(Refusal("in_a_case", f"mention {mention} is in case {held}", f"monitor cases show {held}"))
    if case.state is CaseState.CLOSED:
        why = f"case {case.id} is closed"
        refusals.append(Refusal("closed", why, f'reopen it first: monitor cases reopen {case.id} "..."'))
    if case.state is CaseState.MERGED:
        into = case.merged_into
        refusals.append(Refusal("merged", f"case {case.id} goes on as case {into}", f"monitor cases link {into}"))
    if refusals:
        raise Refused(refusals)
    return work.join_by_hand(case, said, classes, person=person.name)


def _mention(work: CaseWork, number: int) -> tuple[Said, str, tuple[str, ...]]:
    """A stored mention as a case sees it, its brand, and the classes of it. Raises InputError where there is none."""
    place = work.store.place_of(number)
    if place is None:
        raise InputError(f"there is no mention {number}")
    (kept,) = work.store.kept_posts([place[0]])
    view = next(view for view in kept.mentions if view.id == number)
    said = said_of(kept, number, view.mention, is_told=work.store.is_alerted(number), now=work.now)
    return said, place[1], classes_of(view.mention, playbooks=work.plan.playbooks)


# ── what is written to customers ──


class _Words(NamedTuple):
    """The body of an act as it is stored, what the reply check warns of, a template's text and its open slots."""

    body: Mapping[str, JSON]
    said: str = ""
    warnings: tuple[ReplyFinding, ...] = ()
    text: str | None = None
    unfilled: tuple[str, ...] = ()


WORDS: Final = 200  # characters that are shown of what a warning is about
_SILENT: Final = _Words({})
_ASIDE: Final = frozenset({"dry_run", "lang", "set"})
"""Keys of a body that say how an act is done, and are not stored."""


def _worded(work: CaseWork, act: Act, case: Case, said: Mapping[str, JSON]) -> _Words:
    """What an act says, its words looked at before anything is stored. Raises Refused, InputError."""
    body = {key: value for key, value in said.items() if key not in _ASIDE}
    if act is Act.TEMPLATE:
        return _template(work, case, body, said.get("set"))
    text = body.get("text")
    if act is not Act.ANSWER or not isinstance(text, str):
        return _Words(body)
    found = check(
        text,
        lang=str(said["lang"]) if said.get("lang") else None,
        first=case.acknowledged_at is None,
        public=body.get("public") is not False,
        public_replies=case.public_replies,
    )
    if refused := [one for one in found if one.severity == "refuse"]:
        raise Refused([Refusal(one.code, one.why, text[one.start : one.end]) for one in refused])
    return _Words(body, said=text, warnings=found)


def _completed(work: CaseWork, act: Act, case: Case, body: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """What was said, with what goes without saying: the language of a template, the owner's name as it is known."""
    if act is Act.TEMPLATE:
        return {**body, "language": body.get("language") or work.store.language_of_case(case.id) or "en"}
    owner = body.get("owner")
    persons = work.store.persons()
    if act is not Act.ASSIGN or not isinstance(owner, str) or not owner.strip() or not persons:
        return body
    named = work.person(owner)
    if named is None:
        names = ", ".join(person.name for person in persons)
        raise InputError(f"nobody here is called {owner!r}; there are {names}")
    guards.may(Act.TAKE, named)
    return {**body, "owner": named.name}


def _template(work: CaseWork, case: Case, body: Mapping[str, JSON], given: JSON) -> _Words:
    """A template by its name, with the slots that are known filled in."""
    customer = work.store.customer_of(case.id)
    language = str(body["language"])
    is_neutral = Duty.LEGAL in work.playbook(case).duties
    fitting = templates_for(case.classes, language, work.plan.templates, neutral=is_neutral)
    wanted = str(body.get("name") or "")
    chosen = next((one for one in fitting if one.name == wanted), None)
    if chosen is None:
        names = ", ".join(one.name for one in fitting)
        raise InputError(f"there is no template {wanted!r} for this case in {language}; there are {names}")
    if chosen.verdicts and case.verdict not in chosen.verdicts:
        needed = " or ".join(verdict.value for verdict in chosen.verdicts)
        why = f"the template {wanted} is for the verdict {needed}; this case has {case.verdict or 'none yet'}"
        raise Refused([Refusal("verdict", why, f'monitor cases verdict {case.id} {needed} --note "..."')])
    values = {
        "brand": case.brand,
        "agent": case.owner,
        "ticket": case.ticket,
        "name": customer[0].name if customer else None,
    }
    values |= {str(key): str(value) for key, value in given.items()} if isinstance(given, dict) else {}
    text = fill(chosen.text, {slot: value for slot, value in values.items() if value})
    return _Words({"name": chosen.name, "language": chosen.language}, text=text, unfilled=slots(text))


def _shown(work: CaseWork, case: Case, *, since: int, words: _Words = _SILENT) -> dict[str, JSON]:
    """What the verb returns; `since` is the number of the last event before."""
    events = work.store.events_of(case.id, since=since)
    return {
        "case": case_json(case),
        "events": [event_json(event) for event in events],
        "duties": [duty.value for duty in guards.open_duties(case, work.playbook(case))],
        "warnings": [{**asdict(one), "words": words.said[one.start : one.end][:WORDS]} for one in words.warnings],
        "text": words.text,
        "unfilled": list(words.unfilled),
    }
