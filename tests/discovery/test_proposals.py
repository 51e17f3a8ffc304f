"""What evidence leads to: entries with names, recipes and addresses, the surest first; and what else is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.config.editing import load_entry
from monitor.config.recipes import names
from monitor.discovery.looking import Evidence, look
from monitor.discovery.places import PLACES, place_of
from monitor.discovery.proposals import PROBES, Known, Proposal, name_for, probes, propose
from monitor.sources import KINDS
from tests.discovery import pages
from tests.discovery.pages import SITE, answer, page

if TYPE_CHECKING:
    from monitor.models import JSON

EVERYTHING = Known(
    kinds={
        "feed",
        "html",
        "json",
        "schemaorg",
        "sitemap",
        "discourse",
        "reddit",
        "mastodon",
        "appstore",
        "googleplay",
        "vk",
    },
    recipes=set(names()) | {"otzovik", "irecommend", "flaskbb"},
    brand="Нордвика",
)
HERE = Known(kinds=set(KINDS), recipes=set(names()), brand="Нордвика")


def proposed(name: str, known: Known = EVERYTHING) -> tuple[Proposal, ...]:
    body, headers, url, _ = pages.ENGINES[name]
    return propose(look(answer(body, url, *headers)), known)


def said(proposal: Proposal) -> dict[str, JSON]:
    return {key: value for key, value in proposal.entry.items() if key != "name"}


@pytest.mark.parametrize(
    ("name", "best"),
    [
        ("wordpress", {"recipe": "wordpress", "url": f"{SITE}blog/"}),
        ("flaskbb", {"recipe": "flaskbb", "url": f"{SITE}forum/2-support"}),
        ("discourse", {"kind": "discourse", "url": f"{SITE}talk/"}),
        ("xenforo2", {"recipe": "xenforo2", "url": f"{SITE}community/forums/support.4/"}),
        ("phpbb3", {"recipe": "phpbb3_feed", "url": f"{SITE}forum/"}),
        ("phpbb2", {"recipe": "phpbb2", "url": f"{SITE}phpBB2/viewforum.php?f=7"}),
        ("vbulletin3", {"recipe": "vbulletin3", "url": f"{SITE}vb/forumdisplay.php?f=3"}),
        ("vbulletin4", {"recipe": "vbulletin4", "url": f"{SITE}vb4/forumdisplay.php?9-Support"}),
        ("vbulletin5", {"recipe": "vbulletin5", "url": f"{SITE}forum/support"}),
        ("smf2", {"recipe": "smf2", "url": f"{SITE}smf/"}),
        ("mybb", {"recipe": "mybb", "url": f"{SITE}my/forumdisplay.php?fid=2"}),
        ("ipb", {"recipe": "ipb", "url": f"{SITE}forum/5-help/"}),
        ("nodebb", {"recipe": "nodebb", "url": SITE}),
        ("flarum", {"recipe": "flarum_posts", "url": f"{SITE}fl/"}),
        ("mastodon", {"kind": "mastodon", "url": SITE, "public": True}),
        ("lemmy", {"recipe": "lemmy", "url": SITE, "query": "Нордвика"}),
        ("hyperkitty", {"kind": "feed", "url": f"{SITE}archives/list/users@board.example/feed/"}),
    ],
)
def test_the_best_entry_for_an_engine(name: str, best: dict[str, JSON]) -> None:
    found = proposed(name)
    assert said(found[0]) == best
    assert [proposal.sure for proposal in found] == sorted((proposal.sure for proposal in found), reverse=True)


def test_wordpress_gives_posts_and_comments() -> None:
    first, second, *_ = proposed("wordpress")
    assert (said(first)["recipe"], said(second)["recipe"]) == ("wordpress", "wordpress_comments")
    assert first.entry["name"] == "board-example"
    assert second.entry["name"] == "board-example-comments"


def test_wordpress_without_speaking_addresses_is_asked_the_other_way() -> None:
    body = page("<meta name='generator' content='WordPress 6.4'>")
    header = ("link", '<https://board.example/index.php?rest_route=/>; rel="https://api.w.org/"')
    first = propose(look(answer(body, SITE, header)), EVERYTHING)[0]
    assert said(first) == {"recipe": "wordpress", "url": SITE, "api": "?rest_route=/wp/v2/posts&"}


@pytest.mark.parametrize("name", pages.ENGINES)
def test_nothing_is_proposed_that_the_installation_does_not_know(name: str) -> None:
    assert proposed(name, Known(kinds=set(), recipes=set())) == ()
    for proposal in proposed(name, Known(kinds={"feed"}, recipes=set())):
        assert said(proposal)["kind"] == "feed"


@pytest.mark.parametrize("name", pages.ENGINES)
def test_what_is_proposed_here_can_be_loaded(name: str) -> None:
    for proposal in proposed(name, HERE):
        assert load_entry(proposal.entry).name == proposal.entry["name"]


def test_a_feed_of_opening_posts_says_so() -> None:
    found = {str(said(one).get("url")): one.lacks for one in proposed("mybb")}
    assert found[f"{SITE}my/syndication.php?limit=50"] == ("opening posts only, answers are not seen",)


ADDRESSES = [
    ("https://www.reddit.com/r/Kassa/", {"kind": "reddit", "subreddits": "Kassa"}),
    ("https://t.me/s/kassa_news", {"recipe": "telegram", "channel": "kassa_news"}),
    ("https://t.me/kassa_news/12", {"recipe": "telegram", "channel": "kassa_news"}),
    ("https://www.youtube.com/channel/UC" + "a" * 22, {"recipe": "youtube", "channel": "UC" + "a" * 22}),
    ("https://apps.apple.com/ru/app/kassa/id123456", {"kind": "appstore", "app": "123456", "countries": "ru"}),
    ("https://play.google.com/store/apps/details?hl=ru&id=ru.kassa", {"kind": "googleplay", "app": "ru.kassa"}),
    ("https://www.trustpilot.com/review/kassa.example", {"recipe": "trustpilot", "domain": "kassa.example"}),
    ("https://2gis.ru/moscow/firm/70000001", {"recipe": "twogis", "branch": "70000001", "key": "${TWOGIS_KEY}"}),
    ("https://vk.com/kassa", {"kind": "vk", "domains": "kassa", "token": "${VK_TOKEN}"}),
    ("https://store.steampowered.com/app/440/Game/", {"recipe": "steam", "app": "440"}),
    ("https://news.ycombinator.com/newest", {"recipe": "hackernews", "query": '"Нордвика"'}),
    ("https://github.com/kassa/app/issues", {"recipe": "github_issues", "query": "repo:kassa/app"}),
    ("https://pikabu.ru/", {"recipe": "pikabu", "query": "Нордвика"}),
    ("https://www.banki.ru/services/responses/bank/kassobank/", {"recipe": "banki", "bank": "kassobank"}),
    ("https://otzovik.com/reviews/kassa/", {"recipe": "otzovik", "product": "kassa"}),
    ("https://irecommend.ru/content/kassa", {"recipe": "irecommend", "product": "kassa"}),
    ("https://yandex.ru/maps/org/kassa/1234/reviews/", {"recipe": "yandex_maps", "place": "kassa/1234"}),
    ("https://social.example/tags/kassa", {"kind": "mastodon", "url": "https://social.example", "tags": "kassa"}),
]


@pytest.mark.parametrize(("url", "entry"), ADDRESSES)
def test_a_well_known_site_is_known_by_its_address(url: str, entry: dict[str, JSON]) -> None:
    found = propose(
        Evidence(url=url, form="nothing"),
        Known(EVERYTHING.kinds, {*EVERYTHING.recipes, str(entry.get("recipe"))}, "Нордвика"),
    )
    assert said(found[0]) == entry


@pytest.mark.parametrize(("url", "entry"), ADDRESSES)
def test_an_entry_made_of_an_address_can_be_loaded_where_its_kind_is_here(url: str, entry: dict[str, JSON]) -> None:
    if not HERE.has(entry):
        pytest.skip(f"this version has no {entry.get('recipe') or entry.get('kind')}")
    assert load_entry({"name": "x", **entry}).name == "x"


def test_each_place_of_the_table_is_tested() -> None:
    met = {found[0].name for url, _ in ADDRESSES if (found := place_of(url))}
    assert met == {place.name for place in PLACES}


def test_schema_org_words_of_people_count_and_other_types_do_not() -> None:
    spoken = Evidence(url=SITE, form="page", types={"Review": 4, "Person": 4})
    assert [said(one) for one in propose(spoken, EVERYTHING)] == [{"kind": "schemaorg", "url": SITE}]
    assert "4 × Review" in propose(spoken, EVERYTHING)[0].why
    assert propose(Evidence(url=SITE, form="page", types={"Organization": 1, "Article": 1}), EVERYTHING) == ()


def test_what_an_api_says_by_answering() -> None:
    found = propose(Evidence(url=f"{SITE}latest.json", form="discourse"), EVERYTHING)
    assert [said(one) for one in found] == [{"kind": "discourse", "url": SITE}]
    found = propose(Evidence(url=f"{SITE}blog/wp-json/", form="wordpress"), EVERYTHING)
    assert [said(one)["recipe"] for one in found] == ["wordpress", "wordpress_comments"]
    assert {said(one)["url"] for one in found} == {f"{SITE}blog/"}


def test_probes_are_few_and_not_what_was_proposed() -> None:
    evidence = Evidence(url=f"{SITE}deep/page.html", form="page")
    assert len(probes(evidence, ())) == PROBES
    proposal = Proposal(entry={"kind": "feed", "url": f"{SITE}feed"}, why="", sure=1.0)
    assert f"{SITE}feed/" in [probe.url for probe in probes(evidence, ())]
    assert f"{SITE}feed/" not in [probe.url for probe in probes(evidence, (proposal,))]


@pytest.mark.parametrize(
    ("url", "suffix", "taken", "name"),
    [
        ("https://www.board.example/x", "", (), "board-example"),
        ("https://board.example/x", "comments", (), "board-example-comments"),
        ("https://board.example/x", "", ("board-example",), "board-example-2"),
        ("https://board.example/x", "viewforum.php-f=2", (), "board-example-viewforum-php-f-2"),
        ("https://форум.example/x", "", (), "форум-example"),
    ],
)
def test_names(url: str, suffix: str, taken: tuple[str, ...], name: str) -> None:
    assert name_for(url, suffix, taken) == name
    assert load_entry({"name": name, "kind": "feed", "url": "https://a.test/"}).name == name
