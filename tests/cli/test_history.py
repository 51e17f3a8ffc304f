"""What stays on record, how it is found again, and what is said of what could not be seen: through the command line."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from monitor.models import Post, Source
from monitor.store import Store, open_writer
from tests.alerting.alerts import make_mention
from tests.cli.inprocess import run_command
from tests.site import Site, running_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CONFIG = """
contact: watch@shop.test
sentiment: fast
brands: [{{name: Тестомаркет}}]
sources:
  - {{name: news, kind: feed, url: "http://127.0.0.1:{port}/feed", every: 1s, allow: [127.0.0.0/8], max_pages: 1}}
fetch: {{gap: 0s}}
"""


def monitor(folder: Path, *arguments: str, code: int = 0) -> str:
    done = run_command(folder, *arguments, environ={"COLUMNS": "100"})
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


def test_R7_what_was_said_stays_on_record_with_time_and_hash_and_edits_are_shown(tmp_path: Path, site: Site) -> None:
    (tmp_path / "sources.yaml").write_text(CONFIG.format(port=site.port), encoding="utf-8")
    site.posts = ["Тестомаркет обманул меня", "О погоде"]
    monitor(tmp_path, "poll", "news")
    site.posts[0] = "Тестомаркет приятно удивил меня"
    monitor(tmp_path, "poll", "news")
    first, second = json.loads(monitor(tmp_path, "why", "1", "--json"))["wordings"]
    assert (first["text"], second["text"]) == ("Тестомаркет обманул меня", site.posts[0])
    assert second["hash"] == sha256(f"{site.posts[0]}\n{site.posts[0]}".encode()).hexdigest()
    assert first["seen_at"] < second["seen_at"]
    shown = monitor(tmp_path, "why", "1")
    assert first["hash"] in shown
    assert "- обманул\n" in shown
    assert "+ приятно удивил\n" in shown


def test_R7_a_post_that_is_gone_from_its_site_is_shown_as_such_with_what_it_said(tmp_path: Path, site: Site) -> None:
    (tmp_path / "sources.yaml").write_text(CONFIG.format(port=site.port), encoding="utf-8")
    site.posts = ["Тестомаркет обманул меня", "Тестомаркет выручил"]
    monitor(tmp_path, "poll", "news")
    with closing(Store(open_writer(tmp_path / "monitor.db"))) as store:
        store.mark_removed(1, NOW)
    shown = monitor(tmp_path, "why", "1")
    assert "Тестомаркет обманул меня" in shown or "Тестомаркет выручил" in shown
    assert "gone from its site, seen 2026-11-21T12:00:00.000Z" in shown
    assert "gone from its site" not in monitor(tmp_path, "why", "2")
    assert monitor(tmp_path, "mentions").count("(removed)") == 1
    gone = [json.loads(line)["removed"] for line in monitor(tmp_path, "mentions", "--json").splitlines()]
    assert sorted(gone, key=str) == ["2026-11-21T12:00:00.000Z", None]
    assert json.loads(monitor(tmp_path, "why", "1", "--json"))["removed"] == "2026-11-21T12:00:00.000Z"


def test_R53_sources_state_success_expected_delay_and_what_they_could_not_cover(tmp_path: Path, site: Site) -> None:
    (tmp_path / "sources.yaml").write_text(CONFIG.format(port=site.port), encoding="utf-8")
    monitor(tmp_path, "poll", "news")
    with closing(Store(open_writer(tmp_path / "monitor.db"))) as store:
        store.add_gap(1, since=NOW - timedelta(hours=3), until=NOW, reason="too many new posts", now=NOW)
    (row,) = map(json.loads, monitor(tmp_path, "sources", "news", "--json").splitlines())
    assert row["last_success_at"].startswith("20")
    assert row["delay_minutes"] == 0.0  # every: 1s
    assert row["coverage_gaps"] == [
        {
            "from_at": "2026-11-21T09:00:00.000Z",
            "to_at": "2026-11-21T12:00:00.000Z",
            "minutes": 180.0,
            "reason": "too many new posts",
        }
    ]
    shown = monitor(tmp_path, "sources", "news")
    assert "not covered: 2026-11-21T09:00:00.000Z to 2026-11-21T12:00:00.000Z (180.0 min)" in shown
    assert "no source 'blog'" in monitor(tmp_path, "sources", "blog", code=1)


TEXTS = {
    "ru": "Заказ потеряли на складе Тестомаркета, возвратов не делают",
    "en": "I complained about Тестомаркет twice",
    "de": "Тестомаркет: gekauft und nie geliefert",
    "es": "Тестомаркет no ha devuelto el dinero de mis pedidos",
    "fr": "Les colis de Тестомаркет n'arrivent jamais, commandes perdues",
    "it": "Тестомаркет: ordini mai rimborsati dopo mesi di attesa",
    "pt": "Os pedidos do Тестомаркет não chegaram nas entregas prometidas",
    "uk": "Замовлення Тестомаркет загубили на складі, гроші не повернули",
}
FOUND = {
    "склад": {"ru", "uk"},
    "возврат": {"ru"},
    "complain": {"en"},
    "kaufen": {"de"},
    "devolver": {"es"},
    "commande": {"fr"},
    "rimborsare": {"it"},
    "entrega": {"pt"},
    "повернути": {"uk"},
}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One mention in each language, oldest first, as a poll would have stored them."""
    from monitor.lemmas import lemmatise
    from monitor.models import Lemmas

    folder = tmp_path_factory.mktemp("history")
    with closing(Store(open_writer(folder / "monitor.db"))) as store:
        store.sync_sources([Source(name="f", kind="feed", url="http://x.test/", options=None)], {"f": "x:80"}, NOW)
        for number, (lang, text) in enumerate(TEXTS.items()):
            mention = replace(make_mention(), brand="Тестомаркет", priority=number * 10)
            post = Post(native_id=lang, text=text, lang=lang, published=NOW - timedelta(days=8 - number))
            post_id = store.add_post(1, post, identities=[f"id:{lang}"], now=NOW)
            assert post_id is not None
            lemmas = Lemmas(text=lemmatise(text, lang))
            store.add_mention(post_id, mention, decision="d", lemmas=lemmas, now=NOW)
    return folder


def found(history: Path, *arguments: str) -> list[str]:
    """The languages of what a search finds, in its order."""
    lines = monitor(history, "search", *arguments, "--json").splitlines()
    return [json.loads(line)["post"]["native_id"] for line in lines]


@pytest.mark.parametrize(("word", "langs"), FOUND.items(), ids=FOUND)
def test_R57_any_inflected_form_finds_the_word(history: Path, word: str, langs: set[str]) -> None:
    assert set(found(history, word)) == langs


def test_R57_newest_first_with_filters_and_page_by_page(history: Path) -> None:
    newest_first = [*TEXTS][::-1]
    assert found(history, "*") == newest_first
    assert found(history, "brand:тестомаркет priority>=60") == newest_first[:2]
    assert found(history, "*", "--limit", "3") == newest_first[:3]
    assert found(history, "*", "--limit", "3", "--before", "6") == newest_first[3:6]
    assert json.loads(monitor(history, "search", "*", "--count", "--json")) == {"mentions": 8, "complete": True}


def test_a_search_says_what_it_found_and_how_to_read_on(history: Path) -> None:
    shown = monitor(history, "search", "priority>=0", "--limit", "2")
    assert TEXTS["uk"] in shown
    assert "older ones: --before 7" in shown


def test_a_search_that_finds_nothing_or_cannot_be_read_says_so(history: Path) -> None:
    assert "nothing matches слон" in monitor(history, "search", "слон", code=1)
    assert "at character 1" in monitor(history, "search", "near/3 слон", code=2)
