"""Inflections find each other in a real database, by the query language, in texts whose language is guessed."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.lemmas import lemmatise
from monitor.models import Lemmas, Post, Source
from monitor.query import parse
from monitor.query.sql import compile_sql
from monitor.store import Store, open_writer
from monitor.store.search import hits
from monitor.understanding.language import LANGUAGES, guess
from tests.alerting.alerts import make_mention

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlite_utils import Database

PAIRS: dict[str, list[tuple[str, str, str]]] = tomllib.loads(
    Path(__file__).with_name("pairs.toml").read_text(encoding="utf-8")
)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, dict[str, int]]]:
    """A database with every text, and the id of each text's mention."""
    db = open_writer(tmp_path_factory.mktemp("pairs") / "monitor.db")
    store = Store(db)
    store.sync_sources([Source(name="s", kind="feed", url="https://s.test/", options=None)], {"s": "s.test:443"}, NOW)
    ids: dict[str, int] = {}
    with store.transaction():
        for text in dict.fromkeys(text for pairs in PAIRS.values() for text, _, _ in pairs):
            lang = guess(text)
            lemmas = Lemmas(text=lemmatise(text, lang))
            post_id = store.add_post(1, Post(text=text, lang=lang), identities=[text], now=NOW)
            assert post_id is not None
            ids[text] = store.add_mention(post_id, make_mention(), decision="", lemmas=lemmas, now=NOW)
    yield db, ids
    store.close()


def test_there_are_thirty_pairs_of_each_language() -> None:
    assert set(PAIRS) == set(LANGUAGES)
    for pairs in PAIRS.values():
        assert len({(form, asked) for _, form, asked in pairs}) == len(pairs) >= 30


@pytest.mark.parametrize("lang", LANGUAGES)
def test_inflections_find_each_other(lang: str, history: tuple[Database, dict[str, int]]) -> None:
    db, ids = history
    missing = []
    for text, form, asked in PAIRS[lang]:
        assert form.casefold() != asked.casefold()
        query = compile_sql(parse(asked), now=NOW)
        found = {mention_id for (mention_id,) in db.execute(*hits(query, limit=1_000))}
        if ids[text] not in found:
            missing.append(f"{form} / {asked}")
        # A word that finds every text would pass too.
        assert len(found) < len(ids) / 4, asked
    print(f"{lang}: {len(PAIRS[lang]) - len(missing)} of {len(PAIRS[lang])}, not found: {', '.join(missing) or 'none'}")
    assert len(missing) <= len(PAIRS[lang]) / 30, missing


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_form_is_found_as_it_stands(lang: str, history: tuple[Database, dict[str, int]]) -> None:
    db, ids = history
    for text, form, _ in PAIRS[lang]:
        for asked in (form, f'"{form}"'):
            found = db.execute(*hits(compile_sql(parse(asked), now=NOW), limit=1_000)).fetchall()
            assert (ids[text],) in found, asked
