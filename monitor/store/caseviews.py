"""What analysts query of cases: one row a case, an event, a deadline; and how each complaint ended."""
# ruff: noqa: S608 - the views are put together from constants

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.store.queries import FIRST

if TYPE_CHECKING:
    from collections.abc import Callable

# How a case ended: what it was before it was closed.
ENDED: Final = """
    iif(cases.state = 'closed', (
        SELECT before_state FROM case_events WHERE case_events.case_id = cases.id AND kind = 'closed'
        ORDER BY seq DESC LIMIT 1
    ), cases.state)
"""
# How a relevant negative mention ended, and which those are, where `cases` is the case that holds it, if one does.
OUTCOME: Final = f"""
    CASE WHEN cases.id IS NULL THEN iif(EXISTS (
        SELECT 1 FROM answers WHERE answers.post_id = mentions.post_id
        AND answers.brand = mentions.brand AND gone_at IS NULL), 'answered', 'open')
    ELSE iif({ENDED} IN ('answered', 'offline', 'silent'), {ENDED}, 'open') END
"""
RELEVANT: Final = """
    mentions.sentiment = 'negative' AND NOT EXISTS (SELECT 1 FROM answers WHERE answer_id = mentions.post_id)
    AND (cases.id IS NOT NULL OR NOT (
        EXISTS (SELECT 1 FROM json_each(mentions.why) WHERE value ->> 'code' IN ('silent', 'baseline'))
        OR EXISTS (SELECT 1 FROM json_each(mentions.special_cases) WHERE value ->> 'name' = 'own_voice')))
"""
_NAMES: Final = "(SELECT group_concat(value, ', ') FROM json_each(cases.classes))"
_ROWS: Final = "SELECT {} FROM case_deadlines WHERE case_id = cases.id AND case_deadlines.round = cases.round AND "


def _due(kind: str) -> str:
    """SQL: when something of the present round is or was due, counted from detection."""
    return f"({_ROWS.format('max(due_at)')} clock = 'found' AND kind = '{kind}')"


def _kept(kind: str, clock: str, done: str) -> str:
    """SQL: how a deadline of the present round went; nothing where there is none."""
    breached = (
        f"EXISTS ({_ROWS.format('1')} clock = '{clock}' AND kind = '{kind}' AND step > 0 AND fired_at IS NOT NULL)"
    )
    missing = "WHEN cases.published_at IS NULL THEN NULL" if clock == "published" else ""
    return (
        f"CASE {missing} WHEN {breached} THEN 'breached' WHEN cases.{done} IS NOT NULL THEN 'met' "
        "WHEN cases.resolved_at IS NULL AND cases.state NOT IN ('closed', 'merged') THEN 'running' END"
    )


def case_views(*, day: str, minutes: Callable[[str, str], str]) -> dict[str, str]:
    """The views, with the SQL of the others for the day of a mention and for the minutes between two moments."""
    return {
        "v_cases": _cases(minutes),
        "v_case_events": _EVENTS,
        "v_case_deadlines": _deadlines(minutes),
        "v_coverage": _coverage(day),
    }


def _cases(minutes: Callable[[str, str], str]) -> str:
    def taken(done: str, since: str) -> str:
        """What was done before it was found took no time."""
        return f"max(0, {minutes(f'cases.{since}', f'cases.{done}')})"

    def resolved(since: str) -> str:
        return f"max(0, round({minutes(f'cases.{since}', 'cases.resolved_at')} - cases.waited_seconds / 60, 1))"

    return f"""
    SELECT cases.id, cases.brand, cases.state, {_NAMES} AS classes, cases.owner, cases.verdict, cases.outcome,
        cases.round, cases.opened_at, substr(cases.opened_at, 1, 10) AS day, cases.published_at, cases.found_at,
        cases.acknowledged_at, cases.answered_at, cases.resolved_at, cases.waiting_at, cases.closed_at,
        {taken("acknowledged_at", "published_at")} AS minutes_to_acknowledge_from_publication,
        {taken("acknowledged_at", "found_at")} AS minutes_to_acknowledge,
        {taken("answered_at", "published_at")} AS minutes_to_answer_from_publication,
        {taken("answered_at", "found_at")} AS minutes_to_answer,
        {resolved("published_at")} AS minutes_to_resolve_from_publication,
        {resolved("found_at")} AS minutes_to_resolve, round(cases.waited_seconds / 60, 1) AS waited_minutes,
        {_due("acknowledge")} AS acknowledge_by,
        {_kept("acknowledge", "found", "acknowledged_at")} AS acknowledged_in_time,
        {_kept("acknowledge", "published", "acknowledged_at")} AS acknowledged_in_time_from_publication,
        {_due("resolve")} AS resolve_by, {_kept("resolve", "found", "resolved_at")} AS resolved_in_time,
        {_kept("resolve", "published", "resolved_at")} AS resolved_in_time_from_publication,
        cases.attempts, cases.public_replies, cases.offered, cases.cleared_by, cases.findings,
        cases.silent_reason, cases.ticket, cases.merged_into,
        (SELECT count(*) FROM case_posts WHERE case_posts.case_id = cases.id) AS posts,
        (SELECT count(DISTINCT source_id) FROM case_posts CROSS JOIN posts ON posts.id = case_posts.post_id
         WHERE case_posts.case_id = cases.id) AS sources,
        (SELECT max(influence) FROM case_posts CROSS JOIN mentions ON mentions.id = case_posts.mention_id
         WHERE case_posts.case_id = cases.id) AS influence,
        (SELECT max(priority) FROM case_posts CROSS JOIN mentions ON mentions.id = case_posts.mention_id
         WHERE case_posts.case_id = cases.id) AS priority,
        posts.author, sources.name AS source, posts.title, posts.text, posts.url
    FROM cases LEFT JOIN posts ON posts.id = ({FIRST}) LEFT JOIN sources ON sources.id = posts.source_id
    """


_EVENTS: Final = """
    SELECT case_events.case_id, case_events.seq, cases.brand, case_events.at, case_events.person,
        case_events.kind, case_events.before_state, case_events.after_state,
        coalesce(case_events.body ->> 'text', case_events.body ->> 'why') AS text, case_events.body
    FROM case_events JOIN cases ON cases.id = case_events.case_id
"""


def _deadlines(minutes: Callable[[str, str], str]) -> str:
    return f"""
    SELECT case_deadlines.id, case_deadlines.case_id, cases.brand, cases.state, cases.owner,
        case_deadlines.round, case_deadlines.kind, case_deadlines.clock,
        iif(case_deadlines.kind = 'wait', 0, case_deadlines.step) AS step,
        case_deadlines.at, case_deadlines.due_at, case_deadlines.step_to, case_deadlines.fired_at,
        {minutes("case_deadlines.at", "case_deadlines.fired_at")} AS minutes_late
    FROM case_deadlines JOIN cases ON cases.id = case_deadlines.case_id
    """


def _coverage(day: str) -> str:
    return f"""
    SELECT mention_id, post_id, brand, at, day, substr(at, 1, 7) AS month, source, influence, priority, author,
        title, url, case_id, outcome, CASE outcome WHEN 'silent' THEN silent_reason WHEN 'offline' THEN (
            SELECT body ->> 'channel' FROM case_events WHERE case_events.case_id = ended.case_id
            AND kind = 'offline' ORDER BY seq DESC LIMIT 1) END AS reason,
        iif(outcome = 'answered' AND coalesce(answered, answered_at) >= at,
            round((julianday(coalesce(answered, answered_at)) - julianday(at)) * 24, 2), NULL) AS hours_to_answer
    FROM (
        SELECT mentions.id AS mention_id, mentions.post_id, mentions.brand, mentions.at, {day} AS day,
            sources.name AS source, mentions.influence, mentions.priority, posts.author, posts.title, posts.url,
            cases.id AS case_id, cases.silent_reason, cases.answered_at,
            (SELECT min(answers.answered_at) FROM answers WHERE answers.post_id = mentions.post_id
             AND answers.brand = mentions.brand AND gone_at IS NULL) AS answered,
            {OUTCOME} AS outcome
        FROM mentions JOIN posts ON posts.id = mentions.post_id JOIN sources ON sources.id = mentions.source_id
            LEFT JOIN case_posts ON case_posts.post_id = mentions.post_id AND case_posts.brand = mentions.brand
            LEFT JOIN cases ON cases.id = case_posts.case_id
        WHERE {RELEVANT} AND NOT mentions.doubtful
    ) AS ended
    """
