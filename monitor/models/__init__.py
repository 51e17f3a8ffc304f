"""The terms of this project as frozen records; no behaviour beyond what a record knows of itself.

Times are timezone-aware UTC datetimes, durations are timedeltas, offsets count code points, influence and priority
run from 0 to 100, relevance and probabilities from 0 to 1. None means "not known", an empty tuple means "none".
"""

from monitor.models.judgements import Judgement, Label, Lemmas, Level, Mention, Sentiment, Span, SpecialCase, Why
from monitor.models.posts import JSON, Author, HttpRequest, Network, Page, Post, PostType, Request, Response, Validators
from monitor.models.settings import Backfill, Brand, Content, FetchSettings, Receiver, Route, Source, Target
from monitor.models.states import (
    AlertIntent,
    AlertView,
    Decision,
    DeliveryState,
    Health,
    HostState,
    MentionView,
    SourceState,
)

__all__ = [
    "JSON",
    "AlertIntent",
    "AlertView",
    "Author",
    "Backfill",
    "Brand",
    "Content",
    "Decision",
    "DeliveryState",
    "FetchSettings",
    "Health",
    "HostState",
    "HttpRequest",
    "Judgement",
    "Label",
    "Lemmas",
    "Level",
    "Mention",
    "MentionView",
    "Network",
    "Page",
    "Post",
    "PostType",
    "Receiver",
    "Request",
    "Response",
    "Route",
    "Sentiment",
    "Source",
    "SourceState",
    "Span",
    "SpecialCase",
    "Target",
    "Validators",
    "Why",
]
