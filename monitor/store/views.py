"""What analysts query: views whose names and columns stay, whatever the tables beneath become.

Each is described column by column in docs/history.md and in monitor/reports/datasette.yaml; a test holds the three
together. They are plain joins and lookups, so that a filter on `id`, `day` or `at` reaches an index.
"""
# ruff: noqa: S608 - the views are put together from constants

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.store.caseviews import case_views

if TYPE_CHECKING:
    from sqlite_utils import Database

# `day` of a view is the very expression of the index mentions_by_day, which is what lets SQLite use it.
DAY: Final = "substr(mentions.at, 1, 10)"


def week_of(day: str) -> str:
    """SQL for the ISO week (2026-W47) of an SQL expression for a day: the one that its Thursday lies in."""
    thursday = f"date({day}, '-3 days', 'weekday 4')"
    return f"printf('%s-W%02d', strftime('%Y', {thursday}), (strftime('%j', {thursday}) - 1) / 7 + 1)"


def _site_of(url: str) -> str:
    """SQL for the host of an address, in lower case and without its port."""
    rest = f"replace(replace(substr({url}, instr({url}, '://') + 3), '?', '/'), '#', '/')"
    place = f"substr({rest}, 1, instr({rest} || '/', '/') - 1)"
    bare = f"rtrim({place}, '0123456789')"
    return f"lower(CASE WHEN {bare} LIKE '%:' THEN rtrim({bare}, ':') ELSE {place} END)"


def _minutes(since: str, until: str) -> str:
    return f"round((julianday({until}) - julianday({since})) * 1440, 1)"


SITE: Final = _site_of("posts.url")

VIEWS: Final[dict[str, str]] = {
    "v_mentions": f"""
        SELECT mentions.id, mentions.post_id, mentions.brand, mentions.at, {DAY} AS day, {week_of(DAY)} AS week,
            substr(mentions.at, 1, 7) AS month, posts.published_at, posts.discovered_at, sources.name AS source,
            sources.kind, posts.type, {SITE} AS site, posts.url, posts.lang, posts.author,
            posts.author_url, posts.followers, posts.title, posts.text, mentions.rating, posts.likes, posts.replies,
            posts.views, posts.thread, mentions.sentiment, mentions.negative, mentions.neutral, mentions.positive,
            mentions.relevance, mentions.doubtful, mentions.influence, mentions.priority,
            (SELECT group_concat(name, ', ') FROM (
                SELECT DISTINCT value ->> 'name' AS name FROM json_each(mentions.special_cases))) AS special_cases,
            (SELECT group_concat(word, ', ') FROM (
                SELECT DISTINCT value ->> 'text' AS word FROM json_each(mentions.spans))) AS matched,
            (SELECT group_concat(value ->> 'text', '; ') FROM json_each(mentions.why)) AS why, mentions.decision,
            EXISTS (SELECT 1 FROM alerts WHERE mention_id = mentions.id) AS alerted,
            (SELECT min(answered_at) FROM answers
             WHERE answers.post_id = mentions.post_id AND answers.brand = mentions.brand) AS answered_at,
            (SELECT count(*) FROM revisions WHERE revisions.post_id = mentions.post_id) AS revisions,
            posts.removed_at, posts.story_id, posts.story_kind
        FROM mentions JOIN posts ON posts.id = mentions.post_id JOIN sources ON sources.id = mentions.source_id
    """,
    "v_days": f"""
        SELECT day, {week_of("day")} AS week, substr(day, 1, 7) AS month, brand, sources.name AS source, sentiment,
            doubtful, mentions, ratings, rating_sum, round(rating_sum / nullif(ratings, 0), 2) AS mean_rating
        FROM day_counts LEFT JOIN sources ON sources.id = source_id WHERE mentions > 0
    """,
    "v_sources": f"""
        SELECT sources.id, name AS source, kind, url, host, active, health, error, failures, last_polled_at,
            last_success_at, last_new_at, round(coalesce(interval_seconds, every_seconds) / 60, 1) AS every_minutes,
            lateness.minutes AS lateness_minutes,
            round(coalesce(interval_seconds, every_seconds) / 60 + coalesce(lateness.minutes, 0), 1) AS delay_minutes,
            (SELECT count(*) FROM gaps WHERE source_id = sources.id) AS gaps,
            (SELECT coalesce(sum({_minutes("from_at", "to_at")}), 0) FROM gaps WHERE source_id = sources.id)
                AS gap_minutes,
            (SELECT max(to_at) FROM gaps WHERE source_id = sources.id) AS last_gap_at
        FROM sources LEFT JOIN (
            SELECT id AS source_id, (
                SELECT round(avg(late), 1) FROM (
                    SELECT late, row_number() OVER (ORDER BY late) AS place, count(*) OVER () AS total FROM (
                        SELECT {_minutes("published_at", "discovered_at")} AS late FROM (
                            SELECT published_at, discovered_at FROM posts
                            WHERE posts.source_id = every_source.id ORDER BY posts.id DESC LIMIT 200
                        ) WHERE published_at IS NOT NULL AND discovered_at > every_source.baseline_at
                    )
                ) WHERE place IN ((total + 1) / 2, (total + 2) / 2)
            ) AS minutes FROM sources AS every_source
        ) AS lateness ON lateness.source_id = sources.id
    """,
    "v_gaps": f"""
        SELECT gaps.id, sources.name AS source, sources.kind, from_at, to_at, {_minutes("from_at", "to_at")} AS minutes,
            reason, recorded_at
        FROM gaps JOIN sources ON sources.id = gaps.source_id
    """,
    "v_alerts": f"""
        SELECT alerts.id, alerts.mention_id, alarms.kind AS alarm, case_notices.kind AS notice,
            signals.kind AS signal, digests.name AS digest, coalesce(case_notices.case_id, signals.case_id) AS case_id,
            alerts.created_at, coalesce(alarms.reason, case_notices.reason, alerts.reason) AS reason,
            coalesce(mentions.brand, cases.brand, signals.brand) AS brand, sources.name AS source,
            mentions.sentiment, mentions.priority, mentions.influence, posts.title, posts.url, posts.author,
            coalesce(mentions.at, posts.published_at, posts.discovered_at) AS at,
            iif(mentions.id IS NULL, NULL, {_minutes("posts.published_at", "alerts.created_at")})
                AS minutes_from_publication,
            iif(mentions.id IS NULL, NULL, {_minutes("posts.discovered_at", "alerts.created_at")})
                AS minutes_from_discovery,
            (SELECT count(*) FROM deliveries WHERE alert_id = alerts.id) AS deliveries,
            (SELECT count(*) FILTER (WHERE state = 'sent') FROM deliveries WHERE alert_id = alerts.id) AS sent,
            (SELECT count(*) FILTER (WHERE state = 'dead') FROM deliveries WHERE alert_id = alerts.id) AS dead,
            (SELECT count(*) FILTER (WHERE state = 'muted') FROM deliveries WHERE alert_id = alerts.id) AS muted
        FROM alerts LEFT JOIN mentions ON mentions.id = alerts.mention_id
            LEFT JOIN alarms ON alarms.id = alerts.alarm_id
            LEFT JOIN case_notices ON case_notices.id = alerts.notice_id
            LEFT JOIN signals ON signals.id = alerts.signal_id LEFT JOIN digests ON digests.id = alerts.digest_id
            LEFT JOIN cases ON cases.id = coalesce(case_notices.case_id, signals.case_id)
            LEFT JOIN posts ON posts.id = coalesce(mentions.post_id, case_notices.post_id)
            LEFT JOIN sources ON sources.id = coalesce(
                mentions.source_id, alarms.source_id, signals.source_id, posts.source_id)
    """,
    "v_deliveries": f"""
        SELECT deliveries.id, deliveries.alert_id, alerts.mention_id, alarms.kind AS alarm,
            case_notices.kind AS notice, signals.kind AS signal, digests.name AS digest,
            coalesce(case_notices.case_id, signals.case_id) AS case_id,
            coalesce(mentions.brand, cases.brand, signals.brand) AS brand, deliveries.receiver,
            deliveries.state, deliveries.reason, deliveries.note, groups.due_at AS waits_until,
            deliveries.created_at, deliveries.settled_at,
            {_minutes("deliveries.created_at", "deliveries.settled_at")} AS minutes_to_settle,
            (SELECT max(attempts) FROM message_deliveries JOIN messages ON messages.id = message_id
             WHERE delivery_id = deliveries.id) AS attempts,
            (SELECT max(error) FROM message_deliveries JOIN messages ON messages.id = message_id
             WHERE delivery_id = deliveries.id) AS error
        FROM deliveries JOIN alerts ON alerts.id = deliveries.alert_id
            LEFT JOIN mentions ON mentions.id = alerts.mention_id LEFT JOIN alarms ON alarms.id = alerts.alarm_id
            LEFT JOIN case_notices ON case_notices.id = alerts.notice_id
            LEFT JOIN signals ON signals.id = alerts.signal_id LEFT JOIN digests ON digests.id = alerts.digest_id
            LEFT JOIN cases ON cases.id = coalesce(case_notices.case_id, signals.case_id)
            LEFT JOIN groups ON groups.id = deliveries.group_id AND deliveries.state = 'pending'
    """,
    "v_storms": f"""
        SELECT id, brand, opened_at, closed_at, {_minutes("opened_at", "closed_at")} AS minutes, told_at, figures
        FROM storms
    """,
    "v_silences": """
        SELECT id, match, case_id, starts_at, ends_at, person, comment, created_at FROM silences
    """,
    "v_special_cases": f"""
        SELECT mentions.id AS mention_id, mentions.brand, mentions.at, {DAY} AS day, sources.name AS source,
            special.value ->> 'name' AS special_case, special.value ->> 'level' AS level,
            special.value ->> 'rule' AS rule, special.value ->> 'field' AS field,
            substr(CASE special.value ->> 'field' WHEN 'title' THEN posts.title ELSE posts.text END,
                (special.value ->> 'start') + 1, (special.value ->> 'end') - (special.value ->> 'start')) AS words,
            mentions.sentiment, mentions.doubtful, mentions.priority, posts.author, posts.title, posts.url
        FROM mentions JOIN json_each(mentions.special_cases) AS special JOIN posts ON posts.id = mentions.post_id
            JOIN sources ON sources.id = mentions.source_id
    """,
    "v_answers": f"""
        SELECT answers.answer_id, answers.post_id, mentions.id AS mention_id, answers.brand, sources.name AS source,
            posts.type, mentions.at, {DAY} AS day, answers.answered_at, substr(answers.answered_at, 1, 10)
                AS answered_day,
            round((julianday(answers.answered_at) - julianday(mentions.at)) * 24, 2) AS hours_to_answer,
            answers.answer_id = (
                SELECT answer_id FROM answers AS first WHERE first.post_id = answers.post_id
                AND first.brand = answers.brand ORDER BY answered_at, answer_id LIMIT 1) AS first_answer,
            mentions.sentiment, mentions.rating, mentions.influence, posts.author, posts.title, posts.text, posts.url,
            answer.author AS answer_author, answer.text AS answer_text, answer.url AS answer_url
        FROM answers JOIN posts ON posts.id = answers.post_id
            JOIN mentions ON mentions.post_id = answers.post_id AND mentions.brand = answers.brand
            JOIN posts AS answer ON answer.id = answers.answer_id JOIN sources ON sources.id = mentions.source_id
    """,
    "v_revisions": """
        SELECT revisions.id, revisions.post_id, sources.name AS source, posts.url, posts.author, revisions.seen_at,
            revisions.replaced_at, revisions.title, revisions.text, revisions.hash, posts.title AS title_now,
            posts.text AS text_now, posts.hash AS hash_now
        FROM revisions JOIN posts ON posts.id = revisions.post_id JOIN sources ON sources.id = posts.source_id
    """,
    "v_stories": """
        SELECT stories.id, first_at, last_at, stories.posts,
            (SELECT count(DISTINCT coalesce(author_key, author_link, id)) FROM posts AS told
             WHERE told.story_id = stories.id) AS authors,
            (SELECT count(DISTINCT source_id) FROM posts AS told WHERE told.story_id = stories.id) AS sources,
            (SELECT count(DISTINCT told.id) FROM posts AS told CROSS JOIN mentions ON mentions.post_id = told.id
             WHERE told.story_id = stories.id AND mentions.sentiment = 'negative') AS negatives,
            (SELECT group_concat(DISTINCT mentions.brand) FROM posts AS told
             CROSS JOIN mentions ON mentions.post_id = told.id WHERE told.story_id = stories.id) AS brands,
            origin.id AS origin_id, sources.name AS origin_source, origin.author AS origin_author, origin.title,
            origin.text, origin.url
        FROM stories JOIN posts AS origin ON origin.id = origin_id JOIN sources ON sources.id = origin.source_id
    """,
    "v_stances": """
        SELECT stances.reply_id, stances.post_id, stances.stance, stances.said_at, sources.name AS source,
            reply.author AS reply_author, reply.text AS reply_text, reply.url AS reply_url, posts.author, posts.title,
            posts.url
        FROM stances JOIN posts AS reply ON reply.id = stances.reply_id JOIN posts ON posts.id = stances.post_id
            JOIN sources ON sources.id = reply.source_id
    """,
    "v_corrections": """
        SELECT corrections.id, corrections.mention_id, mentions.brand, corrections.about, corrections.sentiment,
            corrections.relevance, corrections.doubtful, corrections.judged, corrections.note, corrections.person,
            corrections.at,
            (corrections.about IS NOT NULL AND NOT EXISTS (SELECT 1 FROM corrections AS later
                WHERE later.mention_id = corrections.mention_id AND later.id > corrections.id
                AND later.about IS NOT NULL))
            OR (corrections.sentiment IS NOT NULL AND NOT EXISTS (SELECT 1 FROM corrections AS later
                WHERE later.mention_id = corrections.mention_id AND later.id > corrections.id
                AND later.sentiment IS NOT NULL)) AS counts,
            sources.name AS source, posts.author, posts.title, posts.text, posts.url
        FROM corrections JOIN mentions ON mentions.id = corrections.mention_id
            JOIN posts ON posts.id = mentions.post_id JOIN sources ON sources.id = mentions.source_id
    """,
    **case_views(day=DAY, minutes=_minutes),
}


def create_views(db: Database) -> None:
    """Make the file's views those of this program; one that reads as it should is left alone."""
    with db.atomic():
        for name, select in VIEWS.items():
            db.create_view(name, select.strip(), replace=True)
