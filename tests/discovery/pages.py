"""Little pages of our own, in the shape of what each engine writes, and answers made of them."""

from __future__ import annotations

from monitor.models import Response

SITE = "https://board.example/"


def answer(body: str, url: str = SITE, *headers: tuple[str, str], content_type: str = "text/html") -> Response:
    """An answer whose body is UTF-8."""
    return Response(
        url=url, status=200, headers=(("content-type", f"{content_type}; charset=utf-8"), *headers), body=body.encode()
    )


def page(head: str = "", body: str = "", *, attributes: str = "") -> str:
    """A page for people."""
    return f"<!DOCTYPE html><html{attributes}><head><title>Доска</title>{head}</head><body>{body}</body></html>"


GENERATOR = '<meta name="generator" content="{}">'

# engine → (page, headers, address of the page, address at which it is installed)
ENGINES: dict[str, tuple[str, tuple[tuple[str, str], ...], str, str]] = {
    "wordpress": (
        page(GENERATOR.format("WordPress 6.4"), "<a href='/about'>О нас</a>"),
        (("link", '<https://board.example/blog/wp-json/>; rel="https://api.w.org/"'),),
        f"{SITE}blog/2026/11/post/",
        f"{SITE}blog/",
    ),
    "flaskbb": (
        page(body='<div class="flaskbb-layout"><a href="/forum/2-support">Support</a></div>'),
        (),
        SITE,
        SITE,
    ),
    "discourse": (
        page(GENERATOR.format("Discourse 3.4") + '<meta name="discourse-base-uri" content="/talk">'),
        (("x-discourse-route", "list/latest"),),
        f"{SITE}talk/latest",
        f"{SITE}talk/",
    ),
    "xenforo2": (
        page(
            '<link rel="stylesheet" href="/community/css.php?css=public%3Anormalize.css">',
            '<div data-xf-init="nav"><a href="/community/forums/support.4/">Support</a></div>',
            attributes=' id="XF"',
        ),
        (("set-cookie", "xf_csrf=abc; path=/"),),
        f"{SITE}community/",
        f"{SITE}community/",
    ),
    "phpbb3": (
        page(
            '<link href="./styles/prosilver/theme/stylesheet.css" rel="stylesheet">',
            '<a href="./index.php?sid=1">Board</a> <a href="./viewforum.php?f=2">Support</a>',
        ),
        (("set-cookie", "phpbb3_k2x_sid=1; path=/"),),
        f"{SITE}forum/index.php",
        f"{SITE}forum/",
    ),
    "phpbb2": (
        page(
            '<link rel="stylesheet" href="templates/subSilver/subSilver.css">',
            '<table class="forumline"><tr><td><a href="viewforum.php?f=7">Поддержка</a></td></tr></table>',
        ),
        (("set-cookie", "phpbb2mysql_data=x"),),
        f"{SITE}phpBB2/index.php",
        f"{SITE}phpBB2/",
    ),
    "vbulletin3": (
        page(
            GENERATOR.format("vBulletin 3.8.11") + '<script src="clientscript/vbulletin_global.js?v=3811"></script>',
            '<table class="tborder"><tr><td><a href="forumdisplay.php?f=3">Support</a></td></tr></table>',
        ),
        (("set-cookie", "bblastvisit=1"),),
        f"{SITE}vb/index.php",
        f"{SITE}vb/",
    ),
    "vbulletin4": (
        page(
            GENERATOR.format("vBulletin 4.2.5") + '<base href="https://board.example/vb4/">',
            '<ol id="threadlist"><li><a href="forumdisplay.php?9-Support">Support</a></li></ol>',
        ),
        (),
        f"{SITE}vb4/forum.php",
        f"{SITE}vb4/",
    ),
    "vbulletin5": (
        page(GENERATOR.format("vBulletin 5.6.4") + '<base href="https://board.example/">', '<i data-node-id="4"></i>'),
        (),
        f"{SITE}forum/support",
        SITE,
    ),
    "smf2": (
        page('<script>var smf_scripturl = "https://board.example/smf/index.php";</script>'),
        (),
        f"{SITE}smf/index.php?board=1.0",
        f"{SITE}smf/",
    ),
    "mybb": (
        page(
            '<script>var rootpath = "https://board.example/my"; my_post_key = "1";</script>',
            '<a href="forumdisplay.php?fid=2">Support</a>',
        ),
        (("set-cookie", "mybb[lastvisit]=1"),),
        f"{SITE}my/index.php",
        f"{SITE}my/",
    ),
    "ipb": (
        page(body='<div id="ipsLayout_body" data-controller="core.front"><a href="/forum/5-help/">Help</a></div>'),
        (("set-cookie", "ips4_guestTime=1"),),
        SITE,
        SITE,
    ),
    "nodebb": (
        page('<script src="/assets/nodebb.min.js"></script>'),
        (("x-powered-by", "NodeBB"),),
        f"{SITE}category/1/news",
        SITE,
    ),
    "flarum": (
        page(body='<div id="flarum-content"></div><script>{"baseUrl":"https://board.example/fl"}</script>'),
        (("set-cookie", "flarum_session=1"),),
        f"{SITE}fl/",
        f"{SITE}fl/",
    ),
    "lemmy": (
        page(body='<script>window.isoData = {}</script><a href="https://join-lemmy.org">join</a>'),
        (),
        f"{SITE}c/news",
        SITE,
    ),
    "mastodon": (page(body='<div id="mastodon"></div>'), (("server", "Mastodon"),), f"{SITE}about", SITE),
    "hyperkitty": (
        page(
            '<link href="/hyperkitty.css" rel="stylesheet">',
            '<a href="/archives/list/users@board.example/">x</a>',
        ),
        (),
        f"{SITE}archives/list/users@board.example/",
        SITE,
    ),
}

_TOPICS = (
    ("Не проходит оплата картой", "ivan", 12, 340, "2026-11-20T10:00:00+00:00"),
    ("Когда починят поиск?", "olga", 3, 91, "2026-11-19T09:30:00+00:00"),
    ("Благодарность поддержке", "petr", 7, 15, "2026-11-18T18:12:00+00:00"),
    ("Ошибка при входе в кабинет", "anna", 1, 22, "2026-11-17T08:00:00+00:00"),
    ("Как отменить подписку", "gleb", 9, 610, "2026-11-16T21:45:00+00:00"),
    ("Предложение по каталогу", "inna", 2, 33, "2026-11-15T12:00:00+00:00"),
)
_CHROME = (
    "<nav class='menu'>" + "".join(f"<a href='/m{number}'>Раздел меню {number}</a>" for number in range(12)) + "</nav>"
)


def thread_list(*, replies: bool = True, dates: bool = True, authors: bool = True) -> str:
    """A list of threads as no engine of the table writes it; columns may be left out."""
    rows = "".join(
        f"<div class='tema col-md-12'><h3 class='tema-title'><a href='/t/{number}'>{title}</a></h3>"
        + (f"<a class='tema-author' href='/user/{author}'>{author}</a>" if authors else "")
        + (f"<span class='tema-replies'>{answers}</span><span class='tema-views'>{views}</span>" if replies else "")
        + (f"<a class='tema-last' href='/t/{number}?last#9'><time datetime='{moment}'>x</time></a>" if dates else "")
        + "</div>"
        for number, (title, author, answers, views, moment) in enumerate(_TOPICS, start=1)
    )
    pager = "<ul class='pages-nav'><li><a href='/f/1?page=2'>Вперёд »</a></li></ul>"
    return page(body=f"{_CHROME}<div class='temy'>{rows}</div>{pager}", attributes=" lang='ru'")


def thread_page() -> str:
    """A thread of such a board."""
    posts = "".join(
        f"<div class='zapis' id='z{number}'><div class='zapis-user'>"
        f"<a class='zapis-author' href='/user/{author}'>{author}</a><span class='joined'>с 2019 года</span></div>"
        f"<a class='zapis-link' href='/t/1#z{number}'>#{number}</a>"
        f"<time class='zapis-date' datetime='2026-11-{10 + number}T10:00:00+00:00'>{number} ноября</time>"
        f"<div class='zapis-text'><p>Ответ номер {number}: оплата в приложении так и не проходит, пишу третий день.</p>"
        "<p>Поддержка молчит.</p></div><div class='zapis-signature'>Мой сайт лучше всех</div></div>"
        for number, author in enumerate(("ivan", "olga", "petr", "support"), start=1)
    )
    pager = "<ul class='pages-nav'><li><a rel='prev' href='/t/1'>«</a> <a rel='last' href='/t/1?p=9'>9</a></li></ul>"
    return page(body=f"{_CHROME}<div class='tred'>{posts}</div>{pager}", attributes=" lang='ru'")


def table_of_threads() -> str:
    """A list of threads in a table without a single class on its rows and cells."""
    rows = "".join(
        f"<tr><td><img src='i.gif'></td><td><a href='topic.php?t={number}'>{title}</a></td><td>{answers}</td>"
        f"<td><a href='profile.php?u={number}'>{author}</a></td><td>{views}</td>"
        f"<td>{moment[:16].replace('T', ' ')}</td></tr>"
        for number, (title, author, answers, views, moment) in enumerate(_TOPICS, start=1)
    )
    head = "<tr><th></th><th>Темы</th><th>Ответов</th><th>Автор</th><th>Просмотров</th><th>Последнее</th></tr>"
    return page(body=f"{_CHROME}<table id='topics'>{head}{rows}</table>", attributes=" lang='ru'")


def reviews() -> str:
    """A list of reviews with a rating each, in classes that a build tool made, save one."""
    items = "".join(
        f"<article class='css-1x9ab{number}z'><h4 class='css-77ab1c'>{author}</h4>"
        f"<span class='review-date'>{day}.11.2026</span><div class='review-body'>Заказ {number} пришёл с опозданием на "
        "неделю, поддержка отвечала отписками, деньги вернули не сразу.</div></article>"
        for number, (author, day) in enumerate((("Ольга", 20), ("Пётр", 18), ("Инна", 17), ("Глеб", 11)), start=1)
    )
    return page(body=f"{_CHROME}<main class='reviews-list'>{items}</main>", attributes=" lang='ru'")
