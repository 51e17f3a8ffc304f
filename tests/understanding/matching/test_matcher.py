"""Where brands are named: exact places in the original, and what is no mention."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.models import Brand, Post
from monitor.understanding.matching.forms import Morphology
from monitor.understanding.matching.matcher import MOST_PLACES, find
from monitor.understanding.matching.names import build

if TYPE_CHECKING:
    from monitor.understanding.matching.names import Index

BREVE, ZERO_WIDTH, ACUTE = "\u0306", "\u200b", "\u0301"
BRANDS = (
    Brand(
        name="МойСклад",
        aliases=("moysklad", "Мой Склад"),
        handles=("@moysklad", "#складживёт"),
        exclude=("мой склад в подвале",),
        own_domains=("moysklad.ru",),
        people=("Аскар Рахимбердиев",),
    ),
    Brand(name="Молоток.ру"),
    Brand(name="Bay.ru"),
    Brand(name="Свалка"),
    Brand(name="дЕбошь"),
    Brand(name="TrustPilot", aliases=("Трастпайлот",)),
    Brand(name="Brand24"),
    Brand(name="авито"),
    Brand(name="МТС", handles=("@mts_help",)),
    Brand(name="Nestlé"),
    Brand(name="Dr. Mops"),
)


@pytest.fixture(scope="module")
def index(morphology: Morphology) -> Index:
    return build(BRANDS, morphology)


def marked(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without its ⟦marks⟧, and what they enclose, in code points."""
    places: list[tuple[int, int]] = []
    plain = ""
    for part in re.split("([⟦⟧])", text):
        if part == "⟦":
            places.append((len(plain), -1))
        elif part == "⟧":
            places[-1] = (places[-1][0], len(plain))
        else:
            plain += part
    return plain, places


@pytest.mark.parametrize(
    ("text", "brand", "kinds"),
    [
        ("Поставили ⟦МойСклад⟧ на кассу", "МойСклад", ["exact"]),
        ("ПОСТАВИЛИ ⟦МОЙСКЛАД⟧, ⟦мойсклад⟧ и ⟦мОйСкЛаД⟧", "МойСклад", ["exact"] * 3),
        ("После ⟦МоегоСклада⟧ ушли, ⟦МоимСкладом⟧ довольны", "МойСклад", ["inflected"] * 2),
        ("Цена ⟦МойСклада⟧ выросла", "МойСклад", ["inflected"]),
        ("Наш ⟦Мой Склад⟧ завис, а от ⟦Моего Склада⟧ писем нет", "МойСклад", ["exact", "inflected"]),
        ("Ключ от ⟦мой-склад⟧ потерян", "МойСклад", ["exact"]),
        ("Наш ⟦Мой\nСклад⟧ завис", "МойСклад", ["exact"]),
        ("Пишут: «⟦МоемСкладе⟧»...", "МойСклад", ["inflected"]),
        ("Смесь букв: ⟦МoйCклaд⟧", "МойСклад", ["folded"]),
        (f"Скрытое: ⟦Мой{ZERO_WIDTH}Склад⟧", "МойСклад", ["folded"]),
        (f"Разложено: ⟦Мои{BREVE}Склад⟧, и ⟦Мои{BREVE}Складом⟧", "МойСклад", ["exact", "inflected"]),
        (f"😀😀 ﬁ ㎏ ё {ZERO_WIDTH}… ⟦МойСклад⟧", "МойСклад", ["exact"]),
        ("Пишу ⟦@moysklad⟧, а ⟦#мойскладтормозит⟧ давно", "МойСклад", ["handle", "hashtag"]),
        ("Полная ширина: ⟦＠moysklad⟧", "МойСклад", ["handle"]),
        ("⟦#складживёт⟧ и ⟦@moysklad_fan⟧", "МойСклад", ["hashtag", "handle"]),
        ("Вход: https://online.⟦moysklad.ru⟧/login", "МойСклад", ["domain"]),
        ("Почта info@⟦moysklad.ru⟧", "МойСклад", ["domain"]),
        ("Адрес ⟦moysklad[.]ru⟧", "МойСклад", ["domain"]),
        ("Читал https://example.org/otzyvy-⟦moysklad⟧-2024", "МойСклад", ["url"]),
        ("Пишут латиницей: ⟦mojsklad⟧", "МойСклад", ["translit"]),
        ("Видел ⟦Аскара Рахимбердиева⟧ на сцене", "МойСклад", ["person"]),
        ("Купил на ⟦Молотке.ру⟧, потом на «⟦Молоток.ру⟧»", "Молоток.ру", ["inflected", "exact"]),
        ("Продал через ⟦molotok.ru⟧", "Молоток.ру", ["translit"]),
        ("Сайт ⟦Bay.ru⟧, он же ⟦Bay. ru⟧ и ⟦BAY.RU⟧", "Bay.ru", ["exact"] * 3),
        ("В ⟦Свалке⟧ забрал диван, до ⟦Свалки⟧ ехать час", "Свалка", ["inflected"] * 2),
        ("Вечер в «⟦дЕбошь⟧», все ⟦дЕбоши⟧ наши", "дЕбошь", ["exact", "inflected"]),
        ("⟦TrustPilot⟧, ⟦Trustpilot⟧ и ⟦трастпайлоте⟧", "TrustPilot", ["exact", "exact", "inflected"]),
        ("⟦Trust Pilot⟧ says so", "TrustPilot", ["exact"]),
        ("⟦Brand24⟧'s report and ⟦brand 24⟧", "Brand24", ["exact"] * 2),
        ("На ⟦авито⟧ и ⟦avito⟧", "авито", ["exact", "translit"]),
        ("Спросил ⟦@mts_help⟧, ⟦МТС⟧-банк молчит", "МТС", ["handle", "exact"]),
        ("⟦Dr. Mops⟧ und ⟦Dr Mops⟧", "Dr. Mops", ["exact"] * 2),
        ("Спросил ⟦@mts_news⟧", "МТС", ["handle"]),
        (f"⟦NESTLÉ⟧, ⟦Nestle⟧ and ⟦Nestle{ACUTE}⟧", "Nestlé", ["exact"] * 3),
    ],
)
def test_a_brand_is_found_where_it_stands(text: str, brand: str, kinds: list[str], index: Index) -> None:
    plain, places = marked(text)
    for field, post in (("text", Post(text=plain)), ("title", Post(title=plain))):
        spans = [hit.span for hit in find(post, index).hits if BRANDS[hit.brand].name == brand]
        assert [(span.start, span.end) for span in spans] == places
        assert [span.kind for span in spans] == kinds
        assert all(span.field == field and span.text == plain[span.start : span.end] for span in spans)


@pytest.mark.parametrize(
    "text",
    [
        "купил молоток и гвозди",
        "купил молоток. Ру вышел",
        "trust pilot error",  # parts of a glued name without capitals
        "авью авила авить",
        "у меня мой склад в подвале",
        "из моего склада в подвале",
        "мой, склад",
        "мой. Склад",
        "мой\n\nсклад",
        "подмойскладом",
        "комтс",
        "brand 245",
        "",
    ],
)
def test_what_is_no_mention(text: str, index: Index) -> None:
    assert find(Post(text=text), index).hits == ()


def test_title_and_text_have_their_own_offsets(index: Index) -> None:
    hits = find(Post(title="О Brand24", text="Да, Brand24"), index).hits
    assert [(hit.span.field, hit.span.start) for hit in hits] == [("title", 2), ("text", 4)]


def test_several_brands_in_one_post(index: Index) -> None:
    hits = find(Post(text="С Brand24 на TrustPilot"), index).hits
    assert [BRANDS[hit.brand].name for hit in hits] == ["Brand24", "TrustPilot"]


def test_of_overlapping_hits_the_longest_stays(morphology: Morphology) -> None:
    index = build([Brand(name="Рассвет", aliases=("Банк Рассвет",))], morphology)
    assert [hit.span.text for hit in find(Post(text="в Банке Рассвет"), index).hits] == ["Банке Рассвет"]


def test_two_brands_may_share_words(morphology: Morphology) -> None:
    index = build([Brand(name="Рассвет"), Brand(name="Рассвет Мобайл")], morphology)
    assert [hit.span.text for hit in find(Post(text="Рассвет Мобайл"), index).hits] == ["Рассвет", "Рассвет Мобайл"]


def test_an_exclusion_bars_only_its_own_brand(morphology: Morphology) -> None:
    index = build([Brand(name="Рассвет", exclude=("рассвет на море",)), Brand(name="Море")], morphology)
    text = "встретил рассвет на море, Рассвет молчит"
    assert [hit.span.start for hit in find(Post(text=text), index).hits] == [text.index("море"), text.index("Рассвет")]


def test_context_words_are_cues_in_any_form(morphology: Morphology) -> None:
    index = build([Brand(name="Рассвет", context_any=("касса",), context_none=("солнце", "ранний подъём"))], morphology)
    cues = find(Post(text="Кассы нет, солнца нет, раннего подъема нет"), index).cues
    assert [(cue.word, cue.supports) for cue in cues] == [("касса", True), ("солнце", False), ("ранний подъём", False)]


def test_no_brands_find_nothing(morphology: Morphology) -> None:
    assert find(Post(text="@moysklad МойСклад"), build([], morphology)).hits == ()


def test_a_flood_of_names_is_cut(index: Index) -> None:
    text = "#мойсклад Brand24 @moysklad " * 20_000
    assert 0 < len(find(Post(text=text), index).hits) <= 2 * MOST_PLACES


# Names and their parts; then breaks, marks, look-alikes, code points that change length, half a surrogate pair.
_BITS = st.one_of(
    st.sampled_from(["МойСклад", "мой", "склад", "Молотке", "bay", "ru", "Brand24", "МТС", "moysklad.ru", "https://"]),
    st.sampled_from("@.#_ йoоﬁİß😀\n\u0306\u200b\ud83d"),
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(_BITS).map("".join)), st.lists(_BITS).map("".join))
def test_any_text_gives_places_that_hold_what_they_say(text: str, title: str) -> None:
    index = _shared_index()
    for hit in find(Post(text=text, title=title), index).hits:
        field = title if hit.span.field == "title" else text
        assert hit.span.text == field[hit.span.start : hit.span.end] != ""


@settings(max_examples=50, deadline=None)
@given(name=st.text(min_size=1), alias=st.text(min_size=1))
def test_any_name_can_be_looked_for(name: str, alias: str) -> None:
    brand = Brand(name=name, aliases=(alias,), handles=(alias,), exclude=(name,), people=(alias,), own_domains=(name,))
    index = build([brand], _shared_morphology())
    for hit in find(Post(text=f"{name} {alias} @{alias}"), index).hits:
        assert hit.brand == 0


@cache
def _shared_morphology() -> Morphology:
    """For hypothesis, which does not take fixtures of a wider scope into its examples."""
    return Morphology()


@cache
def _shared_index() -> Index:
    return build(BRANDS, _shared_morphology())


WORLD = (
    Brand(name="Перлогуст"),
    Brand(name="КДМ"),
    Brand(name="H&M"),
    Brand(name="М.Гудок"),
    Brand(name="Л'Ромашуаль"),
    Brand(name="7-Sorrel"),
    Brand(name="Bookwing.com"),
    Brand(name="McFinley's"),
    Brand(name="Samdung"),
    Brand(name="Рассвет-Банк"),
    Brand(name="Тундра3"),
    Brand(name="Новый Рубеж", people=("Иван Кротов",)),
)


@pytest.fixture(scope="module")
def world(morphology: Morphology) -> Index:
    return build(WORLD, morphology)


@pytest.mark.parametrize(
    ("text", "brand", "kinds"),
    [
        ("⟦перлогустовский⟧ тариф и ⟦перлогустовскую⟧ карту", "Перлогуст", ["derived"] * 2),
        ("⟦перлогуста⟧, с ⟦Перлогустом⟧", "Перлогуст", ["inflected"] * 2),
        ("⟦Пeрл0густ⟧ и ⟦п3рлогуст⟧", "Перлогуст", ["folded"] * 2),
        ("⟦п е р л о г у с т⟧ молчит", "Перлогуст", ["spaced"]),
        ("⟦п.е.р.л.о.г.у.с.т.а⟧ и ⟦П-Е-Р-Л-О-Г-У-С-Т⟧", "Перлогуст", ["spaced"] * 2),
        ("⟦перрлогуст⟧, ⟦перлгуст⟧, ⟦прелогусте⟧, ⟦перлобуст⟧", "Перлогуст", ["typo"] * 4),
        ("⟦perlogust⟧, ⟦perlogoost⟧, ⟦PERLOGUSTOM⟧", "Перлогуст", ["translit"] * 3),
        ("⟦перлогуууст⟧", "Перлогуст", ["folded"]),
        ("пишите на info@⟦perlogust⟧-help.example", "Перлогуст", ["translit"]),
        ("читал на my⟦perlogust⟧.com", "Перлогуст", ["url"]),
        ("с ⟦КДМом⟧ у ⟦КДМа⟧, ⟦КДМ⟧-ом, ⟦кдмовский⟧", "КДМ", ["inflected", "inflected", "exact", "derived"]),
        ("в ⟦К Д М⟧ и ⟦к.д.м⟧.", "КДМ", ["spaced", "spaced"]),
        ("⟦КДМ24⟧", "КДМ", ["derived"]),
        ("⟦H&M⟧, ⟦H & M⟧, ⟦h&amp;m⟧, ⟦H and M⟧", "H&M", ["exact"] * 4),
        ("⟦М.Гудок⟧, ⟦М Гудке⟧, ⟦м-гудком⟧, ⟦мгудок⟧", "М.Гудок", ["exact", "inflected", "inflected", "exact"]),
        ("⟦Л’Ромашуаль⟧, ⟦лромашуали⟧", "Л'Ромашуаль", ["exact", "inflected"]),
        ("⟦7-Sorrel⟧ and ⟦7sorrel⟧", "7-Sorrel", ["exact"] * 2),
        ("⟦bookwing dot com⟧, ⟦Bookwing (точка) com⟧", "Bookwing.com", ["exact"] * 2),
        ("⟦bookwing{.}com⟧ а также ⟦Bookwing⟧ и ⟦буквинге⟧", "Bookwing.com", ["exact", "exact", "translit"]),
        ("⟦McFinleys⟧, ⟦McFinley's⟧, ⟦макфинлис⟧", "McFinley's", ["exact", "exact", "translit"]),
        ("⟦самдунг⟧, ⟦самдунгом⟧, ⟦самдунговский⟧", "Samdung", ["translit"] * 3),
        ("⟦Samdung⟧'ом, ⟦samdunga⟧, ⟦Samdungs⟧", "Samdung", ["exact", "inflected", "inflected"]),
        (
            "⟦Рассвет-Банка⟧, ⟦рассвет банке⟧, ⟦рассветбанком⟧, ⟦rassvet bank⟧",
            "Рассвет-Банк",
            ["inflected"] * 3 + ["translit"],
        ),
        ("⟦Тундра3⟧, ⟦тундра-3⟧, ⟦tundra3⟧", "Тундра3", ["exact", "exact", "translit"]),
        ("интервью ⟦Ивана Кротова⟧ и ⟦Кротов Иван⟧", "Новый Рубеж", ["person"] * 2),
        ("⟦Нового Рубежа⟧ мало", "Новый Рубеж", ["inflected"]),
    ],
)
def test_disguises_and_endings_are_seen_through(text: str, brand: str, kinds: list[str], world: Index) -> None:
    plain, places = marked(text)
    spans = [hit.span for hit in find(Post(text=plain), world).hits if WORLD[hit.brand].name == brand]
    assert [(span.start, span.end) for span in spans] == places
    assert [span.kind for span in spans] == kinds
    assert all(0 < span.confidence <= 1 for span in spans)


@pytest.mark.parametrize(
    "text",
    [
        "h m и хм",
        "новым рубежа",  # the words do not agree
        "К. Д. и другие",
        "8дм труба",
        "рассвет",
        "перлопустик и перлогр",  # two mistakes
        "самдун",
        "м гудел",
        "Т. е. к д",
    ],
)
def test_what_only_looks_like_a_name(text: str, world: Index) -> None:
    assert find(Post(text=text), world).hits == ()


def test_a_dictionary_word_is_no_typing_mistake(morphology: Morphology) -> None:
    index = build([Brand(name="Магазим"), Brand(name="Complaine")], morphology)
    assert find(Post(text="В магазин зашёл, complained"), index).hits == ()
    assert [hit.span.kind for hit in find(Post(text="Маагазим, compllaine"), index).hits] == ["typo"] * 2


def test_a_dictionary_word_that_spells_a_foreign_name_is_doubtful(morphology: Morphology) -> None:
    index = build([Brand(name="Pobeda"), Brand(name="Nike")], morphology)
    found = find(Post(text="Летел Победой, ник такой-то, найк"), index).hits
    assert [(hit.span.text, hit.common) for hit in found] == [("Победой", True), ("найк", False)]


def test_the_sureness_of_a_hit_falls_with_the_disguise(world: Index) -> None:
    text = "Перлогуст перлогуста perlogust перлгуст"
    sure = [hit.span.confidence for hit in find(Post(text=text), world).hits]
    assert sure == sorted(sure, reverse=True)
    assert sure[0] == 1.0 > sure[-1]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("Booking.com", "make a booking, booking.com", ["booking.com"]),
        ("Nordische Kahn", "der Nordischen Kahn, mit Nordischer Kahn", ["Nordischen Kahn", "Nordischer Kahn"]),
        ("Перлогустка", "много перлогусток", ["перлогусток"]),
        ("Камень", "о камне, камнями, с камня", ["камне", "камнями", "камня"]),
        ("КДТС", "kdts", ["kdts"]),
    ],
)
def test_a_name_alone_is_found_as(name: str, text: str, found: list[str], morphology: Morphology) -> None:
    index = build([Brand(name=name)], morphology)
    assert [hit.span.text for hit in find(Post(text=text), index).hits] == found


def test_many_names_do_not_change_what_is_found(morphology: Morphology) -> None:
    others = [Brand(name=f"Кло{first}{second}ерц") for first in "абвгдежз" for second in "аеиоуя"]
    index = build([*WORLD, *others], morphology)
    text = "перлогустовский, КДМом, h & m, bookwing dot com, самдунгом, перлгуст"
    few = build(WORLD, morphology)
    assert find(Post(text=text), index).hits == find(Post(text=text), few).hits
    # What was asked once is answered the same again.
    assert find(Post(text=text), index).hits == find(Post(text=text), few).hits
