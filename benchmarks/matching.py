"""How well and how fast names are found: recall on forms and on disguises, false hits, speed, fifty thousand names.

`python -m benchmarks.matching [--json] [--background FILE…] [--terms N] [--show] [--only SUITE…]`. Sentences, brands,
forms and disguises are made here, the transliterations by tables of their own, so that a suite does not ask the
matcher's tables whether they agree with themselves. A background file is .csv.gz, .tsv.gz or .txt with a text in the
column `text`, `comment` or `sentence`; what is found there is printed with `--show`, for a person to say what is
false. On the same texts the speed is measured, with 14 brands and with N names more, each on the first sight of the
texts (words are remembered) and again; of RUNS runs the best counts, because other programs disturb. Exit 1 where a
bar is missed.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.models import Brand, Post
from monitor.understanding.matching.forms import Morphology
from monitor.understanding.matching.matcher import find
from monitor.understanding.matching.names import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from monitor.understanding.matching.names import Index

SEED = 20261122
EACH = 1_500  # texts of a suite
BARS = {
    "forms, aliases": 0.98, "forms, bare names": 0.89, "homoglyphs": 0.95, "whole word in the other script": 0.95,
    "digits": 0.95, "zero width": 0.95, "spaced": 0.95, "typos": 0.95, "transliteration": 0.95, "heard": 0.80,
    "addresses": 0.95,
}  # fmt: skip
FALSE_HITS, TEXTS_A_SECOND, LOAD_SECONDS, COST = 15, 5_000, 5.0, 2.0
TERMS = 50_000
RUNS, TIMED_TEXTS = 3, 6_000

# A name, what a brand manager would list beside it, and forms that people use of any of these.
BRANDS: dict[str, tuple[tuple[str, ...], str]] = {
    "Сбербанк": (
        ("Сбер", "Sberbank"),
        "Сбербанк Сбербанка Сбербанку Сбербанком Сбербанке сбербанковский сбербанковскую",
    ),
    "ВТБ": (("ВТБ24", "ВТБ 24"), "ВТБ ВТБ-24 втб"),
    "Газпромбанк": (("ГПБ",), "Газпромбанк Газпромбанка Газпромбанку Газпромбанком Газпромбанке газпромбанковская"),
    "Альфа-Банк": (
        ("Альфабанк",),
        "Альфа-Банк Альфа-Банка Альфа-Банке Альфабанком альфабанку Альфа Банком альфабанковский",
    ),
    "Банк Москвы": (("БМ",), "Банк Москвы Банка Москвы Банку Москвы Банком Москвы Банке Москвы"),
    "Райффайзенбанк": (("Райффайзен", "Raiffeisen"), "Райффайзенбанк Райффайзенбанка Райффайзенбанком райффайзенбанке"),
    "Россельхозбанк": (
        ("РСХБ",),
        "Россельхозбанк Россельхозбанка Россельхозбанку Россельхозбанком россельхозбанковский",
    ),
    "Уралсиб": (("Uralsib",), "Уралсиб Уралсиба Уралсибу Уралсибом Уралсибе уралсибовский"),
    "Билайн": (
        ("Beeline", "Вымпелком"),
        "Билайн Билайна Билайну Билайном Билайне билайновский билайновскую билайновского",
    ),
    "МТС": ((), "МТС МТСа МТСом МТСу МТСе МТС-ом мтс мтсом мтсовский"),
    "МегаФон": (("Megafon",), "МегаФон Мегафона Мегафону Мегафоном Мегафоне мегафоновский мегафоновская"),
    "Теле2": (("Теле 2", "Tele2"), "Теле2 теле2 Теле-2 теле 2"),
    "Ростелеком": (("РТК",), "Ростелеком Ростелекома Ростелекому Ростелекомом Ростелекоме ростелекомовский"),
    "Скайлинк": (("Sky Link", "Скай Линк"), "Скайлинк Скайлинка Скайлинку Скайлинком Скайлинке скайлинковский"),
}
# Names as they are disguised; those of three letters too.
PLAIN = ("Сбербанк", "ВТБ", "Газпромбанк", "Альфабанк", "Райффайзенбанк", "Россельхозбанк", "Уралсиб", "Билайн", "МТС",
         "МегаФон", "Ростелеком", "Скайлинк")  # fmt: skip
LATIN = {  # as written, and as people hear it
    "Booking": "букинг букинге букинга", "Samsung": "самсунг самсунга самсунге", "Apple": "эпл эппл", "Google": "гугл",
    "Wildberries": "вайлдберриз вайлдберис", "Uber": "убер убером", "Facebook": "фейсбук фейсбуке", "Huawei": "хуавей",
    "Lenovo": "леново", "Starbucks": "старбакс старбаксе", "AliExpress": "алиэкспресс алиэкспрессе", "Skype": "скайп",
    "WhatsApp": "ватсап вотсап ватсапе", "YouTube": "ютуб ютубе", "Spotify": "спотифай", "Netflix": "нетфликс",
    "Volkswagen": "фольксваген фольксвагена", "PayPal": "пейпал", "Telegram": "телеграм телеграме", "Adidas": "адидас",
    "Trustpilot": "трастпилот трастпайлоте", "Decathlon": "декатлон декатлоне", "Lamoda": "ламода ламоды ламоде",
    "Philips": "филипс филипса", "Bosch": "бош боша", "Siemens": "сименс", "Toyota": "тойота тойоты", "Zara": "зара",
    "Burger King": "бургер|кинг", "Coca-Cola": "кока-кола кока-колы кока-колу", "McDonald's": "макдональдс",
    "Leroy Merlin": "леруа|мерлен", "Auchan": "ашан ашане", "IKEA": "икеа", "DHL": "дхл", "KFC": "кфс",
    "Airbnb": "эйрбнб", "Twitter": "твиттер твиттере", "Zalando": "заландо", "Tinkoff": "тинькофф тинькоффе",
}  # fmt: skip
SENTENCES = (
    "Вчера снова стоял в очереди, {} как всегда", "кто пользуется {}, отзовитесь", "Ну и что теперь делать с {}?",
    "спасибо, {}, за испорченный день!!!", "«{}» опять поднял цены", "перешла от {} к другим и не жалею",
    "По поводу {}: второй день тишина", "{} работает нормально", "пишу про {} в третий раз", "да ну этот {}",
    "Разговаривал с оператором ({}), сказали ждать", "Мой отзыв о {} удалили", "а вот {} - молодцы 😀", "{}",
)  # fmt: skip

_LOOKS = dict(zip("авекмнорстухАВЕКМНОРСТУХ", "abekmhopctyxABEKMHOPCTYX", strict=True))
_FIGURES = dict(zip("озчбОЗЧБтТ", "0346034677", strict=True)) | {
    "е": "3",
    "Е": "3",
    "а": "4",
    "А": "4",
    "в": "8",
    "В": "8",
}
_FIGURES.update({"о": "0", "О": "0", "з": "3", "З": "3", "ч": "4", "Ч": "4", "б": "6", "Б": "6"})
_SCHEMES = {  # name: letters that differ from the plain table
    "passport": {"х": "kh", "ц": "ts", "щ": "shch", "ю": "iu", "я": "ia", "й": "i", "ъ": "ie", "ы": "y"},
    "street signs": {"х": "kh", "ц": "ts", "ю": "yu", "я": "ya", "й": "y", "ы": "y"},
    "gost b": {"х": "x", "ц": "cz", "щ": "shh", "ю": "yu", "я": "ya", "й": "j", "ы": "y"},
    "iso": {"х": "h", "ц": "c", "ж": "z", "ч": "c", "ш": "s", "ю": "u", "я": "a", "й": "j", "ы": "y"},
    "chat": {"х": "h", "в": "w", "ш": "w", "ч": "4", "ж": "j", "ц": "c", "ю": "ju", "я": "ja", "й": "j", "к": "c"},
    "games": {"х": "x", "к": "k", "ц": "c", "й": "i", "ы": "i", "ф": "ph", "с": "c"},
    "doubtful": {"х": "kh", "й": "y", "к": "c", "ф": "f", "з": "z", "у": "oo", "и": "ee"},
    "german": {"х": "ch", "в": "w", "з": "s", "ш": "sch", "ц": "z", "й": "i", "ы": "y", "ч": "tsch"},
}
_LATIN_OF = dict(zip("абвгдежзийклмнопрстуфхцчшщъыьэюя", [
    "a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "h", "ts",
    "ch", "sh", "shch", "", "y", "", "e", "yu", "ya"], strict=True))  # fmt: skip


def forms(*, aliases: bool) -> Iterator[tuple[str, str]]:
    """Name and form, those of aliases only where these are listed."""
    for name, (_, listed) in BRANDS.items():
        glued = listed.replace("Банк Москвы", "Банк|Москвы").replace("Банка М", "Банка|М").replace("Банку М", "Банку|М")
        glued = glued.replace("Банком М", "Банком|М").replace("Банке М", "Банке|М").replace("Альфа Б", "Альфа|Б")
        yield from ((name, form.replace("|", " ")) for form in glued.replace("теле 2", "теле|2").split())
        if aliases:
            yield from ((name, alias) for alias in BRANDS[name][0])


def look_alike(name: str, chance: random.Random) -> str:
    """Half of the letters that can be exchanged, at least one."""
    places = [at for at, letter in enumerate(name) if letter in _LOOKS]
    chosen = set(chance.sample(places, max(1, len(places) // 2)))
    return "".join(_LOOKS[c] if at in chosen else c for at, c in enumerate(name))


def figures(name: str, chance: random.Random) -> str:
    """Digits for one or two letters inside."""
    places = [at for at, letter in enumerate(name) if at and letter in _FIGURES] or [
        at for at, letter in enumerate(name) if letter in _FIGURES
    ]
    chosen = set(chance.sample(places, min(len(places), chance.choice([1, 1, 2]))))
    return "".join(_FIGURES[c] if at in chosen else c for at, c in enumerate(name))


def zero_width(name: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(name))
    return name[:at] + chance.choice("\u200b\u200c\u200d\u2060\ufeff\u00ad") + name[at:]


def spaced(name: str, chance: random.Random) -> str:
    return chance.choice([" ", ".", "-", "_", "*", ". ", "  "]).join(name).replace(". ", chance.choice([".", " "]))


def mistyped(name: str, chance: random.Random) -> str:
    """One letter left out, exchanged, doubled, or two turned round; not the first."""
    at = chance.randrange(1, len(name) - 1)
    kind = chance.randrange(4)
    other = chance.choice([c for c in "абвгдеиклмнопрстужч" if c != name[at].lower()])
    if kind == 3 and name[at].lower() == name[at + 1].lower():
        kind = 0
    made = (
        name[at + 1 :],
        other + name[at + 1 :],
        name[at] * 2 + name[at + 1 :],
        name[at + 1] + name[at] + name[at + 2 :],
    )
    return name[:at] + made[kind]


def latin(name: str, chance: random.Random) -> str:
    table = _LATIN_OF | _SCHEMES[chance.choice(sorted(_SCHEMES))]
    made = "".join(table.get(letter, letter) for letter in name.lower())
    return chance.choice([made, made.capitalize(), made.upper()])


def disguised(change: Callable[[str, random.Random], str], *, least: int = 1) -> Iterator[tuple[str, str]]:
    chance = random.Random(SEED)
    for name in cycle([name for name in PLAIN if len(name) >= least]):
        yield name, change(name, chance)


def heard() -> Iterator[tuple[str, str]]:
    for name, said in LATIN.items():
        yield from ((name, form.replace("|", " ")) for form in said.split())


def addresses() -> Iterator[tuple[str, str]]:
    for name in ("Сбербанк", "Россельхозбанк", "Билайн", "МегаФон", "Ростелеком", "Уралсиб"):
        table = _LATIN_OF | _SCHEMES["street signs"]
        made = "".join(table[letter] for letter in name.lower())
        for text in (f"@{made}", f"@{made}_help", f"#{name}", f"#{name.lower()}тормозит", f"#не{name.lower()}",
                     f"https://{made}.ru/page", f"www.{made}-online.ru", f"{made}[.]ru", f"{made} (точка) ru",
                     f"info@{made}.ru", f"my{made}.com"):  # fmt: skip
            yield name, text


class Suite:
    """Texts that name a brand, and how many are seen to."""

    def __init__(self, name: str, pairs: Iterable[tuple[str, str]], index: Index, names: list[str]) -> None:
        self.name = name
        texts = [
            (wanted, sentence.format(said)) for (wanted, said), sentence in zip(pairs, cycle(SENTENCES), strict=False)
        ]
        self.n = len(texts)
        found = [{names[hit.brand] for hit in find(Post(text=text), index).hits} for _, text in texts]
        self.missed = [(wanted, text) for (wanted, text), said in zip(texts, found, strict=True) if wanted not in said]
        self.wrong = sum(len(said - {wanted}) for (wanted, _), said in zip(texts, found, strict=True))
        self.recall = 1 - len(self.missed) / self.n


def suites(only: set[str]) -> Iterator[Suite]:
    morphology = Morphology()
    with_aliases = [Brand(name=name, aliases=aliases) for name, (aliases, _) in BRANDS.items()]
    bare = [Brand(name=name) for name in BRANDS]
    disguise = [Brand(name="Альфабанк" if name == "Альфа-Банк" else name) for name in BRANDS]
    foreign = [Brand(name=name) for name in LATIN]
    made: dict[str, tuple[list[Brand], Iterable[tuple[str, str]]]] = {
        "forms, aliases": (with_aliases, islice(cycle(forms(aliases=True)), EACH)),
        "forms, bare names": (bare, islice(cycle(forms(aliases=True)), EACH)),
        "homoglyphs": (disguise, islice(disguised(look_alike), EACH)),
        "whole word in the other script": (disguise, [("МТС", "MTC"), ("ВТБ", "BTБ")] * 20),
        "digits": (disguise, islice(disguised(figures), EACH)),
        "zero width": (disguise, islice(disguised(zero_width), EACH)),
        "spaced": (disguise, islice(disguised(spaced), EACH)),
        "typos": (disguise, islice(disguised(mistyped, least=7), EACH)),
        "transliteration": (disguise, islice(disguised(latin), EACH)),
        "heard": (foreign, list(heard()) * 5),
        "addresses": (disguise, list(addresses()) * 3),
    }
    for name, (brands, pairs) in made.items():
        if not only or name in only:
            yield Suite(name, pairs, build(brands, morphology), [brand.name for brand in brands])


def read_background(path: Path) -> Iterator[str]:
    data = path.read_bytes()
    lines = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8").splitlines(keepends=True)
    if ".txt" in path.name:
        yield from filter(None, map(str.strip, lines))
        return
    tabs = ".tsv" in path.name
    table = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.DictReader(lines)
    for row in table:
        yield next(row[column] for column in ("text", "comment", "sentence") if column in row)


def syllables(chance: random.Random, count: int) -> list[str]:
    """Invented names, half Russian, some of two words or in CamelCase."""
    russian = (
        "ба",
        "ве",
        "гид",
        "дом",
        "жур",
        "за",
        "кор",
        "ло",
        "ми",
        "нет",
        "пра",
        "ру",
        "сто",
        "та",
        "фе",
        "шар",
        "яр",
    )
    english = (
        "ba",
        "ven",
        "gi",
        "dom",
        "lux",
        "za",
        "cor",
        "lo",
        "mi",
        "net",
        "pra",
        "ru",
        "sto",
        "tech",
        "fe",
        "shop",
    )
    made: dict[str, None] = {}
    while len(made) < count:
        stock = chance.choice([russian, english])
        words = ["".join(chance.choices(stock, k=chance.choice([2, 3, 3, 4]))).capitalize() for _ in range(2)]
        made[chance.choice([words[0], words[0], words[0], " ".join(words), "".join(words), words[0] + "24"])] = None
    return list(made)


def rate(index: Index, texts: list[str]) -> float:
    """Texts a second, of the processor's time."""
    posts = [Post(text=text) for text in texts]
    started = time.process_time()
    for post in posts:
        find(post, index)
    return len(texts) / (time.process_time() - started)


def memory() -> float:
    """This process's share of memory, in MB."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def speed(texts: list[str], count: int) -> dict[str, float]:
    morphology = Morphology()
    brands = [Brand(name=name, aliases=aliases) for name, (aliases, _) in BRANDS.items()]
    many_brands = [*brands, *(Brand(name=term) for term in syllables(random.Random(SEED), count))]
    few: list[float] = []
    few_again: list[float] = []
    load: list[float] = []
    size: list[float] = []
    many: list[float] = []
    many_again: list[float] = []
    for _ in range(RUNS):
        index = build(brands, morphology)
        few.append(rate(index, texts))
        few_again.append(rate(index, texts))
        before, started = memory(), time.process_time()
        index = build(many_brands, morphology)
        load.append(time.process_time() - started)
        size.append(memory() - before)
        many.append(rate(index, texts))
        many_again.append(rate(index, texts))
    return {
        "texts_per_second": max(few),
        "texts_per_second_again": max(few_again),
        "load_seconds": min(load),
        "load_mb": size[0],
        "terms_texts_per_second": max(many),
        "cost_of_terms": max(few) / max(many),
        "cost_of_terms_again": max(few_again) / max(many_again),
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show", action="store_true", help="print what was missed and what the background holds")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--background", nargs="*", type=Path, default=[])
    parser.add_argument("--terms", type=int, default=TERMS, help="invented names beside the 14, for the speed")
    given = parser.parse_args(arguments)
    failed = False
    figures_of: dict[str, object] = {}
    for suite in suites(set(given.only)):
        failed |= suite.recall < BARS[suite.name]
        figures_of[suite.name] = {
            "n": suite.n,
            "recall": round(suite.recall, 4),
            "bar": BARS[suite.name],
            "wrong": suite.wrong,
        }
        if given.show:
            for wanted, text in sorted(set(suite.missed)):
                print(f"missed in {suite.name}: {wanted}: {text}", file=sys.stderr)
    texts = list(dict.fromkeys(text for path in given.background for text in read_background(path)))
    if texts:
        brands = [Brand(name=name, aliases=aliases) for name, (aliases, _) in BRANDS.items()]
        index = build(brands, Morphology())
        hits = [(hit, text) for text in texts for hit in find(Post(text=text), index).hits]
        figures_of["background"] = {"texts": len(texts), "hits": len(hits)}
        if given.show:
            for hit, text in hits:
                start = hit.span.start
                around = text[max(0, start - 40) : hit.span.end + 40].replace("\n", " ")
                print(f"{brands[hit.brand].name} [{hit.span.kind}] «{hit.span.text}»: {around}", file=sys.stderr)
        measured = speed(random.Random(SEED).sample(texts, min(TIMED_TEXTS, len(texts))), given.terms)
        figures_of["speed"] = {key: round(value, 2) for key, value in measured.items()}
        failed |= measured["texts_per_second"] < TEXTS_A_SECOND or measured["load_seconds"] > LOAD_SECONDS
        failed |= measured["cost_of_terms"] > COST
    if given.json:
        print(json.dumps(figures_of, ensure_ascii=False))
    else:
        for name, said in figures_of.items():
            print(f"{name:32} {said}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
