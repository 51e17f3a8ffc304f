"""Feeds of other projects and captures of real servers: read as those projects read them, or refused with a reason."""

from __future__ import annotations

import csv
import gzip
import html
import json
import re
import subprocess
import sys
from collections import Counter

import pytest

from monitor.errors import Malformed, ReadError
from monitor.models import Page, PostType, Response
from tests.sources.expectations import agrees, from_comments, from_pairs
from tests.sources.shared import FEEDS, ROOT, SHARED, outcomes, read

DISAGREEMENTS = ROOT / "tests" / "data" / "feeds" / "disagreements.tsv"
ENCODINGS = SHARED / "feeds_encodings"
WORDPRESS = SHARED / "boards" / "wordpress"

pytestmark = pytest.mark.skipif(not FEEDS.is_dir(), reason="the shared fixtures are not on this machine")


def test_expected_values_agree_and_the_rest_is_listed() -> None:
    expectations = [*from_comments(), *from_pairs()]
    disagreeing = [expected for expected in expectations if not agrees(expected)]
    files = {expected.file for expected in expectations}
    print(f"values compared: {len(expectations)}, agree: {len(expectations) - len(disagreeing)}")
    print(f"files compared: {len(files)}, agree: {len(files - {expected.file for expected in disagreeing})}")
    print("by field:", dict(Counter(expected.field for expected in expectations)))
    listed = [line.split("\t") for line in DISAGREEMENTS.read_text(encoding="utf-8").splitlines()[1:]]
    assert {(file, field) for file, field, _ in listed} == {(each.file, each.field) for each in disagreeing}
    assert all(reason.strip() for _, _, reason in listed)
    assert len(expectations) >= 2800
    assert len(disagreeing) <= len(expectations) / 100


def test_each_file_is_read_or_refused_with_a_reason() -> None:
    refused = {name: outcome for name, outcome in outcomes().items() if isinstance(outcome, ReadError)}
    print(Counter(type(outcome).__name__ for outcome in outcomes().values()))
    assert len(outcomes()) == 1993
    assert all(str(error) for error in refused.values())
    # Of the files that are feeds, none is refused.
    fragments = re.compile(
        r"FirstEntry|compressed|gzipped|transport_agent|empty_document|iso88591|FeedNotFound|\.html$"
    )
    assert [name for name in refused if not fragments.search(name) and not name.endswith(".json")] == []


def test_reading_opens_no_file_and_no_connection_and_never_hangs() -> None:
    command = [sys.executable, "-m", "tests.sources.watched"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    print(f"slowest: {report['slowest']}")
    assert report["files"] == 1993
    assert report["opened"] == []
    assert report["slowest"][0] < 5.0


def encoded(row: dict[str, str]) -> Page | ReadError:
    body = (ENCODINGS / row["file"]).read_bytes()
    if row["file"].endswith(".gz"):  # what fetching does; a stream that is cut never gets past it
        body = gzip.decompress(body)
    headers = (("content-type", row["http_content_type"]),)
    return read(Response(url="https://board.example/feed", status=200, headers=headers, body=body))


def test_each_encoding_gives_the_right_titles_or_an_error_and_never_mojibake() -> None:
    expected = [html.unescape(title) for title in json.loads((ENCODINGS / "expected_titles.json").read_bytes())]
    with (ENCODINGS / "README.tsv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["file"] != "gzip-cut.xml.gz"]
    read_rightly = 0
    for row in rows:
        outcome = encoded(row)
        if row["file"] == "utf8-cut.xml":
            assert isinstance(outcome, Malformed)
            assert "cut off" in str(outcome)
            continue
        assert isinstance(outcome, Page), row["file"]
        assert [post.title for post in outcome.posts] == expected, row["file"]
        read_rightly += 1
    assert read_rightly == 16


@pytest.mark.parametrize("name", ["feed.rss", "feed.atom", "feed.rdf", "search.rss"])
def test_a_real_wordpress_serves_articles(name: str) -> None:
    page = capture(name)
    assert len(page.posts) == (8 if name == "search.rss" else 20)
    for post in page.posts:
        assert post.native_id
        assert post.url
        assert post.title
        assert post.text
        assert post.author.name == "admin"
        assert post.published is not None
        assert post.type is PostType.ARTICLE
    assert any(post.replies for post in page.posts) is (name != "feed.rdf")


def test_a_real_wordpress_serves_comments_though_a_name_breaks_its_xml() -> None:
    page = capture("comments.rss")
    assert len({post.native_id for post in page.posts}) == 20
    assert {post.type for post in page.posts} == {PostType.COMMENT}
    assert all(
        post.thread and "#" not in post.thread and (post.url or "").startswith(post.thread) for post in page.posts
    )
    assert "Ольга <3" in {post.author.name for post in page.posts}
    assert not any("&" in (post.author.name or "") for post in page.posts)
    assert not any("<a " in post.text for post in page.posts)


def capture(name: str) -> Page:
    headers = {}
    for line in (WORDPRESS / f"{name}.headers").read_text(encoding="utf-8").splitlines()[1:]:
        field, _, value = line.partition(": ")
        headers[field.lower()] = value
    body = (WORDPRESS / name).read_bytes()
    outcome = read(Response(url="http://127.0.0.1:18082/feed/", status=200, headers=tuple(headers.items()), body=body))
    assert isinstance(outcome, Page)
    return outcome
