from collections import Counter
from pathlib import Path

import pytest

from monitor.demo.observer import Count
from monitor.demo.play import SCRIPT, Result
from monitor.demo.stage import BASELINE, HOSTS, Stage, folder_for, last_words
from monitor.demo.texts import load
from monitor.demo.world import Settings, World, start_daemon

FEEDS = {feed.name: feed for feeds in HOSTS for feed in feeds}
COUNT = Count(posts=1, mentions=1, negative=1, alerts=1, delivered={}, lost=(), repeated=(), copies=0)


def test_the_script_holds_a_burst_that_does_not_fit_on_a_paged_feeds_first_page() -> None:
    assert any(FEEDS[feed].paged and number > FEEDS[feed].window for _, feed, number in SCRIPT)


def test_the_script_shows_enough_news_and_each_text_once() -> None:
    news = Counter[str]()
    for _, feed, number in SCRIPT:
        news[feed] += number
    assert news.total() >= 40
    for feed, texts in load().items():
        assert BASELINE[feed] + news[feed] == len(texts)


def test_a_feed_that_is_not_paged_never_pushes_a_post_out_of_its_window() -> None:
    assert all(feed.paged or len(load()[name]) <= feed.window for name, feed in FEEDS.items())
    assert all(number <= FEEDS[feed].window for feed, number in BASELINE.items())


def test_the_stage_numbers_posts_and_starts_again_after_the_last_text(tmp_path: Path) -> None:
    with World(tmp_path, HOSTS, settings=Settings()) as world:
        stage = Stage(world)
        stage.publish("news", 13)
        stage.publish("news", 2)
        first = len(load()["news"])
    journal = (tmp_path / "web.jsonl").read_text(encoding="utf-8")
    assert journal.count('"event": "publish"') == first + 1
    assert f'"key": "n{first + 1:02d}"' in journal


def test_a_world_writes_a_configuration_for_all_its_feeds_and_strangers(tmp_path: Path) -> None:
    settings = Settings(every="2s", timeout="3s", parallel=1, backfill="alert")
    with World(tmp_path, HOSTS, settings=settings, strangers={"elsewhere": "http://127.0.0.1:9/x"}) as world:
        text = (tmp_path / "sources.yaml").read_text(encoding="utf-8")
        assert world.mail.url in text
        assert world.chat.url in text
    assert text.count("kind: feed") == len(FEEDS) + 1
    assert 'url: "http://127.0.0.1:9/x", every: 2s, backfill: alert' in text
    assert "timeout: 3s, parallel: 1" in text


def test_a_folder_that_holds_something_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    with pytest.raises(FileExistsError), folder_for(tmp_path):
        pass
    with folder_for(tmp_path / "new" / "deep") as folder:
        assert folder.is_dir()
    with folder_for(None) as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_a_daemon_that_ends_by_itself_has_its_last_words_shown(tmp_path: Path) -> None:
    daemon = start_daemon(tmp_path)  # there is no configuration here
    assert daemon.wait(60) != 0
    words = last_words(tmp_path, daemon)
    assert words[-1] == f"it ended by itself with exit status {daemon.returncode}"
    assert Result(count=COUNT, seconds=1.0, last_words=words).ok is False


@pytest.mark.parametrize(("lost", "repeated", "ok"), [((), (), True), (("x",), (), False), ((), ("x",), False)])
def test_a_play_is_good_when_nothing_is_lost_or_repeated(
    lost: tuple[str, ...], repeated: tuple[str, ...], ok: bool
) -> None:
    count = Count(**{**{name: getattr(COUNT, name) for name in COUNT.__slots__}, "lost": lost, "repeated": repeated})
    result = Result(count=count, seconds=1.0)
    assert result.ok is ok
    assert result.summary().splitlines()[0].endswith(f"{len(lost)} lost, {len(repeated)} repeated; 1 s")
    assert result.summary().splitlines()[1:] == [
        *(f"lost: {it}" for it in lost),
        *(f"repeated: {it}" for it in repeated),
    ]
