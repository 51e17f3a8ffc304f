"""What a digest looks like: as text that reads well alone, as a mail of 600 points, whatever posts say."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from monitor.alerting.catalogue import CATALOGUES
from monitor.alerting.digest_text import digest_body, digest_html, digest_title
from monitor.alerting.styles import style_of
from tests.alerting.digests import HOSTILE, digest, told

MAIL = style_of("mailto://x")
RU, EN = CATALOGUES["ru"], CATALOGUES["en"]
VOID = {"meta", "img", "br"}


class Tags(HTMLParser):
    """All elements with their attributes; what is opened is closed, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def body(room: int = 30_000, url: str = "mailto://x", **figures: object) -> str:
    return digest_body(digest(**figures), style=style_of(url), words=RU, room=room)


def test_the_subject_says_how_often_which_and_how_much() -> None:
    assert digest_title(digest(), RU) == "Сводка за день · morning · упоминаний: 42, негативных: 5"
    assert digest_title(digest(), EN) == "Daily digest · morning · mentions: 42, negative: 5"


def test_the_text_tells_all_of_it_in_the_time_of_its_zone() -> None:
    text = body()
    lines = text.split("\n")
    assert lines[0] == "2026-11-21 09:00 – 2026-11-22 09:00 (Europe/Moscow)"
    assert "Упоминания: 42 (до этого: 30)" in lines
    assert "Негативные: 5 (до этого: 7)" in lines
    assert "Средняя оценка: 4.1 (оценок: 12, до этого: 4.3)" in lines
    assert "Доля упоминаний: Тестомаркет 67 % (42), Ромашка (конкурент) 33 % (21)" in lines
    assert "- Обращение 12 · Тестомаркет · грубость сотрудников · пока никто · просрочено с 2026-11-21 18:00" in lines
    assert (
        "- Обращение 14 · Тестомаркет · требует вернуть деньги или возместить ущерб · Анна · срок 2026-11-22 15:00"
        in lines
    )
    assert "Оповещения: отправлено 12, ждут 0, заглушено 2, не доставлено 0" in lines
    assert "Не охвачено за это время: 3: habr 21.11 13:00 – 21.11 15:30, и ещё 2" in lines
    assert "   monitor story 5" in lines
    assert "   monitor why 2" in lines
    assert lines[-1] == "monitor-digest: 7"


def test_nothing_to_compare_with_no_ratings_and_one_brand_are_left_out() -> None:
    text = body(before=None, mean=None, ratings=0, voices=[{"brand": "А", "mentions": 42, "competitor": False}])
    assert "до этого" not in text
    assert "оценка" not in text
    assert "Доля" not in text


def test_a_digest_without_news_says_so_and_what_else_there_is() -> None:
    quiet = {"mentions": 0, "negative": 0, "late": 0, "stories": [], "top": [], "found_late": [], "voices": []}
    empty = {"hourly": False, "values": [0] * 14, "negative": [0] * 14, "ends": digest().figures["chart"]["ends"]}  # type: ignore[index, call-overload]
    view = digest(**quiet, chart={**empty, "marked": []})
    text = digest_body(view, style=MAIL, words=RU, room=30_000)
    assert "За это время ничего нового." in text
    assert "Открытых обращений: 5" in text
    page, images = digest_html(view, words=RU)
    assert "За это время ничего нового." in page
    assert (images, "<img" in page) == ((), False)


@pytest.mark.parametrize("room", [200, 500, 950, 1_900, 3_000])
@pytest.mark.parametrize("url", ["mailto://x", "discord://x", "slack://x", "ntfy://x"])
def test_it_keeps_to_its_room_with_whole_lines_and_the_figures_first(room: int, url: str) -> None:
    whole = set(body(100_000, url).split("\n"))
    text = body(room, url)
    assert len(text) <= room
    assert "Упоминания: 42 (до этого: 30)" in text
    shortened = {line for line in text.split("\n") if line not in whole}
    assert all(line.startswith("Доля упоминаний") for line in shortened)  # fewer brands


def test_more_room_tells_more_posts() -> None:
    counts = [body(room).count("monitor why") for room in (900, 2_000, 30_000)]
    assert counts == sorted(counts)
    assert counts[-1] == 3


def test_a_chat_is_not_pinged_or_formatted_by_what_posts_say() -> None:
    text = body(url="discord://x")
    assert "@here" not in text
    assert "@\u2060here" in text
    assert style_of("discord://x").escape(HOSTILE) in text


def test_a_post_that_is_gone_is_told_no_more() -> None:
    view = digest(posts=[told(3, text="Остался один")], owners={"14": "Анна"})
    for said in (digest_body(view, style=MAIL, words=RU, room=30_000), digest_html(view, words=RU)[0]):
        assert "Остался один" in said
        assert "Что известно" not in said
        assert "monitor why 2" not in said
        assert "Обращение 14" in said
        assert "Обращение 12" not in said


def test_the_mail_is_sound_and_loads_nothing_from_elsewhere() -> None:
    page, images = digest_html(digest(), words=RU, base_url="https://monitor.example/")
    tags = Tags(page)
    assert [(image.name, image.mime, image.data[:4]) for image in images] == [
        ("digest-chart.png", "image/png", b"\x89PNG")
    ]
    names = {tag for tag, _ in tags.found}
    assert names.isdisjoint({"script", "link", "style", "iframe", "form", "object"})
    assert [attributes["src"] for tag, attributes in tags.found if tag == "img"] == ["cid:digest-chart.png"]
    assert "url(" not in page
    linked = [attributes["href"] for tag, attributes in tags.found if tag == "a"]
    assert linked == [
        "https://forum.example/1",
        "https://forum.example/2",  # and none that runs a program
        "https://forum.example/4",
        *(f"https://monitor.example/cases/{number}" for number in (12, 14, 15)),
    ]


def test_content_of_posts_is_text_in_the_mail() -> None:
    page, _ = digest_html(digest(), words=RU)
    assert "<script>" not in page
    assert HOSTILE in Tags(page).text


def test_colours_stand_beside_their_ground_and_the_width_is_that_of_a_mail() -> None:
    page, _ = digest_html(digest(), words=RU)
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "max-width:600px" in page
    assert 'width="560"' in page
    assert not re.search(r"width:(?!100%|4px)\d{4,}px", page)
    grounds = re.findall(r"background-color:(#\w{6})", page)
    assert {"#f3f5f8", "#ffffff"} <= set(grounds)


def test_the_chart_is_told_in_words_where_images_are_not_shown() -> None:
    page, _ = digest_html(digest(), words=EN)
    alternative = next(attributes["alt"] for tag, attributes in Tags(page).found if tag == "img")
    assert alternative is not None
    assert alternative.endswith("21 Nov: 13, 22 Nov: 42")


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_every_language_can_say_it(language: str) -> None:
    words = CATALOGUES[language]
    for cadence in ("hourly", "daily", "weekly"):
        assert words[f"digest-{cadence}"]
    text = digest_body(digest(), style=MAIL, words=words, room=30_000)
    page, _ = digest_html(digest(), words=words)
    assert "{" not in text
    assert "{" not in Tags(page).text
