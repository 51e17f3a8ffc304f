"""What judging with history reads: in the writer's transaction, and beside it where a rescore is only looked at."""

from __future__ import annotations

from monitor.store.adaptations import AdaptationReading
from monitor.store.authors import AuthorReading
from monitor.store.corrections import CorrectionReading
from monitor.store.learned import LearnedReading
from monitor.store.stances import StanceReading
from monitor.store.stories import StoryReading


class HistoryReading(StoryReading, AuthorReading, StanceReading, CorrectionReading, LearnedReading, AdaptationReading):
    """All that is asked of stories, authors, stances, answers and what was learned."""
