"""Stories: what tells the same is found through keys and words, what does not is left alone."""

from __future__ import annotations

import csv
import gzip
import tomllib
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from monitor.lemmas import lemmatise
from monitor.models import Lemmas
from monitor.understanding.stories import (
    CANDIDATES,
    KEYS,
    SHARED_KEYS,
    Earlier,
    Member,
    StoryDecision,
    StoryKind,
    compare,
    content,
    decide,
    figures,
    joined,
    keys,
)

SHARED = Path(__file__).resolve().parents[3] / "shared"
SEED = SHARED / "seeds" / "001_7ed60bb28cb84bc6.txt"
BACKGROUND = {"matching/ru_toxic_train.csv.gz": ("comment", "ru"), "matching/complaints_en.csv.gz": ("text", "en")}
REWORDINGS = tomllib.loads(Path(__file__).with_name("stories").joinpath("rewordings.toml").read_text(encoding="utf-8"))
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

COMPLAINT = (
    "Заказал в магазине Рассвет диван, обещали привезти во вторник, привезли через две недели и без подлокотника. "
    "Менеджер сказал, что подлокотник потеряли на складе, деньги вернуть отказались, предложили скидку на подушки."
)
REORDERED = (
    "Без подлокотника и через две недели вместо вторника привезли диван, который я заказал в Рассвете. Деньги магазин "
    "возвращать отказался; менеджер предложил на подушки скидку и говорит, подлокотник потеряли на складе."
)
OTHER_COMPLAINT = (
    "Звонил в магазин Рассвет трижды, никто не берёт трубку, в чате отвечает робот. Хотел узнать, есть ли в наличии "
    "стол, в итоге поехал сам и зря: на витрине один, продавать не стали, потому что образец, а когда будут, не знают."
)


def lemmas(text: str, lang: str = "ru") -> Lemmas:
    return Lemmas(text=lemmatise(text, lang))


def words(text: str, lang: str = "ru") -> list[str]:
    return content(joined(lemmas(text, lang)))


def earlier(text: str, *, post_id: int = 1, story_id: int | None = None, lang: str = "ru") -> Earlier:
    return Earlier(
        post_id=post_id,
        story_id=story_id,
        lemmas=joined(lemmas(text, lang)),
        author="@somebody_1",
        source="forum",
        at=NOW - timedelta(hours=post_id),
        negative=True,
    )


def finds(one: Lemmas, other: Lemmas) -> bool:
    """Whether a post finds an earlier one, and tells the same."""
    shared = len(set(keys(one)) & set(keys(other)))
    return shared >= SHARED_KEYS and compare(content(joined(one)), content(joined(other))) is not None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (COMPLAINT, StoryKind.REPOST),
        (COMPLAINT.upper() + " Макс. репост!", StoryKind.REPOST),
        ("Внимание, прочтите, что пишут соседи по дому. " + COMPLAINT + " Вот такие дела.", StoryKind.NEAR_DUPLICATE),
        (REORDERED, StoryKind.REWRITTEN),
        (OTHER_COMPLAINT, None),
        ("Диван привезли.", None),
    ],
)
def test_the_kind_of_a_retelling(text: str, kind: StoryKind | None) -> None:
    likeness = compare(words(text), words(COMPLAINT))
    assert (likeness.kind if likeness else None) == kind
    assert compare(words(COMPLAINT), words(text)) == likeness


@pytest.mark.parametrize(
    ("lang", "one", "other", "same"),
    [
        ("en", "The courier left my parcel in the rain and the shop refuses to replace the soaked books.",
         "My parcel was left by the courier in the rain; the shop is refusing to replace soaked books!", True),
        ("en", "The courier left my parcel in the rain and the shop refuses to replace the soaked books.",
         "The shop sent the wrong books, and the courier who brought my parcel could not have been nicer.", False),
        ("de", "Der Bote ließ mein Paket im Regen stehen, und der Laden ersetzt die nassen Bücher nicht.",
         "Im Regen ließ der Bote mein Paket stehen, die nassen Bücher ersetzt der Laden nicht.", True),
        ("es", "El repartidor dejó mi paquete bajo la lluvia y la tienda no cambia los libros mojados.",
         "Bajo la lluvia dejó el repartidor mi paquete; los libros mojados la tienda no los cambia.", True),
    ],
)  # fmt: skip
def test_short_texts_in_other_words_and_languages(lang: str, one: str, other: str, *, same: bool) -> None:
    assert finds(lemmas(one, lang), lemmas(other, lang)) is same


def test_keys_are_few_positive_and_the_same_for_every_form_and_order() -> None:
    found = keys(lemmas(COMPLAINT))
    assert len(found) == len(set(found)) <= KEYS
    assert all(0 <= key < 2**63 for key in found)
    assert list(found) == sorted(found)
    inflected = "Подлокотники диванов потеряли на складах, а магазины не вернут денег"
    assert keys(lemmas("Подлокотник дивана потеряют на складе, магазин не вернул деньги")) == keys(lemmas(inflected))
    assert keys(lemmas(" ".join(reversed(COMPLAINT.split())))) == found


def test_a_long_text_is_cut_to_the_keys_that_its_parts_keep_too() -> None:
    text = " ".join(f"слово{number}" for number in range(2000))
    whole, part = keys(lemmas(text)), keys(lemmas(" ".join(text.split()[500:540])))
    assert len(whole) == KEYS
    assert len(set(whole) & set(part)) >= SHARED_KEYS


@pytest.mark.parametrize("text", ["", "Спасибо!", "Всё хорошо, спасибо большое магазину", "и в на не что он"])
def test_what_says_too_little_has_no_keys(text: str) -> None:
    assert keys(lemmas(text)) == ()


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("ru", "и тогда он мне уже не мог это всё, потому что там были только они"),
        ("uk", "і тоді він мені вже не міг, тому що там були тільки вони"),
        ("en", "and then he could not have been there with them because of it"),
        ("de", "und dann war er nicht mehr da, weil sie es auch nicht hatten"),
        ("es", "y cuando no estaba con ellos, porque ya era todo para él"),
        ("fr", "et il n'est pas avec eux, parce que ce sont les nôtres"),
        ("it", "e non era con lei, perché questo è anche il mio"),
        ("pt", "e não estava com ele, porque isso já era também meu"),
    ],
)
def test_words_that_only_hold_a_sentence_together_say_little(lang: str, text: str) -> None:
    assert len(words(text, lang)) <= 2


def test_the_surest_of_all_that_are_alike_is_joined() -> None:
    candidates = [
        earlier(REORDERED, post_id=3, story_id=30),
        earlier(OTHER_COMPLAINT, post_id=2, story_id=20),
        earlier(COMPLAINT, post_id=1, story_id=10),
    ]
    decision = decide(lemmas(COMPLAINT), candidates)
    assert (decision.story, decision.kind) == (10, StoryKind.REPOST)
    assert [alike.earlier.post_id for alike in decision.alike] == [1, 3]


def test_a_paragraph_is_found_late_in_a_long_article_and_a_long_copy_is_a_copy() -> None:
    article = [f"слово{number}" for number in range(3900)]
    found = compare(article[3700:3760], article)
    assert found is not None
    assert (found.kind, found.share) == (StoryKind.REWRITTEN, 1.0)
    copy = compare(article, [*article[:100], "вставка", *article[100:]])
    assert copy is not None
    assert copy.kind is StoryKind.REPOST
    assert compare([f"другое{number}" for number in range(3900)], article) is None


def test_a_post_like_no_other_begins_a_story() -> None:
    assert decide(lemmas(OTHER_COMPLAINT), [earlier(COMPLAINT)]) == StoryDecision()
    begun = StoryDecision()
    assert (begun.nearest, begun.story, begun.kind) == (None, None, None)


def test_figures_count_distinct_authors_and_leave_the_brand_out() -> None:
    def member(post_id: int, author: str | None, hours: float, *, negative: bool = True, own: bool = False) -> Member:
        source = "a" if post_id % 2 else "b"
        at = NOW - timedelta(hours=hours)
        return Member(post_id=post_id, author=author, source=source, at=at, negative=negative, own=own)

    found = figures(
        [
            member(1, "@one_1", 200),
            member(2, "@two_2", 20),
            member(4, "@two_2", 10),
            member(6, None, 5),
            member(8, "@glad_1", 2, negative=False),
            member(9, "@brand", 1, own=True),
        ],
        now=NOW,
    )
    assert found is not None
    assert (found.posts, found.authors, found.sources) == (5, 4, 2)
    assert found.negative_authors == {"@two_2", "post 6"}  # the first is older than a week
    assert found.origin.post_id == 1
    assert found.growth == round(4 / 24, 2)
    assert figures([member(9, "@brand", 1, own=True)], now=NOW) is None


def test_growth_is_over_the_life_of_a_young_story() -> None:
    members = [
        Member(post_id=number, author=None, source="a", at=NOW - timedelta(minutes=30 * number), negative=True)
        for number in range(1, 9)
    ]
    found = figures(members, now=NOW)
    assert found is not None
    assert found.growth == 2.0


@pytest.fixture(scope="module")
def seed() -> Lemmas:
    if not SEED.exists():
        pytest.skip("the seed texts are not here")
    return lemmas(SEED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("paragraph", REWORDINGS["paragraph"], ids=lambda paragraph: paragraph["about"])
def test_a_rewording_of_any_paragraph_of_the_seed_lands_in_its_story(seed: Lemmas, paragraph: dict[str, str]) -> None:
    assert finds(lemmas(paragraph["plain"]), seed)


def test_most_heavy_rewordings_do_too(seed: Lemmas) -> None:
    found = [paragraph["about"] for paragraph in REWORDINGS["paragraph"] if finds(lemmas(paragraph["heavy"]), seed)]
    assert len(found) >= 11, found


def test_short_paragraphs_are_found_where_enough_of_them_is_left(seed: Lemmas) -> None:
    found = [paragraph["about"] for paragraph in REWORDINGS["short"] if finds(lemmas(paragraph["plain"]), seed)]
    assert len(found) >= 4, found


def test_each_paragraph_of_the_seed_itself_is_found_in_it(seed: Lemmas) -> None:
    lines = [lemmas(line) for line in SEED.read_text(encoding="utf-8").splitlines()]
    told = [line for line in lines if len(set(content(line.text))) >= 8]
    assert len(told) >= 20
    assert all(finds(line, seed) for line in told)


def background() -> list[Lemmas]:
    """5,000 posts of two corpora that have nothing to do with the seeds, and the other seeds."""
    texts: list[Lemmas] = []
    for name, (column, lang) in BACKGROUND.items():
        with gzip.open(SHARED / "data" / name, "rt", encoding="utf-8", newline="") as lines:
            texts += [lemmas(row[column], lang) for row in islice(csv.DictReader(lines), 2600)]
    seeds = sorted(path for path in SEED.parent.glob("00*.txt") if path != SEED)
    return texts + [lemmas(path.read_text(encoding="utf-8")) for path in seeds]


@pytest.mark.skipif(not (SHARED / "data" / "matching").exists(), reason="the background texts are not here")
def test_unrelated_texts_join_neither_the_seed_nor_each_other(seed: Lemmas) -> None:
    posts = list({post.text: post for post in [seed, *background()]}.values())
    assert len(posts) > 5000
    index: dict[int, list[int]] = defaultdict(list)
    pairs: list[tuple[int, int]] = []
    for number, post in enumerate(posts):
        shared = Counter(other for key in keys(post) for other in index[key])
        candidates = [other for other, count in shared.most_common(CANDIDATES) if count >= SHARED_KEYS]
        mine = content(post.text)
        pairs += [(other, number) for other in candidates if compare(mine, content(posts[other].text)) is not None]
        for key in keys(post):
            index[key].append(number)
    assert not [pair for pair in pairs if 0 in pair]
    # The corpora hold posts that answer or repeat each other; nothing else may be joined.
    assert len({number for _, number in pairs}) <= 30
