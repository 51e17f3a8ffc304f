"""Counters for Prometheus. Labels are few and fixed: never a brand, a source or an address."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY: Final = CollectorRegistry()

POLLS: Final = Counter("monitor_polls_total", "Polls by outcome", ["outcome"], registry=REGISTRY)
POSTS: Final = Counter("monitor_posts_total", "Posts stored", registry=REGISTRY)
MENTIONS: Final = Counter("monitor_mentions_total", "Mentions stored", registry=REGISTRY)
ALERTS: Final = Counter("monitor_alerts_total", "Alerts raised", registry=REGISTRY)
MESSAGES: Final = Counter(
    "monitor_messages_total", "Attempts to send a message by outcome", ["outcome"], registry=REGISTRY
)
POLL_SECONDS: Final = Histogram("monitor_poll_seconds", "Duration of a poll", registry=REGISTRY)
JOBS_MISSED: Final = Counter(
    "monitor_jobs_missed_total", "Runs of a fixed job that were late or skipped", registry=REGISTRY
)
PENDING: Final = Gauge("monitor_messages_pending", "Messages not yet taken by their target", registry=REGISTRY)
WAITING: Final = Gauge("monitor_deliveries_waiting", "Deliveries whose message is still to be made", registry=REGISTRY)
DEAD: Final = Gauge("monitor_deliveries_dead", "Deliveries given up", registry=REGISTRY)
SOURCES: Final = Gauge("monitor_sources", "Sources by health", ["health"], registry=REGISTRY)
TICK_AGE: Final = Gauge(
    "monitor_tick_age_seconds", "Time since the daemon last looked for due sources", registry=REGISTRY
)
