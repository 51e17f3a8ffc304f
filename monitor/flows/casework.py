"""What posts do to cases, inside the transaction that stores them: open, join, reopen, answer.

┌ mention ─► a case? ─► which posts belong together ─► events ─► cases, deadlines, notices ┐
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from monitor.cases.joining import Join, Merge, Move, Open, Placed, moves
from monitor.cases.roles import MAY_GIVE_UP
from monitor.cases.rules import NEGATIVE, classes_of, is_over, is_past, reopens, why_case
from monitor.cases.telling import OWNER
from monitor.flows.casebook import AFTER_ALL, AGAIN
from monitor.flows.casemoves import ELSEWHERE, CaseMoves
from monitor.models import CaseEvent, CaseState, Duty, EventKind, Level, NoticeKind
from monitor.store import rows
from monitor.understanding.authors import author_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from monitor.flows.casebook import Said
    from monitor.models import JSON, Author, Case, Mention, SpecialCase
    from monitor.store.neighbours import Neighbour

IN_THREAD: Final = 200  # posts of cases that are looked at in one thread, newest first
BESIDE: Final = "its author, in the same thread"
AUTHOR: Final = "its author"
STORY: Final = "the same story"
LINKED: Final = "linked by hand"


class CaseWork(CaseMoves):
    """The steps, over one transaction of the caller's; time is the caller's, too."""

    # ── posts ──

    def mentioned(self, said: Said, mention: Mention) -> None:
        """A mention was stored that is no history: open a case, join one, or add to the classes of its own."""
        brand = mention.brand
        if mention.doubtful or brand in self.plan.competitors or self.plan.brand_of_account(said.author) is not None:
            return
        if self.reclassed(said.post_id, mention, said):
            return
        classes = classes_of(mention, playbooks=self.plan.playbooks)
        why = why_case(mention, playbooks=self.plan.playbooks)
        around = self._around(said, brand)
        held_in = {one.post_id: one.case_id for one in around if one.case_id is not None}
        for move in moves(around):
            match move:
                case Open(posts=posts) if why is not None or any(post_id in held_in for post_id in posts):
                    opened = (classes or (NEGATIVE,), why or ELSEWHERE)
                    self._open_for(posts, held_in, said, brand, opened=opened)
                case Join(case_id=number):
                    self._join(self.case(number), said, classes)
                case Move():
                    self.move(move, brand)
                case Merge():
                    self.merge(move)

    def _open_for(
        self,
        posts: Sequence[int],
        held_in: Mapping[int, int],
        said: Said,
        brand: str,
        *,
        opened: tuple[Sequence[str], str],
    ) -> None:
        """A case for posts that belong together and to no case that stays: the new one and some that leave theirs."""
        others = [post_id for post_id in posts if post_id in held_in]
        if said.post_id in posts:
            case = self._open(said, brand, *opened)
        else:
            case = self.split(held_in[others[0]], others.pop(0), brand)
        for post_id in others:
            self.move(Move(post_id, held_in[post_id], case.id), brand)

    def reclassed(self, post_id: int, mention: Mention, said: Said | None = None) -> bool:
        """A mention means something else now: its case, if there is one, gains the classes. Returns whether there is.

        A class that was there once stays: what was due because of it is still due.
        """
        held = self.store.case_of(post_id, mention.brand)
        if held is None:
            return False
        if not mention.doubtful:
            self.add_classes(self.case(held), classes_of(mention, playbooks=self.plan.playbooks), said)
        return True

    def disowned(self, post_id: int, brand: str, *, person: str) -> None:
        """A person answered that a mention is not about the brand: a case without any other is left unanswered.

        Where that is for a lead to decide, and somebody else said so, it is noted for them.
        """
        held = self.store.case_of(post_id, brand)
        case = None if held is None else self.case(held)
        if case is None or is_over(case) or case.state is CaseState.MERGED:
            return
        posts = self.store.kept_posts([one.post_id for one in self.store.case_posts(case.id)])
        mentions = (view.mention for kept in posts for view in kept.mentions)
        if any(mention.brand == brand and not mention.doubtful for mention in mentions):
            return
        someone = self.person(person)
        may = not self.store.persons() or (someone is not None and someone.role in MAY_GIVE_UP)
        kind = EventKind.SILENT if may else EventKind.NOTED
        body: dict[str, JSON] = {"text": f"not about {brand}", "disowned": True, "by": person}
        self.write(case, CaseEvent(kind=kind, at=self.now, person=person if may else "", body=body))

    def owned_again(self, post_id: int, brand: str) -> None:
        """A person answered that a mention is about the brand after all: a case that was left for that opens again."""
        held = self.store.case_of(post_id, brand)
        case = None if held is None else self.case(held)
        if case is None or case.state is not CaseState.SILENT:
            return
        silent = [event for event in self.store.events_of(case.id) if event.kind is EventKind.SILENT]
        if silent[-1].body.get("disowned") is True:
            body: dict[str, JSON] = {"why": f"about {brand} after all", "found_at": rows.to_text(self.now)}
            case = self.write(case, CaseEvent(kind=EventKind.REOPENED, at=self.now, body=body))
            self.tell(case, NoticeKind.REOPENED, f"{case.round}", OWNER, reason=AFTER_ALL)

    def _around(self, said: Said, brand: str) -> list[Placed]:
        """The post and those that cases hold whose author or story it shares; old cases hold theirs for themselves.

        Few of them are enough where nothing but the post itself finds its place.
        """

        def suffice(found: Sequence[Neighbour]) -> bool:
            alone = (said.post_id,)
            return all(isinstance(one, Join | Open) and one.posts == alone for one in moves(self._held(found)))

        return self._held(self.store.neighbours(brand, [said.post_id], keys=_names, suffice=suffice))

    def _held(self, neighbours: Sequence[Neighbour]) -> list[Placed]:
        numbers = {one.case_id for one in neighbours if one.case_id is not None}
        past = {number for number in numbers if is_past(self.case(number), self.now)}
        return [_placed(one) for one in neighbours if one.case_id not in past]

    def open_by_hand(self, said: Said, brand: str, classes: Sequence[str], *, person: str, why: str) -> Case:
        """A person makes a case of a mention that is in none and belongs to none, as `belongs_to` says."""
        return self._open(said, brand, tuple(sorted(classes)), why, person=person)

    def belongs_to(self, said: Said, brand: str) -> int | None:
        """The case that a post would join by its author or story; None where it would begin one."""
        arranged = moves(self._around(said, brand))
        return next((one.case_id for one in arranged if isinstance(one, Join) and said.post_id in one.posts), None)

    def _open(self, said: Said, brand: str, classes: Sequence[str], why: str, *, person: str = "") -> Case:
        body: dict[str, JSON] = {"brand": brand, "classes": list(classes), "why": why, **_clocks(said)}
        opened = CaseEvent(kind=EventKind.OPENED, at=self.now, person=person, body=body)
        case = self.begin(opened)
        self._put(case, said, why)
        joined = []
        for reply in self.store.beside(said.post_id):
            self.store.put_post(case.id, post_id=reply, brand=brand, mention_id=None, why=BESIDE, now=self.now)
            joined.append(CaseEvent(kind=EventKind.JOINED, at=self.now, body={"post": reply, "why": BESIDE}))
        case = self.write(case, *joined)
        for answer in self.store.own_answers(said.post_id, brand):
            case = self._answered(case, answer.id, said.post_id, answer.at)
        self.tell_first(case, said)
        return case

    def _join(self, case: Case, said: Said, classes: Sequence[str]) -> Case:
        before = self.store.customer_of(case.id)
        self._put(case, said, STORY)
        is_own = self._is_customer(case, said)  # who wrote the earliest post, which may be this one
        if is_own and before is not None and not _is_same(said, *before):
            said = replace(said, found_at=self.now, published_at=None)  # nobody has spoken to this customer yet
        why = AUTHOR if is_own else STORY
        return self._came_in(case, said, why=why, is_own=is_own, classes=classes)

    def join_by_hand(self, case: Case, said: Said, classes: Sequence[str], *, person: str) -> Case:
        """A person says that a post belongs to a case; no arrangement takes it out again."""
        is_own = self._is_customer(case, said)
        self._put(case, said, LINKED, by_hand=True)
        return self._came_in(case, said, why=LINKED, is_own=is_own, classes=classes, person=person)

    def replied(
        self, said: Said, source_id: int, thread: str | None, *, special_cases: Sequence[SpecialCase] = ()
    ) -> None:
        """A post that names no brand stands in a thread: it belongs to a case whose customer wrote it there."""
        if thread is None:
            return
        names = {case.name for case in special_cases if case.level is not Level.INFO}
        classes = sorted(names.intersection(self.plan.playbooks))
        for one in self.store.cases_in_thread(source_id, thread, limit=IN_THREAD):
            if not _is_same(said, one.author, said.source) or self.store.case_of(said.post_id, one.brand) is not None:
                continue
            case = self.case(one.case_id)
            if self._is_customer(case, said) and not is_past(case, self.now):
                self._put(case, said, BESIDE)
                self._came_in(case, said, why=BESIDE, is_own=True, classes=classes)

    def _came_in(
        self, case: Case, said: Said, *, why: str, is_own: bool, classes: Sequence[str], person: str = ""
    ) -> Case:
        """One more post in a case: the clock runs again if the customer was waited for, or the case opens again.

        Its classes count before anybody hears, so that all who hear read the same deadlines.
        """
        joined: dict[str, JSON] = {"why": why, **_clocks(said)}
        events = [CaseEvent(kind=EventKind.JOINED, at=self.now, person=person, body=joined)]
        if is_own and case.waiting_at is not None:
            events.append(CaseEvent(kind=EventKind.RESUMED, at=self.now, body={"why": "the author wrote"}))
        reopened = reopens(case, is_own=is_own, label=said.label, at=said.at)
        if reopened:
            body: dict[str, JSON] = {"why": AGAIN, **_clocks(said)}
            events.append(CaseEvent(kind=EventKind.REOPENED, at=self.now, body=body))
        case = self.add_classes(self.write(case, *events), classes, said)
        if reopened:
            self.tell(case, NoticeKind.REOPENED, f"{case.round}", OWNER, reason=AGAIN, said=said)
        elif is_own and not is_over(case) and not person:
            self.tell(case, NoticeKind.WROTE, f"{said.post_id}", OWNER, reason=AGAIN, said=said)
        return case

    def _is_customer(self, case: Case, said: Said) -> bool:
        """Whether the author of a post is the one whom the case is about: who wrote its earliest post."""
        customer = self.store.customer_of(case.id)
        return customer is not None and _is_same(said, *customer)

    def _put(self, case: Case, said: Said, why: str, *, by_hand: bool = False) -> None:
        self.store.put_post(
            case.id,
            post_id=said.post_id,
            brand=case.brand,
            mention_id=said.mention_id,
            why=why,
            now=self.now,
            by_hand=by_hand,
        )

    # ── answers ──

    def answered(self, reply_id: int, brand: str) -> None:
        """A reply of ours was linked to the post that it answers."""
        found = self.store.answered_by_reply(reply_id, brand)
        number = None if found is None else self.store.case_of(found.post_id, brand)
        if found is not None and number is not None:
            self._answered(self.case(number), reply_id, found.post_id, found.at)

    def _answered(self, case: Case, answer: int, post_id: int, at: datetime) -> Case:
        if case.state is CaseState.MERGED:
            return case
        body: dict[str, JSON] = {"answer": answer, "post": post_id, "at": rows.to_text(at)}
        noted, seen = self.replies(case)
        judged = any(one.kind is EventKind.VERDICT and one.at <= at for one in self.store.events_of(case.id))
        body["full"] = judged or Duty.VERDICT not in self.playbook(case).duties
        if case.round > 1 and at < (case.published_at or case.found_at):
            body["earlier"] = True  # it answers what was said before the case opened again
        elif len(noted) > len(seen):
            body |= {
                "confirms": True,
                "full": noted[len(seen)].body.get("full") is True,
            }  # as whoever noted it meant it
        return self.write(case, CaseEvent(kind=EventKind.ANSWER_SEEN, at=self.now, body=body))

    def vanished(self, answer: int, *, gone: bool) -> None:
        """An answer of ours is no longer shown, or is shown again."""
        for number in self.store.cases_answered_by(answer):
            case, events = self.case(number), self.store.events_of(number)
            if all(event.body.get("answer") != answer for event in events):
                continue  # it came with an imported history
            kind = EventKind.ANSWER_GONE if gone else EventKind.ANSWER_BACK
            case = self.write(case, CaseEvent(kind=kind, at=self.now, body={"answer": answer}))
            if gone:
                reason = "our answer is no longer shown"
                self.tell(case, NoticeKind.ANSWER_GONE, f"{answer}:{case.seq}", OWNER, reason=reason)


def _is_same(said: Said, author: Author, source: str) -> bool:
    """Whether somebody else's post is by the author of this one, as far as can be told."""
    mine, theirs = author_key(said.author, said.source), author_key(author, source)
    return mine is not None and theirs is not None and mine.is_same(theirs)


def _clocks(said: Said) -> dict[str, JSON]:
    published = {"published_at": rows.to_text(said.published_at)} if said.published_at else {}
    return {"found_at": rows.to_text(said.found_at), "post": said.post_id, **published}


def _names(author: Author, source: str) -> frozenset[str]:
    """What an author is known by; nothing where it is nobody in particular."""
    key = author_key(author, source)
    return frozenset() if key is None else frozenset({key.key, *([key.link] if key.link else [])})


def _placed(one: Neighbour) -> Placed:
    return Placed(
        post_id=one.post_id,
        keys=_names(one.author, one.source),
        story=one.story_id,
        at=one.at,
        case_id=one.case_id,
        by_hand=one.by_hand,
    )
