"""What a robots.txt says to us, and what a hostile one costs."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from monitor.fetching.robots import PRODUCT, SIZE, ours, read_rules


@pytest.mark.parametrize(
    ("file", "path", "expected"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /a", "/b", True),
        ("User-agent: *\nDisallow: /a", "/a/b?c=d", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x.pdf?y", True),
        ("User-agent: *\nDisallow: /*?sid=", "/t?sid=1", False),
        ("User-agent: *\nDisallow: /форум", "/%D1%84%D0%BE%D1%80%D1%83%D0%BC/1", False),
        ("User-agent: Otherbot\nDisallow: /", "/a", True),
        (f"User-agent: {PRODUCT}\nDisallow: /a\n\nUser-agent: *\nDisallow: /b", "/a", False),
        (f"User-agent: {PRODUCT}\nDisallow: /a\n\nUser-agent: *\nDisallow: /b", "/b", True),
        (f"User-agent: *\nDisallow: /\n\nUser-agent: {PRODUCT.upper()}/1.0\nDisallow:", "/a", True),
        (f"User-agent: Otherbot\nUser-agent: {PRODUCT}\nDisallow: /a", "/a", False),
        (f"User-agent: {PRODUCT}\nUser-agent: Otherbot\nDisallow: /a", "/a", False),
        (f"User-agent: {PRODUCT}\nDisallow: /a\nUser-agent: Otherbot\nDisallow: /b", "/b", True),
        (f"User-agent: {PRODUCT}\nDisallow: /a\n\nUser-agent: {PRODUCT}\nDisallow: /b", "/b", False),
        # The token is compared whole: these are other robots.
        ("User-agent: brand\nDisallow: /", "/a", True),
        (f"User-agent: {PRODUCT}-news\nDisallow: /", "/a", True),
        ("Disallow: /", "/a", True),
        ("\ufeffUser-agent: *\r\nDisallow: /a # not this\r\n", "/a", False),
        ("USER-AGENT : *\n  disallow : /a", "/a", False),
        ("Sitemap: https://x.test/s.xml\nUser-agent: *\nSitemap: /s\nDisallow: /a", "/a", False),
        ("User-agent: *\nCrawl-delay: 1\nDisallow: /a", "/a", False),
        ("<html><body>User-agent: nobody</body></html>", "/a", True),
        ("User-agent: *\nDisallow: /robots", "/robots.txt", True),
    ],
)
def test_what_may_be_read(file: str, path: str, expected: bool) -> None:
    assert read_rules(ours(file.encode()), f"https://x.test{path}")[0] is expected


@pytest.mark.parametrize(
    ("delay", "expected"),
    [("7", 7.0), ("0.5", 0.5), ("3600", 60.0), ("-1", 0.0), ("nan", 0.0), ("1e400", 0.0), ("soon", 0.0), ("", 0.0)],
)
def test_the_delay_that_is_asked_for(delay: str, expected: float) -> None:
    file = f"User-agent: *\nCrawl-delay: {delay}\n"
    assert read_rules(ours(file.encode()), "https://x.test/")[1] == timedelta(seconds=expected)


def test_the_delay_of_another_robot_is_not_ours() -> None:
    file = b"User-agent: Otherbot\nCrawl-delay: 30\n\nUser-agent: *\nDisallow: /a\n"
    assert read_rules(ours(file), "https://x.test/")[1] == timedelta()


@pytest.mark.parametrize(
    "file",
    [
        "".join(f"User-agent: a{number}\n" for number in range(12_000)) + "Disallow: /x\n" * 12_000,
        "User-agent: *\n" * 12_000 + "Disallow: /x\n" * 12_000,
        "User-agent: *\nDisallow: /" + "$" * 500_000,
        "User-agent: *\nDisallow: /" + "%%" * 250_000,
        "User-agent: *\n" + ("Disallow: /" + "*a" * 900 + "$\n") * 280,
        "User-agent: *\n" + "".join(f"Disallow: /{number:x}$\n" for number in range(40_000)),
        "User-agent: *\nCrawl-delay: " + "9" * 500_000,
        "user agent " * 45_000,
        "\0" * SIZE,
    ],
    ids=["many robots", "one robot often", "dollars", "escapes", "wildcards", "rules", "delay", "words", "zeros"],
)
def test_no_file_costs_much(file: str) -> None:
    started = time.process_time()
    read_rules(ours(file.encode()), "https://x.test/" + "ab" * 4000)
    assert time.process_time() - started < 5  # half a second here; some of these take Protego minutes


def test_rules_count_up_to_512_kib() -> None:
    line = b"# filler\n"
    head = b"User-agent: *\n" + line * ((500 * 1024) // len(line))
    assert not read_rules(ours(head + b"Disallow: /a\n"), "https://x.test/a")[0]
    assert read_rules(ours(head + line * 4096 + b"Disallow: /a\n"), "https://x.test/a")[0]
