"""What a judgement says, and what history adds to it: a month of talk, seen through the commands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.inprocess import run_command

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime.now(UTC)
CONFIG = """
contact: watch@shop.test
sentiment: fast
brands:
  - name: Тестомаркет
    known_issues: {посуда: [осколок, "разбитая посуда"]}
    people: ["Полина Ветрова"]
    own: {accounts: [testomarket_help]}
  - {name: Торгуша, competitor: true}
  - {name: Восток, context: [banks]}
sources:
  - {name: news, kind: feed, url: "https://news.test/feed"}
"""
TALE = (
    "В Тестомаркете ужасно: курьер привёз разбитую посуду, отказался составить акт, бросил коробку под дверью "
    "подъезда, оператор горячей линии полчаса переключал звонок между отделами, потом попросил прислать фотографии "
    "осколков, заявку закрыли без объяснений, деньги за сервиз до сих пор удерживают"
)
REWRITTEN = (
    "Опять Тестомаркет ужасен. Привезённая курьером посуда разбита, составлять акт он отказался и бросил коробку у "
    "подъезда под дверью. На горячей линии оператор полчаса переключал мой звонок между отделами, прислать "
    "фотографии осколков попросил только потом. Заявку закрыли, ничего не объяснили, деньги за сервиз удерживают"
)


def post(
    number: int, text: str, *, by: str | None, at: str = "forum", days: float, **more: object
) -> dict[str, object]:
    published = (NOW - timedelta(days=days)).isoformat()
    return {"native_id": f"n{number}", "source": at, "text": text, "author": by, "published": published, **more}


POSTS = [
    post(1, TALE, by="Марина", days=3, thread="t1"),
    post(2, f"{TALE}!", by="Борис", at="reviews", days=2, rating=1, type="review"),
    post(3, REWRITTEN, by="Вера", at="blog", days=0.5),
    post(4, "+1, у меня так же", by="Олег", days=2.9, thread="t1", parent="n1", type="comment"),
    post(5, "У меня то же самое", by="Нина", days=2.8, thread="t1", parent="n1", type="comment"),
    post(
        6,
        "Неправда, у мене все чітко, завжди привозили цілим",
        by="Яків",
        days=2.7,
        thread="t1",
        parent="n1",
        type="comment",
    ),
    post(10, "Тестомаркет обманул меня со скидкой, ужасный магазин", by="zlo_kupec77", days=9, thread="t2"),
    post(11, "Кошмар, Тестомаркет снова обманул, ужасно", by="zlo_kupec77", at="blog", days=8, thread="t3"),
    post(12, "Торгуша молодцы, привезли вовремя, спасибо им", by="zlo_kupec77", at="blog", days=7),
    post(13, "Полина Ветрова ужасна, магазин отвратительный", by="zlo_kupec77", at="staff", days=6, thread="t4"),
    post(14, "Торгуша, где мой заказ?", by="kupec_mark_7", days=6, author_url="https://forum.test/u/7"),
    post(15, "Торгуша так и молчит", by="kupec_mark_7", at="blog", days=5),
    post(20, "Тестомаркет приятно удивил", by="Анна", days=5, url="https://news.test/1", followers=900000, likes=4000),
    post(21, "Тестомаркет приятно удивил", by="Инна", days=40, url="https://little.test/1"),
    post(30, "Тестомаркет ужасный. Торгуша молодцы, всё отлично, спасибо им", by="qwe_1742", days=4),
    post(31, "Тестомаркет: верните скидку, и я уберу свой отзыв", by="Глеб", days=4),
    post(32, "Стоматология Восток: врач удалил не тот зуб", by="Зоя", days=4),
    post(33, "Банк Восток опять поднял комиссию за перевод с карты", by="Лев", days=4),
    post(40, "Тестомаркет, расскажу об этом всем блогерам и на телевидение, пусть все узнают", by="Ян", days=4),
    post(41, "Менеджер Тестомаркета наорала на меня и обозвала дурой", by="Рита", days=4),
    post(42, "Тестомаркет, пожалуйста, ответьте: не вернёте деньги за заказ, подам на вас в суд", by="Рим", days=4),
    post(43, "Я ваш постоянный клиент уже 10 лет, Тестомаркет, и такое отношение", by="Эмма", days=4),
    post(50, "Тестомаркет открылся у нас во дворе", by="Сергей", days=4),
    post(51, "Во дворе опять нет света", by="Сергей", days=3),
    post(44, "Тестомаркет разочаровал, ужасное качество", by="Ада", days=4, rating=1, type="review"),
]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judgement")
    (folder / "sources.yaml").write_text(CONFIG, encoding="utf-8")
    lines = (json.dumps(one, ensure_ascii=False) for one in POSTS)
    (folder / "posts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    done = run_command(folder, "import", "posts.jsonl", "--json")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert json.loads(done.stdout.splitlines()[-1])["new"] == len(POSTS)
    return folder


def lines(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    done = run_command(folder, *arguments, "--json")
    assert done.returncode == 0, (done.stdout, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def text(folder: Path, *arguments: str, code: int = 0) -> str:
    done = run_command(folder, *arguments, environ={"COLUMNS": "160"})
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout + done.stderr


def mention(folder: Path, number: int, brand: str = "Тестомаркет") -> dict[str, Any]:
    """The mention of a brand in one of POSTS, as `why` explains it."""
    listed = lines(folder, "mentions", "--limit", "100")
    named = {(one["post"]["native_id"], one["brand"]): one["id"] for one in listed}
    (found,) = lines(folder, "why", str(named[f"n{number}", brand]))
    return found


def cases(found: dict[str, Any]) -> set[str]:
    return {case["name"] for case in found["special_cases"]}


def reasons(found: dict[str, Any], code: str) -> list[str]:
    return [why["text"] for why in found["why"] if why["code"] == code]


# ── stories ──


def test_R12_people_who_tell_the_same_are_counted_and_raise_it(history: Path) -> None:
    (told,) = lines(history, "stories", "--brand", "тестомаркет")
    assert (told["posts"], told["authors"], told["sources"], told["negatives"]) == (3, 3, 3, 3)
    (authors,) = reasons(mention(history, 3), "priority-authors")
    assert authors == "told as something bad by 3 authors in 7 days"
    assert reasons(mention(history, 10), "priority-authors") == ["told by 1 author"]


def test_R13_what_meets_a_known_issue_says_so_and_is_found_by_it(history: Path) -> None:
    found = mention(history, 2)
    (case,) = [case for case in found["special_cases"] if case["name"] == "known_issue"]
    assert case["rule"] == "history:known-issue:посуда"
    assert found["post"]["text"][case["start"] : case["end"]] in ("осколков", "разбитую посуду")
    attached = lines(history, "search", "case:known_issue")
    assert {one["post"]["native_id"] for one in attached} == {"n1", "n2", "n3"}


def test_R14_those_who_say_the_same_count_and_those_who_say_otherwise_are_subtracted(history: Path) -> None:
    found = mention(history, 1)
    assert reasons(found, "confirmed-by-others") == ["2 other people confirmed it in answers, 1 said otherwise"]
    assert "confirmed_by_others" not in cases(mention(history, 2))


def test_R15_a_copy_and_a_rewriting_are_told_from_each_other_with_where_it_began(history: Path) -> None:
    (listed,) = lines(history, "stories")
    (told,) = lines(history, "story", str(listed["id"]))
    assert (told["origin_author"], told["origin_source"]) == ("Марина", "forum")
    kinds = [(one["source"], one["kind"]) for one in told["members"]]
    assert kinds[:2] == [("forum", "origin"), ("reviews", "repost")]
    assert kinds[2][1] in ("near_duplicate", "rewritten", "spun")
    assert sum(told["kinds"].values()) == told["posts"] == 3
    shown = text(history, "story", str(listed["id"]))
    assert "told first by Марина at forum" in shown
    assert "by 3 authors at 3 sources, 3 of them negative" in shown
    assert "no story 99" in text(history, "story", "99", code=1)


def test_R16_how_fast_it_spreads_is_said(history: Path) -> None:
    (listed,) = lines(history, "stories")
    (told,) = lines(history, "story", str(listed["id"]))
    assert told["posts_an_hour"] == 0.04  # one in the last day
    assert told["first_at"] < told["last_at"]
    (spread,) = reasons(mention(history, 2), "spread")
    assert "1 post told this, by 1 author at 1 source" in spread


def test_unrelated_posts_are_in_no_story(history: Path) -> None:
    (listed,) = lines(history, "stories")
    (told,) = lines(history, "story", str(listed["id"]))
    assert {one["author"] for one in told["members"]} == {"Марина", "Борис", "Вера"}
    assert "no two posts tell the same of Торгуша" in text(history, "stories", "--brand", "Торгуша", code=1)


# ── authors ──


def test_R20_the_dossier_shows_posts_about_us_and_others_negatives_places_and_times(history: Path) -> None:
    (told,) = lines(history, "author", "zlo_kupec77")
    assert told["about_us"] == {"name": "Тестомаркет", "posts": 3, "negative": 3, "share": 1.0}
    assert [(one["name"], one["posts"], one["negative"]) for one in told["about_others"]] == [("Торгуша", 1, 0)]
    assert {one["name"]: one["posts"] for one in told["places"]} == {"blog": 2, "forum": 1, "staff": 1}
    assert (told["posts"], told["recent_negative"], told["threads"]) == (4, 3, 3)
    assert (told["first_seen"], told["last_seen"]) == (told["mentions"][-1]["at"], told["mentions"][0]["at"])
    assert [one["negative"] for one in told["mentions"]] == [True, False, True, True]
    shown = text(history, "author", "zlo_kupec77")
    assert "3 negative posts about Тестомаркет in the last 30 days" in shown
    by_mention = mention(history, 11)["id"]
    assert lines(history, "author", "--mention", str(by_mention)) == [told]
    (seen,) = lines(history, "author", "zlo_kupec77", "--brand", "Торгуша")
    assert (seen["about_us"]["name"], seen["about_us"]["negative"], seen["recent_negative"]) == ("Торгуша", 0, 0)


def test_an_address_of_a_profile_leads_to_the_handle_and_its_posts_elsewhere(history: Path) -> None:
    (told,) = lines(history, "author", "https://www.forum.test/u/7/")
    assert (told["names"], told["posts"]) == (["kupec_mark_7"], 2)
    assert {one["name"] for one in told["places"]} == {"forum", "blog"}
    assert told["about_us"]["name"] == "Торгуша"  # nothing of ours was named


def test_a_source_limits_a_name_that_is_known_everywhere(history: Path) -> None:
    (told,) = lines(history, "author", "zlo_kupec77", "--source", "blog")
    assert {one["name"]: one["posts"] for one in told["places"]} == {"blog": 2}
    assert (told["posts"], told["recent_negative"], told["threads"]) == (2, 1, 1)
    assert {one["source"] for one in told["mentions"]} == {"blog"}
    shown = text(history, "author", "zlo_kupec77", "--source", "blog")
    assert "1 negative post about Тестомаркет" in shown
    assert "; in 1 thread\n" in shown
    assert "is stored at reviews" in text(history, "author", "zlo_kupec77", "--source", "reviews", code=1)


def test_posts_that_name_no_brand_are_told_apart(history: Path) -> None:
    shown = text(history, "author", "Сергей")
    assert shown.startswith("Сергей: 2 posts known, 1 names a brand, seen from ")
    assert "thread" not in shown
    silent = text(history, "author", "Олег", "--source", "forum").splitlines()
    assert len(silent) == 1
    assert silent[0].startswith("Олег: 1 post known, none names a brand, seen from ")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "--mention ID"),
        (("zlo_kupec77", "--mention", "1"), 2, "--mention ID"),
        (("--mention", "1", "--source", "blog"), 2, "--source goes with a name"),
        (("https://forum.test/u/7", "--source", "blog"), 2, "--source goes with a name"),
        (("Гость",), 1, "nobody in particular"),
        (("someone_else_55",), 1, "no post of this author"),
        (("https://forum.test/u/nobody",), 1, "no post of this author"),
        (("--mention", "999"), 1, "no mention 999"),
    ],
)
def test_an_author_who_cannot_be_shown(history: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    assert words in text(history, "author", *arguments, code=code)


def test_a_common_name_is_one_person_at_each_source(history: Path) -> None:
    (told,) = lines(history, "author", "Марина")
    assert (told["key"], told["posts"]) == ("forum/марина", 1)
    assert lines(history, "author", "марина", "--source", "forum") == [told]
    assert "no post of this author" in text(history, "author", "Марина", "--source", "blog", code=1)


def test_R21_one_who_complains_again_and_again_is_seen_as_one(history: Path) -> None:
    found = mention(history, 13)
    assert "serial_complainer" in cases(found)
    (said,) = reasons(found, "serial-complainer")
    assert "3 negative posts about Тестомаркет in 30 days" in said
    assert "serial_complainer" not in cases(mention(history, 10))


def test_R23_at_many_places_and_on_the_pages_of_our_people(history: Path) -> None:
    found = mention(history, 13)
    assert [span["text"] for span in found["spans"]] == ["Полина Ветрова"]
    (said,) = reasons(found, "serial-complainer")
    assert "at blog, forum, staff" in said


# ── influence ──


def test_R26_influence_is_told_in_parts_and_what_is_unknown_is_not_nothing(history: Path) -> None:
    loud, plain = mention(history, 20), mention(history, 21)
    assert any("900,000 followers" in said for said in reasons(loud, "influence"))
    assert any("4,000 likes" in said for said in reasons(loud, "influence"))
    assert reasons(plain, "influence") == ["neither the author's audience nor reactions are known"]
    assert loud["influence"] > 70 > plain["influence"] > 0


def test_R29_praise_that_reaches_far_is_found(history: Path) -> None:
    found = lines(history, "search", "sentiment:positive influence>=70")
    assert [one["post"]["native_id"] for one in found] == ["n20"]


# ── doubts ──


def test_R41_signs_of_a_made_up_review_are_listed_and_are_no_verdict(history: Path) -> None:
    found = mention(history, 30)
    (said,) = reasons(found, "fake-signals")
    assert "signs that it may be made up, which prove nothing" in said
    assert "it praises Торгуша" in said
    assert not found["doubtful"]
    assert found["id"] in [one["id"] for one in lines(history, "search", "case:fake_signals")]
    assert "fake_signals" not in cases(mention(history, 1))


def test_R42_whoever_wants_something_for_a_review_is_told_and_stays_visible(history: Path) -> None:
    found = mention(history, 31)
    (case,) = [case for case in found["special_cases"] if case["name"] == "fake_extortion"]
    assert found["post"]["text"][case["start"] : case["end"]] in found["post"]["text"]
    assert not found["doubtful"]


def test_R43_a_firm_of_the_same_name_in_another_sector_is_doubtful_and_kept(history: Path) -> None:
    other, ours = mention(history, 32, "Восток"), mention(history, 33, "Восток")
    assert (other["doubtful"], ours["doubtful"]) == (True, False)
    assert other["relevance"] < 0.5 < ours["relevance"]
    found = lines(history, "search", "brand:Восток doubtful:yes")
    assert [one["id"] for one in found] == [other["id"]]


def test_R44_what_a_complaint_leaves_out_is_told(history: Path) -> None:
    (said,) = reasons(mention(history, 10), "missing-details")
    assert said == "it does not say when, where, which order or who"
    assert "missing_details" not in cases(mention(history, 20))


# ── what is said ──


def test_R18_one_bad_review_is_for_today_and_no_crisis(history: Path) -> None:
    assert 50 <= mention(history, 44)["priority"] < 75


def test_R27_a_threat_to_make_it_public_is_seen(history: Path) -> None:
    assert "publicity_threat" in cases(mention(history, 40))


def test_R31_rude_staff_is_grave(history: Path) -> None:
    levels = {case["name"]: case["level"] for case in mention(history, 41)["special_cases"]}
    assert levels["rude_staff"] == "high"


def test_R35_a_legal_threat_is_never_low_however_politely_it_is_put(history: Path) -> None:
    found = mention(history, 42)
    assert "legal_threat" in cases(found)
    assert found["priority"] >= 60


def test_R39_a_customer_of_many_years_is_seen(history: Path) -> None:
    assert "vip" in cases(mention(history, 43))
