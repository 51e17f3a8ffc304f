"""A complaint that is told at length is a complaint: longer texts than any example are judged by their evidence."""

from __future__ import annotations

import pytest

from monitor.models import Brand, Post
from monitor.understanding.judge import Judge
from monitor.understanding.resemblance import USUAL

TALE = (
    "Расскажу по порядку, как всё было. В сентябре мы поставили Тестокассу на две точки, завели товары и остатки. "
    "Первую неделю всё работало, потом начались странности: остатки расходились с тем, что лежит на полках, отчёты не "
    "сходились с деньгами в ящике. Мы писали в поддержку, нам отвечали через сутки, просили прислать снимки экрана, "
    "потом просили прислать их ещё раз. Дважды обещали перезвонить и не перезвонили. Программист приезжал, смотрел, "
    "пожимал плечами и уезжал. В октябре программа перестала пробивать чеки в субботу вечером, когда самая выручка, и "
    "простояла до понедельника. Людей пришлось отправлять в соседний магазин. "
)
ENGLISH = (
    "I want to tell the whole story because it took two months. In September we ordered four tills from Testokassa for "
    "our small shop. The first delivery date came and went without a word, and the tracking page showed nothing. I "
    "called, waited forty minutes, and was told that the order had been split into two parts. The first part came with "
    "the wrong plugs. The second part did not come at all. We sent the wrong ones back and paid for the courier. Every "
    "time I phoned somebody new answered and I told the story again from the beginning. Three weeks have gone by. "
)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge([Brand(name="Тестокасса", aliases=("Testokassa",))])


@pytest.mark.parametrize(
    ("text", "case"),
    [
        (f"{TALE}На следующей неделе подаём на Тестокассу в суд и пишем жалобу в Роспотребнадзор.", "legal_threat"),
        (f"{TALE}А вчера менеджер Тестокассы наорала на меня, обозвала идиотом и бросила трубку.", "rude_staff"),
        (f"{TALE}А вчера их аппаратом кассира ударило током, её увезли на скорой с ожогом.", "health_safety"),
        (f"{ENGLISH}I have filed a claim with the small claims court against Testokassa.", "legal_threat"),
        (f"{ENGLISH}Yesterday their agent yelled at me, called me an idiot and hung up.", "rude_staff"),
    ],
)
def test_what_stands_at_the_end_of_a_long_complaint_counts(judge: Judge, text: str, case: str) -> None:
    assert len(text) > USUAL
    (mention,) = judge.judge([Post(text=text)])[0].mentions
    assert case in {found.name for found in mention.special_cases}
    assert not mention.doubtful


@pytest.mark.parametrize("text", [TALE, ENGLISH])
def test_a_long_complaint_is_no_article(judge: Judge, text: str) -> None:
    assert len(text) > USUAL
    (mention,) = judge.judge([Post(text=text)])[0].mentions
    assert "article_about" not in {found.name for found in mention.special_cases}
    assert not mention.doubtful
