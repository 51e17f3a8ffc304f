"""The four texts that the project was created from, as posts of today: found, judged, and nobody is woken for them.

They are read from the folder beside the repository and never copied; texts that stand here are ours.
"""

from __future__ import annotations

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from monitor.alerting.routes import CompiledRoute
from monitor.flows.deliver import deliver
from monitor.models import Author, Brand, Post, PostType, Receiver, Target
from monitor.query import parse
from monitor.understanding.reading import read_text
from monitor.worker import WorkerPool
from tests.flows.world import SUPPORT, FakeWorker, World, begin, play
from tests.site import running_site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.models import Judgement

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"
pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason=f"the seed texts are not there: {SEEDS}")

NAMED = {
    "000": {"Bay.ru", "Молоток.ру", "МойСклад"},
    "001": {"Свалка", "дЕбошь"},
    "002": {
        *("Brand24", "TrustPilot", "ReviewTrackers", "Birdeye"),
        *("Bazaarvoice", "BrightLocal", "Google Alerts", "Dell"),
    },
    "003": set[str](),
}
BRANDS = sorted(set[str]().union(*NAMED.values()))
FIRMS_OWN = {"own_voice", "article_about"}
"""The special cases that say that no customer speaks."""

COMPLAINT = "МойСклад опять лежит, касса не пробивает чеки, поддержка молчит третий час, ужас"
TOLD_ANEW = (
    "Если человек приехал в «Свалку» с вещами и по каким-то причинам не получил премию, основатели сервиса сами едут к "
    "нему: вручают премию, общаются и рассказывают, что делают, чтобы подобная ситуация не повторялась. После звонка "
    "или приятного жеста недовольный клиент становится лояльным, не распространяет негативные отзывы, а рассказывает, "
    "как бренд помог решить проблему"
)
UNRELATED = (
    "«Свалка» ищет второго водителя на грузовик: график два через два, стаж от трёх лет, категория C, рация и форма за "
    "счёт фирмы, гараж возле метро, первая смена с наставником, собеседование по средам, анкету и права берите с собой"
)
AUTHORS = {"retold": "svalka_team"}
CHROME = ("Раньше", "Написать", "Задать", "Хотите", "Справка", "Новости", "Автор", "Источник", "<p>", "Начать")
"""How the lines begin that the pages put around the texts."""


def seed(number: str) -> str:
    (path,) = SEEDS.glob(f"{number}_*.txt")
    return path.read_text(encoding="utf-8")


def retold() -> dict[str, str]:
    """The longer paragraphs of 001 as a machine would spin them: sentences backwards, each seventh word left out."""
    paragraphs = [line for line in seed("001").splitlines() if len(line.split()) > 40]
    spun = {}
    for number, paragraph in enumerate(paragraphs):
        words = " ".join(reversed(re.split(r"(?<=[.!?]) ", paragraph.strip(" •")))).split()
        kept = " ".join(word for at, word in enumerate(words) if at % 7)
        spun[f"spun-{number}"] = f"{kept} («Свалка»)"
    return spun


def apologies() -> dict[str, str]:
    """What 003 tells firms to answer, as answers of a firm."""
    said = re.findall(r"Например: (.+)", seed("003"))
    return {f"sorry-{number}": f"{answer} Команда МойСклад" for number, answer in enumerate(said)}


def ours() -> dict[str, str]:
    """Texts of our own, each with one of the traps."""
    return {
        "complaint": COMPLAINT,
        "declined": "В Свалке ужас, у Молотка.ру и МойСклада не лучше, а о дЕбоше и говорить нечего",
        "ordinary": "Ходил на свалку, выбросил диван, а молоток и мой склад инструментов оставил",
        "spaced": "Заказал на Bay. ru чайник, обманули, чайник разбитый, ужас",
        "spelt": "Отзывы на Трастпайлоте и на Trustpilot",
        "spanish": "Погода вчера была хорошая, мы гуляли в парке.\n\nVoy a demandar a Bazaarvoice en los tribunales.",
        "framed": f"{seed('003')}\nCopyright © 2021 Свалка\nПодписывайтесь на нас в Молоток.ру\nПоделиться в МойСклад",
        "framed-too": f"{seed('000')}\nCopyright © 2021 Dell\nСледующая страница",
        "advice": f"Как отвечают в МойСклад и в Dell\n\n{seed('003')}",
        "retold": "Гостья написала, что оператор Свалки нахамил ей. Мы подняли запись разговора, грубости в ней нет",
        "rude": "Оператор Свалки нахамил мне по телефону и бросил трубку, ужас",
        "sad": "Трекер посылок от МойСклад ищет их веков)) уже пять",
    }


@dataclass(frozen=True)
class Day:
    """What is on record after a day: mentions by post and brand, posts by name, what was alerted and delivered."""

    mentions: dict[tuple[str, str], dict[str, Any]]
    posts: dict[str, dict[str, Any]]
    alerted: list[tuple[str, str]]
    delivered: list[str]
    messages: int

    def named(self, name: str) -> set[str]:
        return {brand for post, brand in self.mentions if post == name}

    def of(self, name: str) -> list[dict[str, Any]]:
        return [mention for (post, _), mention in self.mentions.items() if post == name]


class RealWorker(FakeWorker):
    """Judges in a real worker process; what a page shows is handed over as it is."""

    def __init__(self, pool: WorkerPool) -> None:
        self.pool = pool

    async def judge(self, posts: Sequence[Post], *, site_weight: float | None) -> list[Judgement | None]:
        return await self.pool.judge(posts, site_weight=site_weight)


def as_post(name: str, text: str, *, published: datetime) -> Post:
    kind = PostType.ARTICLE if name in NAMED or name == "old" else PostType.POST
    url, author = f"https://forum.example/{name}", Author(name=AUTHORS.get(name))
    return Post(native_id=name, url=url, text=text, type=kind, published=published, author=author)


def cases(mention: dict[str, Any]) -> set[str]:
    return {case["name"] for case in mention["special_cases"]}


def reasons(mention: dict[str, Any]) -> set[str]:
    return {why["code"] for why in mention["why"]}


async def published(world: World, texts: dict[str, str], *, at: datetime | None = None) -> None:
    """These texts stand on the page at the next poll, as published just now."""
    moment = at or world.clock.moment - timedelta(minutes=5)
    world.web.shows(*(as_post(name, text, published=moment) for name, text in texts.items()))
    report = await world.poll()
    assert (report.error, report.new) == (None, len(texts))


async def live(world: World, port: int) -> Day:
    """A first visit to an empty site, then all the texts, then everything that is due is sent."""
    own = {"Свалка": (AUTHORS["retold"],)}
    brands = [Brand(name=name, own_accounts=own.get(name, ())) for name in BRANDS]
    pool = WorkerPool(brands, workers=1)
    try:
        world.worker = RealWorker(pool)
        await begin(world)
        await published(world, {number: seed(number) for number in NAMED})
        await published(world, {**retold(), "told-anew": TOLD_ANEW, "unrelated": UNRELATED})
        await published(world, {**apologies(), **ours()})
        (written,) = re.findall(r"\d\d\.\d\d\.\d{4}", seed("001"))
        then = datetime.strptime(written, "%d.%m.%Y").replace(tzinfo=UTC)
        await published(world, {"old": seed("001"), "old-complaint": COMPLAINT}, at=then)
    finally:
        await asyncio.to_thread(pool.close)
    await send(world, port)
    return on_record(world)


async def send(world: World, port: int) -> None:
    target = Target(key="mail", url=f"json://127.0.0.1:{port}/")
    plan = replace(world.plan, receivers={SUPPORT.name: Receiver(name=SUPPORT.name, targets=(target,))})
    world.clock.moment += timedelta(hours=1)
    now = world.clock.moment
    with ThreadPoolExecutor(1) as senders:
        while claimed := await world.writer.run(lambda store: store.claim_messages(now, 100)):
            for message in claimed:
                await deliver(message, ports=world.ports, plan=plan, senders=senders)


def on_record(world: World) -> Day:
    rows = world.rows(
        "SELECT posts.url, posts.text, mentions.* FROM mentions JOIN posts ON posts.id = post_id ORDER BY mentions.id"
    )
    mentions: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        read = {key: json.loads(str(row[key])) for key in ("why", "spans", "special_cases")}
        mentions[str(row["url"]).rpartition("/")[2], str(row["brand"])] = {**row, **read}
    by_id = {mention["id"]: key for key, mention in mentions.items()}
    posts = {str(row["url"]).rpartition("/")[2]: row for row in world.rows("SELECT * FROM posts")}
    alerts = world.rows("SELECT mention_id FROM alerts ORDER BY id")
    sent = world.rows("SELECT state FROM deliveries")
    told, states = [by_id[row["mention_id"]] for row in alerts], [str(row["state"]) for row in sent]
    return Day(mentions, posts, told, states, len(world.rows("SELECT 1 FROM messages")))


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    days: list[Day] = []
    with running_site() as site:

        async def story(world: World) -> None:
            world.routes = tuple(CompiledRoute(parse(query), SUPPORT) for query in ("sentiment:negative", "*"))
            days.append(await live(world, site.port))

        play(tmp_path_factory.mktemp("seeds"), story)
        # A day's alerts at once are more than a target gets one by one.
        assert len(site.hooks) == days[0].messages
    return days[0]


# ── found, and nobody woken ──


@pytest.mark.parametrize(("number", "brands"), NAMED.items())
def test_the_brands_of_each_seed_are_found_and_no_other(day: Day, number: str, brands: set[str]) -> None:
    assert day.named(number) == brands
    for mention in day.of(number):
        text = str(mention["text"])
        assert all(text[span["start"] : span["end"]] == span["text"] for span in mention["spans"])


def test_no_seed_causes_an_alert_and_a_complaint_beside_them_does(day: Day) -> None:
    assert not [key for key in day.alerted if key[0] in NAMED]
    assert ("complaint", "МойСклад") in day.alerted
    assert set(day.delivered) == {"sent"}
    for number in NAMED:
        for mention in day.of(number):
            assert mention["doubtful"], (number, mention["brand"])
            assert str(mention["decision"]).startswith("recorded only: doubtful")


# ── the traps ──


def test_T1_each_spun_paragraph_joins_the_story_of_its_article(day: Day) -> None:
    story = day.posts["001"]["story_id"]
    assert story is not None
    assert {name: day.posts[name]["story_id"] for name in retold()} == dict.fromkeys(retold(), story)


def test_T1_a_paragraph_in_other_words_joins_and_what_is_unrelated_does_not(day: Day) -> None:
    assert day.posts["told-anew"]["story_id"] == day.posts["001"]["story_id"] is not None
    assert day.posts["unrelated"]["story_id"] is None
    assert day.posts["001"]["story_id"] not in {day.posts[number]["story_id"] for number in ("000", "002")}


def test_T2_a_spanish_sentence_is_read_as_spanish_inside_a_russian_post(day: Day) -> None:
    text = seed("002")
    (line,) = [line.strip() for line in text.splitlines() if re.match(r"\s+[A-Z]", line)]
    reading = read_text(text, field="text", lang="ru")
    spanish = [text[sentence.start : sentence.end] for sentence in reading.sentences if sentence.lang == "es"]
    assert spanish == [line]
    assert day.posts["002"]["lang"] == "ru"
    (threat,) = [case for case in day.mentions["spanish", "Bazaarvoice"]["special_cases"] if case["level"] == "high"]
    assert (threat["name"], threat["rule"].partition(":")[0]) == ("legal_threat", "es")


def test_T3_ordinary_words_are_doubtful_where_nothing_speaks_for_the_brand(day: Day) -> None:
    assert not [key for key in day.alerted if key[0] == "ordinary"]
    assert all(mention["doubtful"] for mention in day.of("ordinary"))
    assert "quoted" in reasons(day.mentions["001", "Свалка"])
    assert [span["text"] for span in day.mentions["001", "дЕбошь"]["spans"]] == ["дЕбошь"]


def test_T4_declined_names_are_found(day: Day) -> None:
    found = {
        brand: mention["spans"][0]["text"] for (name, brand), mention in day.mentions.items() if name == "declined"
    }
    assert found == {"Свалка": "Свалке", "Молоток.ру": "Молотка.ру", "МойСклад": "МойСклада", "дЕбошь": "дЕбоше"}


def test_T5_a_spaced_domain_is_the_brand(day: Day) -> None:
    assert [span["text"] for span in day.mentions["000", "Bay.ru"]["spans"]] == ["Bay. ru", "Bay.ru"]
    assert ("spaced", "Bay.ru") in day.alerted


def test_T6_any_spelling_of_a_fused_name_is_the_brand(day: Day) -> None:
    assert [span["text"] for span in day.mentions["002", "TrustPilot"]["spans"]] == ["TrustPilot"]
    assert [span["text"] for span in day.mentions["spelt", "TrustPilot"]["spans"]] == ["Трастпайлоте", "Trustpilot"]


def test_T7_advice_full_of_bad_words_is_an_article_and_says_nothing_bad_of_its_examples(day: Day) -> None:
    assert day.named("advice") == {"МойСклад", "Dell"}
    for mention in (*day.of("002"), *day.of("advice")):
        assert "article_about" in cases(mention), mention["brand"]
        assert mention["sentiment"] == "neutral", mention["brand"]
        assert mention["doubtful"]


@pytest.mark.parametrize("number", ["000", "001"])
def test_T8_a_firm_that_speaks_of_itself_is_heard(day: Day, number: str) -> None:
    for brand in NAMED[number]:
        mention = day.mentions[number, brand]
        assert "own-voice" in reasons(mention) or "own_voice" in cases(mention), brand


def test_T8_apologies_are_a_firms_words(day: Day) -> None:
    assert len(apologies()) == 3
    for name in apologies():
        (mention,) = day.of(name)
        assert "own_voice" in cases(mention), name
        assert mention["doubtful"]
        assert (name, "МойСклад") not in day.alerted


def test_T9_a_complaint_that_a_firm_retells_is_none(day: Day) -> None:
    assert "нахамил ей" in seed("001")
    for mention in day.of("001"):
        assert "rude_staff" not in cases(mention)
        assert mention["sentiment"] == "neutral"
    # By an account that is not known to be the firm's it may well be a customer's: docs/judgement.md.
    assert "own-voice" in reasons(day.mentions["retold", "Свалка"])
    assert ("retold", "Свалка") not in day.alerted
    assert "rude_staff" in cases(day.mentions["rude", "Свалка"])
    assert ("rude", "Свалка") in day.alerted


def test_T10_of_three_speakers_none_is_taken_for_a_customer(day: Day) -> None:
    for mention in day.of("000"):
        assert cases(mention) <= FIRMS_OWN, mention["brand"]
        assert mention["sentiment"] == "neutral"
        assert "part" in reasons(mention)


def test_T11_a_name_that_stands_only_in_chrome_is_no_mention(day: Day) -> None:
    assert day.named("framed") == set()
    assert day.named("framed-too") == NAMED["000"]


def test_T11_no_line_of_chrome_is_evidence(day: Day) -> None:
    seen = 0
    for number in NAMED:
        text, start = seed(number), 0
        places: list[tuple[int, int]] = []
        for line in text.splitlines(keepends=True):
            if line.startswith(CHROME):
                places.append((start, start + len(line)))
            start += len(line)
        seen += len(places)
        for mention in day.of(number):
            said = [why for why in mention["why"] if why.get("field") == "text" and why.get("start") is not None]
            assert not [why for why in said for first, last in places if first <= why["start"] and why["end"] <= last]
    assert seen >= 10


def test_T12_slips_of_a_machine_translation_break_nothing(day: Day) -> None:
    for mention in (*day.of("001"), *day.of("002")):
        assert mention["sentiment"] == "neutral"
        assert cases(mention).isdisjoint({"rude_staff", "legal_threat", "health_safety", "fraud_leak", "churn"})
        assert mention["priority"] < 20


def test_T13_an_emoticon_that_is_glued_to_a_word_is_neither_part_of_it_nor_an_end(day: Day) -> None:
    reading = read_text(seed("001"), field="text", lang="ru")
    (at,) = [at for at, token in enumerate(reading.tokens) if token.text == "веков"]
    here, emoticon, after = reading.tokens[at : at + 3]
    assert (emoticon.text, emoticon.kind) == ("))", "emoji")
    assert here.sentence == after.sentence
    assert "век" in here.lemmas
    assert day.named("sad") == {"МойСклад"}


def test_T14_a_line_of_ten_thousand_characters_is_judged_by_the_sentences_around_the_name(day: Day) -> None:
    assert max(len(line.encode()) for line in seed("002").splitlines()) > 10_000
    for mention in day.of("002"):
        assert "part" in reasons(mention), mention["brand"]
    assert len({(mention["negative"], mention["neutral"]) for mention in day.of("002")}) > 3


def test_T15_an_article_of_2016_that_is_found_today_is_history(day: Day) -> None:
    assert not [key for key in day.alerted if key[0].startswith("old")]
    assert {mention["brand"] for mention in day.of("old")} == NAMED["001"]
    for mention in (*day.of("old"), *day.of("old-complaint")):
        (said,) = [why["text"] for why in mention["why"] if why["code"] == "silent"]
        assert "published 2016-11-06, long ago" in said
        assert mention["decision"] == "recorded silently: published 2016-11-06, long ago"
