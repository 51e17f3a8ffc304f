"""A worker for stories and stances: its lemmas are the words, and a reply says by its first word what it thinks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.models import Author, Lemmas, Level, PostType, SpecialCase
from monitor.text import words
from tests.flows.world import BRAND, FakeWorker, post

if TYPE_CHECKING:
    from monitor.models import Judgement, Post
    from tests.flows.world import World

TALE = (
    f"В {BRAND} плохо: курьер привёз разбитую посуду, отказался составить акт, бросил коробку под дверью подъезда, "
    "оператор горячей линии полчаса переключал звонок между отделами, потом попросил прислать фотографии осколков, "
    "заявку закрыли без объяснений, деньги за сервиз до сих пор удерживают"
)
ELSE = (
    f"{BRAND} открыл пункт выдачи возле вокзала, ремонт обошёлся дёшево, витрины украсили гирляндами, первым гостям "
    "дарят кружки, парковка бесплатная, вечером выступит оркестр железнодорожников, вход свободный для жителей района"
)


class Teller(FakeWorker):
    """Judges as the fake worker does, with lemmas; «+1» confirms, «неправда» rebuts."""

    def _judge(self, post: Post) -> Judgement:
        judgement = super()._judge(post)
        said = [
            SpecialCase(name=name, level=Level.INFO, rule="ru:x", field="text", start=0, end=2)
            for word, name in (("+1", "confirmed"), ("неправда", "rebuts"))
            if post.text.startswith(word)
        ]
        lemmas = Lemmas(title=" ".join(words(post.title)), text=" ".join(words(post.text)))
        return replace(judgement, special_cases=tuple(said), lemmas=lemmas)


def told(number: int, text: str = TALE, *, by: str | None = None, **rest: object) -> Post:
    """A post with just this text."""
    return replace(post(number), text=text, author=Author(name=by or f"автор{number}"), **rest)  # type: ignore[arg-type] # any field


def reply(number: int, text: str, *, to: str, by: str, thread: str | None = None) -> Post:
    """A comment that names no brand, under the post with this id."""
    return replace(told(number, text, by=by), type=PostType.COMMENT, parent=to, thread=thread)


def with_teller(world: World) -> World:
    """The world with a worker that tells lemmas and stances."""
    world.worker = Teller()
    return world
