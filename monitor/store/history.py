"""What judging with history and working cases off read: in the writer's transaction, and beside it."""

from __future__ import annotations

from monitor.store.adaptations import AdaptationReading
from monitor.store.authors import AuthorReading
from monitor.store.cases import CaseReading
from monitor.store.corrections import CorrectionReading
from monitor.store.digests import DigestReading
from monitor.store.learned import LearnedReading
from monitor.store.neighbours import NeighbourReading
from monitor.store.persons import PersonReading
from monitor.store.silences import SilenceReading
from monitor.store.stances import StanceReading
from monitor.store.stories import StoryReading
from monitor.store.storms import StormReading
from monitor.store.subscriptions import SubscriptionReading
from monitor.store.told import ToldReading


class HistoryReading(
    StoryReading,
    AuthorReading,
    StanceReading,
    CorrectionReading,
    LearnedReading,
    AdaptationReading,
    CaseReading,
    NeighbourReading,
    PersonReading,
    SilenceReading,
    SubscriptionReading,
    StormReading,
    DigestReading,
    ToldReading,
):
    """All that is asked of stories, authors, stances, answers, what was learned, cases and persons."""
