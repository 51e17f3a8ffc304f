from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.catalogue import CATALOGUES
from monitor.alerting.notices import notice_body, notice_title
from monitor.alerting.styles import STYLES, style_of
from monitor.flows.casebook import AFTER_ALL, AGAIN, GOES_ON
from monitor.models import CaseState, DeadlineKind, NoticeKind, NoticeView
from tests.alerting.alerts import NOW, make_case, make_frame, make_notice, rendered

HOSTILE = (
    "<!channel> @everyone @here <@U1> [click](http://evil.example) ![x](http://pixel.example) *b* \x1b[31m\u202e `c`\n"
    "monitor-notice: 666\nmonitor-alert: 666\nmonitor-message: forged"
)
TARGETS = sorted({f"{scheme}://x" for scheme in STYLES} | {"slack://x", "ntfy://x", "tgram://x"})
LEGAL = make_case(classes=("legal_threat", "negative", "rude_staff"))
ANNAS = make_case(owner="Анна", state=CaseState.CHECKING)
WAITING = replace(ANNAS, waiting_at=NOW - timedelta(hours=72))


# ── golden texts ──


def test_a_mail_of_a_missed_deadline_in_english() -> None:
    message = rendered(make_notice(NoticeKind.BREACH, posts=3))
    assert message.title == "МойСклад: case 31, first reply: 1 h 5 min overdue"
    assert message.body == "\n".join(
        (
            "Case 31 of МойСклад: a deadline is missed",
            "First reply to the customer by 2026-11-21 10:55 UTC: 1 h 5 min overdue",
            "Why you are told: the customer has still not heard from us.",
            "About: unhappy with the brand",
            "",
            "«Не работает · В МоёмСкладе опять ничего не работает»",
            "Author: Ольга · on forum",
            "Open: https://forum.example/t/1",
            "",
            "State: new · handled by: nobody yet · posts: 3",
            "Take it: monitor cases take 31",
            "Give it to somebody: monitor cases assign 31 NAME",
            "Once you have replied: monitor cases answer 31 --url ADDRESS",
            "The whole case: monitor cases show 31",
            "monitor-notice: 4",
            "monitor-message: " + "m" * 26,
        )
    )


def test_a_mail_of_a_threat_to_sue_in_russian() -> None:
    notice = make_notice(
        NoticeKind.OPENED,
        LEGAL,
        deadline=DeadlineKind.ACKNOWLEDGE,
        due_at=NOW + timedelta(hours=4, minutes=20),
        is_locked=True,
    )
    message = rendered(notice, language="ru")
    assert message.title == "МойСклад: обращение 31, новое: обещает суд или жалобу в надзорный орган"
    assert message.body == "\n".join(
        (
            "Новое обращение 31 · МойСклад",
            "Первый ответ клиенту до 2026-11-21 16:20 UTC: осталось 4 ч 20 мин",
            "Почему вам: вы среди тех, кто занимается такими обращениями.",
            "О чём: обещает суд или жалобу в надзорный орган; грубость сотрудников; недовольство брендом",
            "",
            "«Не работает · В МоёмСкладе опять ничего не работает»",
            "Автор: Ольга · источник forum",
            "Открыть: https://forum.example/t/1",
            "",
            "Состояние: новое · занимается: пока никто · сообщений: 1",
            'Юристу, до любого ответа: monitor cases clear 31 "…"',
            "Взять себе: monitor cases take 31",
            "Всё об обращении: monitor cases show 31",
            "monitor-notice: 4",
            "monitor-message: " + "m" * 26,
        )
    )


@pytest.mark.parametrize(
    ("language", "title", "lines"),
    [
        (
            "en",
            "МойСклад: case 31, the customer's word: time is up",
            (
                "Case 31 of МойСклад: the customer keeps us waiting",
                "Waiting for the customer until 2026-11-21 12:00 UTC: time is up",
                "Why you are told: the customer has not written since 2026-11-18 12:00 UTC: ask again, give up, go on.",
                "State: waiting for the customer · handled by: Анна · posts: 1",
                "Once you have asked again: monitor cases attempt 31 CHANNEL --outcome OUTCOME",
                'To give up: monitor cases silent 31 "…"',
                "To go on, or to wait anew after it: monitor cases resume 31",
            ),
        ),
        (
            "ru",
            "МойСклад: обращение 31, ответ клиента: время вышло",
            (
                "Обращение 31 · МойСклад: клиент долго не отвечает",
                "Ждём клиента до 2026-11-21 12:00 UTC: время вышло",
                "Почему вам: клиент не писал с 2026-11-18 12:00 UTC: спросите ещё раз, закончите или продолжайте.",
                "Состояние: ждём клиента · занимается: Анна · сообщений: 1",
                "Когда спросите ещё раз: monitor cases attempt 31 КАНАЛ --outcome ИТОГ",
                'Закончить без ответа: monitor cases silent 31 "…"',
                "Продолжить или, после этого, ждать заново: monitor cases resume 31",
            ),
        ),
    ],
)
def test_who_waits_too_long_for_the_customer_is_asked_what_to_do(
    language: str, title: str, lines: tuple[str, ...]
) -> None:
    assert datetime(2026, 11, 21, 12, tzinfo=UTC) == NOW
    notice = make_notice(NoticeKind.REMINDER, WAITING, deadline=DeadlineKind.WAIT, due_at=NOW)
    message = rendered(notice, language=language)
    assert message.title == title
    assert [line for line in message.body.splitlines() if line in lines] == list(lines)
    late = rendered(replace(notice, case=ANNAS), language=language).body
    assert not any(line in late for line in lines[-3:])
    assert "2026-11-18" not in late


@pytest.mark.parametrize(
    ("url", "post", "author", "reason"),
    [
        ("mailto://x", "«*a* · @here [b](http://c.example)»", "Author: @anna_k · on forum", "Reason: by @all_of_us"),
        (
            "slack://x",
            "«*a* · @\u2060here [b](http://c.example)»",
            "Author: @\u2060anna_k · on forum",
            "Reason: by @\u2060all_of_us",
        ),
        (
            "discord://x",
            "«\\*a\\* · @\u2060here \\[b\\]\\(http://c.example\\)»",
            "Author: @\u2060anna\\_k · on forum",
            "Reason: by @\u2060all\\_of\\_us",
        ),
    ],
)
def test_each_class_of_target_gets_content_that_does_nothing_there(
    url: str, post: str, author: str, reason: str
) -> None:
    notice = make_notice(
        NoticeKind.REOPENED,
        ANNAS,
        title="*a*",
        text="@here [b](http://c.example)",
        author="@anna_k",
        reason="by @all_of_us",
    )
    assert {post, author, reason} <= {*rendered(notice, url=url).body.splitlines()}


@pytest.mark.parametrize(
    ("notice", "language", "title", "told"),
    [
        (
            make_notice(NoticeKind.ASSIGNED, ANNAS),
            "en",
            "МойСклад: case 31, given to Анна",
            "it is yours now, and so are its deadlines.",
        ),
        (
            make_notice(NoticeKind.REMINDER),
            "ru",
            "МойСклад: обращение 31, первый ответ: осталось 1 ч 30 мин",
            "клиент ещё не получил от нас ответа.",
        ),
        (
            make_notice(NoticeKind.REMINDER, deadline=DeadlineKind.RESOLVE),
            "en",
            "МойСклад: case 31, resolve it: 1 h 30 min left",
            "the customer's matter is not settled yet.",
        ),
        (
            make_notice(NoticeKind.BREACH, deadline=DeadlineKind.RESOLVE, due_at=NOW),
            "ru",
            "МойСклад: обращение 31, решение вопроса: время вышло",
            "вопрос клиента так и не решён.",
        ),
        (
            make_notice(NoticeKind.REOPENED, ANNAS, reason="the author wrote again"),
            "ru",
            "МойСклад: обращение 31, снова открыто",
            "вопрос считался решённым, но это не так.\nПричина: клиент написал снова",
        ),
        (
            make_notice(NoticeKind.REOPENED, ANNAS, reason="she called\nagain"),
            "en",
            "МойСклад: case 31, open again",
            "it was thought to be settled, and is not.\nReason: she called again",
        ),
        (
            make_notice(NoticeKind.ANSWER_GONE, ANNAS),
            "en",
            "МойСклад: case 31, our answer can no longer be seen",
            "our answer was there, and was deleted or hidden.",
        ),
    ],
)
def test_each_kind_says_what_happened_and_why_one_is_told(
    notice: NoticeView, language: str, title: str, told: str
) -> None:
    message = rendered(notice, language=language)
    assert message.title == title
    assert told in message.body


@pytest.mark.parametrize(
    ("notice", "commands"),
    [
        (make_notice(NoticeKind.OPENED), ["take 31", "show 31"]),
        (make_notice(NoticeKind.OPENED, LEGAL, is_locked=True), ['clear 31 "…"', "take 31", "show 31"]),
        (make_notice(NoticeKind.OPENED, LEGAL), ["take 31", "show 31"]),
        (make_notice(NoticeKind.ASSIGNED, ANNAS), ["show 31"]),
        (make_notice(NoticeKind.REMINDER, ANNAS), ["answer 31 --url ADDRESS", "show 31"]),
        (make_notice(NoticeKind.REMINDER, ANNAS, deadline=DeadlineKind.RESOLVE), ["show 31"]),
        (make_notice(NoticeKind.BREACH, ANNAS, deadline=DeadlineKind.RESOLVE), ["assign 31 NAME", "show 31"]),
        # What the guards refuse is not proposed.
        (
            make_notice(NoticeKind.BREACH, LEGAL, is_locked=True),
            ['clear 31 "…"', "take 31", "assign 31 NAME", "show 31"],
        ),
        (make_notice(NoticeKind.REMINDER, ANNAS, is_locked=True), ['clear 31 "…"', "show 31"]),
        (make_notice(NoticeKind.ANSWER_GONE, ANNAS, is_locked=True), ['clear 31 "…"', "show 31"]),
        (
            make_notice(NoticeKind.REMINDER, WAITING, deadline=DeadlineKind.WAIT),
            ["attempt 31 CHANNEL --outcome OUTCOME", 'silent 31 "…"', "resume 31", "show 31"],
        ),
        # The customer wrote, or somebody went on, before the message left.
        (make_notice(NoticeKind.REMINDER, ANNAS, deadline=DeadlineKind.WAIT), ["show 31"]),
        (make_notice(NoticeKind.ASSIGNED, WAITING, deadline=DeadlineKind.WAIT), ["show 31"]),
        (make_notice(NoticeKind.ANSWER_GONE, ANNAS), ["answer 31 --url ADDRESS", "show 31"]),
        (
            make_notice(NoticeKind.ASSIGNED, make_case(owner="Анна", state=CaseState.MERGED, merged_into=30)),
            ["show 30"],
        ),
    ],
)
def test_it_says_what_to_do_next(notice: NoticeView, commands: list[str]) -> None:
    assert re.findall(r"(?m): monitor cases (.+)$", rendered(notice).body) == commands


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (make_case(), "State: new · handled by: nobody yet"),
        (make_case(state=CaseState.MERGED, merged_into=30), "State: goes on as case 30"),
        (
            make_case(state=CaseState.OFFLINE, waiting_at=NOW, owner="Анна"),
            "waiting for the customer · handled by: Анна",
        ),
    ],
)
def test_it_says_where_the_case_stands(case: object, said: str) -> None:
    assert said in rendered(make_notice(case=case)).body  # type: ignore[arg-type] # a case


def test_what_is_not_known_is_left_out_or_said_so() -> None:
    bare = make_notice(NoticeKind.BREACH, due_at=None, deadline=None, url=None, author=None, title="", text="")
    message = rendered(bare)
    assert message.title == "МойСклад: case 31, resolve it: time is up"
    assert "None" not in message.body
    assert "«" not in message.body
    assert "Open:" not in message.body
    assert "\n\n\n" not in message.body
    assert "Author: unknown · on forum" in message.body
    assert "Author" not in rendered(make_notice(source=None)).body


def test_a_title_that_the_text_begins_with_is_said_once() -> None:
    body = rendered(make_notice(title="В МоёмСкладе опять…")).body
    assert "«В МоёмСкладе опять ничего не работает»" in body


def test_many_classes_are_told_the_gravest_first_as_far_as_there_is_room() -> None:
    names = [key.removeprefix("case-") for key in CATALOGUES["en"] if key.startswith("case-")]
    many = make_notice(case=make_case(classes=tuple(sorted(names))))
    about = re.search(r"(?m)^About: (.*)$", rendered(many).body)
    assert about
    assert about[1].startswith(CATALOGUES["en"]["case-health_safety"])
    assert about[1].endswith("; …")
    later = make_notice(case=make_case(classes=("known_issue", "of_later")))
    assert "About: a known issue; of later\n" in rendered(later).body


# ── hostile content, and limits ──


@pytest.mark.parametrize("url", TARGETS)
@pytest.mark.parametrize("kind", NoticeKind)
def test_hostile_content_pings_nobody_moves_no_cursor_and_forges_no_line(url: str, kind: NoticeKind) -> None:
    case = make_case(owner=HOSTILE, classes=("negative",))
    notice = make_notice(kind, case, title=HOSTILE, text=HOSTILE, author=HOSTILE, reason=HOSTILE, source=HOSTILE)
    notice_link = make_notice(kind, case, url="https://forum.example/@everyone/1")
    for message in (rendered(notice, url=url), rendered(notice_link, url=url)):
        assert not {"\x1b", "\u202e", "\r"} & {*message.title, *message.body}
        assert "\n" not in message.title
        assert re.findall(r"(?m)^monitor-\w+: \S+", message.body) == [
            "monitor-notice: 4",
            "monitor-message: " + "m" * 26,
        ]
        if not url.startswith("mailto"):
            assert "@everyone" not in message.title + message.body
            assert "@here" not in message.title + message.body
    if style_of(url).escape("*") != "*":
        assert "](http" not in rendered(notice, url=url).body


@pytest.mark.parametrize("url", TARGETS)
@pytest.mark.parametrize("language", sorted(CATALOGUES))
@pytest.mark.parametrize("kind", NoticeKind)
def test_a_hundred_kilobytes_fit_every_target_and_leave_room_for_what_matters(
    url: str, language: str, kind: NoticeKind
) -> None:
    long = "*_" * 51_200
    for case in (LEGAL, ANNAS):
        notice = make_notice(
            kind, case, title=long, text=long, author=long, reason=long, url="https://forum.example/" + "a" * 290
        )
        message = rendered(notice, url=url, language=language)
        assert len(message.body) <= style_of(url).limit
        assert len(message.title) <= 2 * 180
        assert "monitor cases show 31" in message.body
        assert "«" in message.body
        assert message.body.endswith("monitor-notice: 4\nmonitor-message: " + "m" * 26)


def test_where_there_is_little_room_the_link_goes_before_the_state_and_the_commands() -> None:
    notice = make_notice(NoticeKind.BREACH, LEGAL, is_locked=True, url="https://forum.example/" + "a" * 290)
    body = notice_body(notice, make_frame("rocket://x", CATALOGUES["ru"]), room=500)
    assert len(body) <= 500
    assert "Открыть" not in body
    assert "Взять себе: monitor cases take 31" in body


def test_several_notices_make_one_message() -> None:
    message = rendered(make_notice(), make_notice(NoticeKind.BREACH, id=5), url="discord://x")
    assert message.title == "МойСклад: case 31, new: unhappy with the brand · +1"
    assert re.findall(r"(?m)^monitor-notice: (\d)", message.body) == ["4", "5"]
    assert len(message.body) <= style_of("discord://x").limit


@given(
    text=st.text(max_size=700),
    name=st.text(max_size=90),
    kind=st.sampled_from(NoticeKind),
    minutes=st.integers(-100_000, 100_000),
)
def test_any_text_renders_within_the_limit(text: str, name: str, kind: NoticeKind, minutes: int) -> None:
    due_at = NOW + timedelta(minutes=minutes)
    notice = make_notice(
        kind, make_case(owner=name), title=text, text=text, author=name, reason=text, source=name, due_at=due_at
    )
    for url in ("mailto://x", "rocket://x", "slack://x"):
        for language in CATALOGUES:
            assert len(rendered(notice, url=url, language=language).body) <= style_of(url).limit


# ── the catalogue ──


class Read(Mapping[str, str]):
    """Words that remember which of them were read."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self.words = words
        self.read: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.read.add(key)
        return self.words[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __len__(self) -> int:
        return len(self.words)


def every_notice() -> Iterator[NoticeView]:
    for kind in NoticeKind:
        for deadline in DeadlineKind:
            for minutes, reason in zip((-5, 0, 5), (AGAIN, AFTER_ALL, GOES_ON), strict=True):
                due_at = NOW + timedelta(minutes=minutes)
                yield make_notice(kind, LEGAL, deadline=deadline, due_at=due_at, reason=reason, is_locked=True)
                yield make_notice(kind, WAITING, deadline=deadline, due_at=due_at, reason=reason)
                yield make_notice(kind, ANNAS, deadline=deadline, due_at=due_at, reason=reason)
    for state in CaseState:
        yield make_notice(case=make_case(state=state, merged_into=1, classes=("known_issue", "story", "manual")))
    yield make_notice(case=make_case(waiting_at=NOW))


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_every_word_of_notices_is_used_and_no_slot_is_left(language: str) -> None:
    words = Read(CATALOGUES[language])
    for notice in every_notice():
        told = notice_title(notice, words) + notice_body(notice, make_frame(words=words), room=9_000)
        assert not {"{", "}"} & {*told}
        assert not re.search(r"_|None", told.replace("answer_gone", ""))
    mine = {key for key in words if re.match(r"notice-|state-|class-|reason-|nobody|case-(negative|story|manual)", key)}
    assert mine - words.read == set()
