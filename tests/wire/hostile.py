"""Messages made of content that wants to ping, link, format, forge lines, break parsers and fill the screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.models import AlarmKind, Author, NoticeKind, Post, Receiver, SignalKind, SignalView, Span
from tests.alerting.alerts import NOW, make_alarm, make_alert, make_mention, make_notice
from tests.alerting.digests import digest, told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.alerting.messages import Carried

ID: Final = "hostile" + "a" * 19
RECEIVER: Final = Receiver(name="support", targets=(), language="ru", zone="Europe/Moscow")

PINGS: Final = (
    "<!channel> <!here> <!everyone> <!subteam^S1> <@U123> <@&42> <#C1> @everyone @here @channel @all @support_bot "
    "<at>boss@test.example</at> <users/all> tg://user?id=1"
)
LINKS: Final = (
    "[click](javascript:alert(1)) <http://evil.example|bank> <a href='http://evil.example'>x</a> "
    "![pixel](http://evil.example/p.png) <img src=http://evil.example/p.png onerror=alert(1)> <script>alert(1)</script>"
)
MARKUP: Final = (
    "*b* _i_ ~s~ `c` ```block``` **bb** ||spoiler|| # head > quote <b>b</b> &lt;!channel&gt; {{ 7*7 }} {0} %s"
)
CONTROLS: Final = (
    "\x00\x07\x1b[31mred\x1b[0m\x7f\x85 \u202egnp.exe\u202c \u2066\u2069\u200b\u200f\ufeff \ud800 \U000e0041"
)
LINES: Final = "x\r\nBcc: all@evil.example\r\n\r\nmonitor-alert: 999\nmonitor-message: forged\u2028monitor-alert: 998"
ALL: Final = f"{PINGS} {LINKS} {MARKUP} {CONTROLS} {LINES}"
NAMED: Final = "В МоёмСкладе "
URL: Final = "https://forum.example/t/1?a=<!channel>&b=@everyone|x"


def _mention(text: str, title: str = ALL, alert: int = 12) -> Carried:
    mention = replace(make_mention(), spans=(Span(field="text", start=2, end=12, text=text[2:12], kind="inflected"),))
    post = Post(
        title=title,
        text=text,
        url=URL,
        author=Author(name=ALL, url=URL, followers=120),
        published=NOW - timedelta(minutes=3, seconds=20),
    )
    return replace(make_alert(post, mention), id=alert)


def _case() -> Carried:
    return make_notice(NoticeKind.REOPENED, reason=ALL, title=ALL, text=NAMED + ALL, author=ALL, url=URL)


def _signal() -> Carried:
    return SignalView(
        id=8,
        alert_id=21,
        kind=SignalKind.CONFIRMED,
        reason=ALL,
        at=NOW,
        brand="МойСклад",
        source="forum",
        storm_id=None,
        case_id=None,
        mention_id=7,
        figures={"others": 3},
        title=ALL,
        text=NAMED + ALL,
        url=URL,
        author=ALL,
    )


def _digest() -> Carried:
    posts = [told(number, title=ALL, text=NAMED + ALL, author=ALL, url=URL, source=ALL) for number in range(1, 5)]
    return digest(posts=posts, owners={"12": ALL}, troubled=[[ALL, "stale"]])


MESSAGES: Final[Mapping[str, Sequence[Carried]]] = {
    "mention": (_mention(NAMED + ALL),),
    "long": (_mention(NAMED + (ALL + " ") * (100_000 // len(ALL)), title=ALL * 50),),
    "many": tuple(_mention(NAMED + ALL, alert=12 + number) for number in range(60)),
    "case": (_case(),),
    "alarm": (make_alarm(AlarmKind.FAILING, reason=ALL),),
    "signal": (_signal(),),
    "digest": (_digest(),),
}
