"""What a reply quotes is not what its author says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.models import Brand, Label, Post, PostType
from monitor.understanding.judge import Judge
from monitor.understanding.ownwords import SIGNATURE_LINES, own_words

REPLY = PostType.COMMENT
BRAND = "Рассвет24"


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge([Brand(name=BRAND, handles=("@rassvet24",))])


@pytest.mark.parametrize(
    "text",
    [
        "> Рассвет24 опять лежит\nУ меня всё работает",
        "Анна писала:\n> > Рассвет24 хорош\n> не согласен\nИ я не согласен",
        "Поддержка Рассвет24 написала:\n> проверьте почту\nПроверил, пусто",
        "On 3 Nov 2026 Rassvet <a@rassvet.example> wrote:\n> Рассвет24 ist toll\nNot for me",
        "Am 3.11. schrieb Kundendienst Рассвет24:\n> Guten Tag\nDas hilft nicht",
        "Спасибо, помогло\n--\nИван, Рассвет24\n+7 000",
        "Danke!\n____________________\nMein Konto: Рассвет24",
        "Thanks\n--\nIvan\n> Рассвет24 is down",
    ],
)
def test_R56_what_a_reply_quotes_or_is_signed_with_is_no_mention(judge: Judge, text: str) -> None:
    assert not judge.named(Post(text=text, type=REPLY))
    assert not judge.named(Post(text=text, type=PostType.EMAIL))
    assert judge.judge([Post(text=text, type=REPLY)])[0].mentions == ()


@pytest.mark.parametrize(
    "title",
    [
        "Re: Рассвет24 не работает",
        "RE[2]: Рассвет24",
        "Ответ: Рассвет24",
        "AW: Рассвет24 Störung",
        "Fwd: Рассвет24",
        "Форум поддержки • Re: Рассвет24",
        "Комментарий к записи Рассвет24 (Анна)",
        "Comment on Рассвет24 by Anna",
        "Kommentar zu Рассвет24 von Anna",
        "От: Рассвет24",
    ],
)
def test_R56_a_title_that_an_answer_repeats_is_no_mention(judge: Judge, title: str) -> None:
    assert not judge.named(Post(title=title, text="У меня так же", type=REPLY))
    assert judge.named(Post(title=title, text="У меня так же", type=PostType.ARTICLE))


@pytest.mark.parametrize(
    "post",
    [
        Post(text="> кто пробовал?\nЯ, Рассвет24 держится", type=REPLY),
        Post(title="Рассвет24 вчера", text="лежал", type=REPLY),
        Post(title="Reklame: Рассвет24", text="nervt", type=REPLY),
        Post(text="Рассвет24 >> всех остальных", type=REPLY),
        Post(text="Первое\n--\n" + "Рассвет24 снял деньги\n" * (SIGNATURE_LINES + 1), type=REPLY),
        Post(text="Вступление\n--\n" + "деньги списали " * 40 + "Рассвет24", type=REPLY),
        Post(text="> Рассвет24 отличный", type=PostType.ARTICLE),
        Post(text="> Рассвет24 отличный\nНет", type=PostType.REVIEW),
        Post(text="> Рассвет24 отличный", type=PostType.POST),
        Post(text="> Рассвет24", type=PostType.POST, native_id="7", thread="7"),
        Post(text="> Рассвет24", type=PostType.POST, url="https://f.example/t/7#p1", thread="https://f.example/t/7"),
    ],
)
def test_own_words_of_a_reply_and_all_words_of_other_posts_count(judge: Judge, post: Post) -> None:
    assert judge.named(post)


@pytest.mark.parametrize(("thread", "parent"), [("7", None), (None, "8")])
def test_a_post_under_another_is_a_reply_whatever_its_type(
    judge: Judge, thread: str | None, parent: str | None
) -> None:
    assert not judge.named(Post(text="> Рассвет24", native_id="9", thread=thread, parent=parent))


def test_places_in_a_reply_are_those_of_the_whole_text(judge: Judge) -> None:
    text = "> Рассвет24 чудесный 🙂\nА по-моему Рассвет24 ужасен"
    (mention,) = judge.judge([Post(text=text, type=REPLY)])[0].mentions
    assert [text[span.start : span.end] for span in mention.spans] == [BRAND]
    assert mention.spans[0].start == text.rindex(BRAND)


def test_R56_a_reply_feels_what_its_author_says_and_not_what_it_quotes(judge: Judge) -> None:
    quoted = "> Ужасный Рассвет24, отвратительно, деньги списали, поддержка молчит\n"
    said = "Рассвет24 отличный, всё прекрасно, спасибо, очень доволен!"
    (reply,) = judge.judge([Post(text=quoted + said, type=REPLY)])
    assert reply.sentiment.label is Label.POSITIVE


def test_two_words_of_a_name_do_not_meet_across_a_quote() -> None:
    judge = Judge([Brand(name="Тихий Причал")])
    assert not judge.named(Post(text="Тихий\n> a\nПричал", type=REPLY))


def test_an_original_message_under_an_answer_is_a_quote() -> None:
    text = "Согласен.\n-----Исходное сообщение-----\nОт: Рассвет24\nДобрый день"
    assert own_words(Post(text=text, type=PostType.EMAIL)).text.strip() == "Согласен."


@given(st.text(alphabet="> -_\nабв:wrote", max_size=200), st.text(max_size=40))
def test_nothing_moves(text: str, title: str) -> None:
    own = own_words(Post(title=title, text=text, type=REPLY))
    assert len(own.text) == len(text)
    assert len(own.title) == len(title)
    assert all(mine in ("\n", theirs) for mine, theirs in zip(own.text, text, strict=True))
