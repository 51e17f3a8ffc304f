"""Posts that turn out to belong elsewhere: an earlier one told their story first, or two authors are one.

A post goes over to another case, begins one of its own, or a case goes on in another; nothing that was done for the
customer is lost on the way, and no complaint counts as answered because another was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.cases.rules import classes_of, is_over
from monitor.cases.telling import OWNER
from monitor.flows.casebook import GOES_ON, CaseBook
from monitor.models import CaseEvent, CaseState, EventKind, NoticeKind
from monitor.store import rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.cases.joining import Merge, Move
    from monitor.flows.casebook import Said
    from monitor.models import JSON, Case

ELSEWHERE: Final = "its author, or whoever told it first, has that case"

_CARRIED: Final = frozenset(
    {
        EventKind.NOTED,
        EventKind.EVIDENCE,
        EventKind.ATTEMPT,
        EventKind.TICKET,
        EventKind.CLAIM,
        EventKind.COMPENSATED,
        EventKind.VERDICT,
        EventKind.ANSWERED,
        EventKind.ANSWER_SEEN,
        EventKind.OFFLINE,
        EventKind.SILENT,
        EventKind.FINDINGS,
        EventKind.CLEARED,
    }
)
"""What was done in a case that goes on in another, where it is noted."""
_SAYS: Final = ("verdict", "channel", "outcome", "what", "id", "truth", "value", "currency", "url", "text")


class CaseMoves(CaseBook):
    """The steps, over one transaction of the caller's."""

    def add_classes(self, case: Case, classes: Sequence[str], said: Said | None) -> Case:
        """The classes of a further post are the case's, too; who must hear of such a case hears of it while it is open.

        A case that is over keeps them for the day it opens again.
        """
        if case.state is CaseState.MERGED or set(classes) <= set(case.classes):
            return case
        body: dict[str, JSON] = {"classes": [*sorted({*case.classes, *classes})]}
        changed = self.write(case, CaseEvent(kind=EventKind.CLASSED, at=self.now, body=body))
        if not is_over(changed):
            self.tell_first(changed, said, before=case)
        return changed

    def move(self, move: Move, brand: str) -> None:
        """A post goes from one case to another, with what its mention means."""
        left, joined = self.case(move.from_case), self.case(move.to_case)
        self.store.move_post(joined.id, post_id=move.post, brand=brand, why=ELSEWHERE, now=self.now)
        self.write(left, CaseEvent(kind=EventKind.LEFT, at=self.now, body={"post": move.post, "to": joined.id}))
        body: dict[str, JSON] = {"post": move.post, "why": ELSEWHERE}
        joined = self.write(joined, CaseEvent(kind=EventKind.JOINED, at=self.now, body=body))
        for kept in self.store.kept_posts([move.post]):
            for view in kept.mentions:
                if view.mention.brand == brand:
                    joined = self.add_classes(joined, classes_of(view.mention, playbooks=self.plan.playbooks), None)

    def split(self, number: int, post_id: int, brand: str) -> Case:
        """A post that a case holds begins a case of its own; our clock begins now, as nobody knew of that case."""
        left = self.case(number)
        body: dict[str, JSON] = {
            "brand": brand,
            "classes": list(left.classes),
            "why": f"{ELSEWHERE}; this was in case {number}",
            "found_at": rows.to_text(self.now),
            "post": post_id,
        }
        for kept in self.store.kept_posts([post_id]):
            body["published_at"] = rows.to_text(kept.post.published or kept.discovered_at)
        case = self.begin(CaseEvent(kind=EventKind.OPENED, at=self.now, body=body))
        owned = [CaseEvent(kind=EventKind.ASSIGNED, at=self.now, body={"owner": left.owner})] if left.owner else []
        case = self.write(case, *owned)
        self.move_first(case, number, post_id)
        self.tell(case, NoticeKind.OPENED, "split", OWNER, reason=ELSEWHERE)
        return self.case(case.id)

    def move_first(self, case: Case, number: int, post_id: int) -> None:
        """The first post of a new case leaves the one that held it."""
        self.store.move_post(case.id, post_id=post_id, brand=case.brand, why=ELSEWHERE, now=self.now)
        body: dict[str, JSON] = {"post": post_id, "to": case.id}
        self.write(self.case(number), CaseEvent(kind=EventKind.LEFT, at=self.now, body=body))

    def merge(self, merge: Merge) -> None:
        """A case goes on in another: what was done is noted there, and settles only that the customer heard of us.

        What was answered was the matter of the one case; the other may be another, or worse. One that was over opens
        again for one that was not.
        """
        merged, into = self.case(merge.case_id), self.case(merge.into)
        history = list(self._history(merged))
        self.write(merged, CaseEvent(kind=EventKind.MERGED, at=self.now, body={"into": into.id}))
        text = f"case {merged.id} goes on here"
        events = [CaseEvent(kind=EventKind.NOTED, at=self.now, body={"text": text}), *history]
        reopens = is_over(into) and not is_over(merged)
        if reopens:
            body: dict[str, JSON] = {"why": text, "found_at": rows.to_text(merged.found_at)}
            if merged.published_at is not None:
                body["published_at"] = rows.to_text(merged.published_at)
            events.append(CaseEvent(kind=EventKind.REOPENED, at=self.now, body=body))
        if not is_over(merged) and merged.acknowledged_at is not None:
            heard: dict[str, JSON] = {"full": False, "public": False, "at": rows.to_text(merged.acknowledged_at)}
            events.append(
                CaseEvent(kind=EventKind.ANSWERED, at=self.now, body={**heard, "text": text, "from_case": merged.id})
            )
        if into.owner is None and merged.owner is not None:
            events.append(CaseEvent(kind=EventKind.ASSIGNED, at=self.now, body={"owner": merged.owner}))
        into = self.add_classes(self.write(into, *events), merged.classes, None)
        if reopens:
            self.tell(into, NoticeKind.REOPENED, f"{into.round}", OWNER, reason=GOES_ON)
        elif merged.owner is not None and not is_over(into):
            self.tell(into, NoticeKind.ASSIGNED, f"merged:{merged.id}", merged.owner, reason=text, only=True)

    def _history(self, merged: Case) -> Iterator[CaseEvent]:
        """What was done in a case, as notes of the one where it goes on; an answer can still be found to be gone."""
        for event in self.store.events_of(merged.id):
            if event.kind in _CARRIED:
                said = "; ".join(str(event.body[key]) for key in _SAYS if event.body.get(key))
                what = event.kind.value.replace("_", " ")
                body: dict[str, JSON] = {"text": f"case {merged.id}, {event.at:%Y-%m-%d %H:%M}, {what}: {said}"}
                if "answer" in event.body:
                    body["answer"] = event.body["answer"]
                body["by"] = event.person
                yield CaseEvent(kind=EventKind.NOTED, at=self.now, body=body)
