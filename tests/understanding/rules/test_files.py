"""Rule files with one mistake each: what is told, and where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from monitor.errors import InputError
from monitor.understanding.rules import FOLDER, Rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RULE = '[[rule]]\nid = "it"\ncase = "threat"\n'
GROUP = '[groups]\ncourt = ["суд"]\n'

RULE_FILES = [
    # the file
    ("rule = [", "ru.toml: is no TOML: "),
    ("[grups]\n", "ru.toml:1: grups: unknown table; did you mean groups?"),
    ("groups = 1\n", "ru.toml:1: groups: must be a table [groups] of lists"),
    ("[groups]\nStaff = ['а']\n", "ru.toml:1: groups: «Staff» is no name: small Latin letters, digits and _"),
    (
        "[groups]\nstaff = []\n",
        "ru.toml:1: groups: «staff» must be a list of patterns in quotation marks, at least one",
    ),
    ("[groups]\nstaff = ['а', 2]\n", "groups: «staff» must be a list of patterns"),
    ("[groups]\na = ['x y/1per+foo']\n", "groups: group @a, entry «x y/1per+foo»: unknown mark «foo» in «y/1per+foo»"),
    ("[groups]\na = ['@a']\n", "groups: group @a, entry «@a»: group @a holds itself"),
    ("[groups]\na = ['@b']\n", "groups: group @a, entry «@b»: unknown group @b; known: a"),
    (
        "[groups]\na = ['%start вот']\n",
        "groups: group @a, entry «%start вот»: %start and %end may stand in patterns only",
    ),
    ("[words]\nnegative = ['не']\n", "ru.toml:1: words: unknown list «negative»; did you mean negation?"),
    ("[words]\nnegation = ['не ~']\n", "words: «не ~»: ~ is no gap: write ~3, or ~~3 across clauses"),
    ("[rule]\nid = 'a'\n", "ru.toml:1: rule: rules are written as [[rule]]"),
    # a rule's fields
    ("[[rule]]\ncase = 'threat'\nany = ['а']\n", "ru.toml: rule 1: «id» must be small Latin letters and digits"),
    ("[[rule]]\nid = 'A b'\ncase = 'threat'\nany = ['а']\n", "ru.toml: rule 1: «id» must be small Latin letters"),
    (f"{RULE}any = ['а']\n\n{RULE}any = ['б']\n", "it: this id is taken by an earlier rule"),
    ("[[rule]]\nid = 'it'\nany = ['а']\n", "ru.toml:2: it: «case» is missing"),
    ("[[rule]]\nid = 'it'\ncase = 'thread'\nany = ['а']\n", "it: unknown case «thread»; did you mean threat?"),
    (f"{RULE}", "it: has neither «any» nor «all» nor «when»"),
    (f"{RULE}anny = ['а']\nany = ['а']\n", "it: unknown field «anny»; did you mean any?"),
    (f"{RULE}any = 'а'\n", "it: «any» must be a list of texts in quotation marks"),
    (f"{RULE}any = []\n", "it: «any» is an empty list; leave it out"),
    (f"{RULE}any = ['а']\nguards = ['negated']\n", "it: unknown «negated» in guards; did you mean negation?"),
    (f"{RULE}any = ['а']\nwithin = 3\n", "it: «within» says how «all» stand together, and there is no «all»"),
    (f"{RULE}all = ['а', 'б']\nscope = 'post'\n", "it: unknown scope «post»; known: clause, sentence, text"),
    (f"{RULE}all = ['а', 'б']\nwithin = -1\n", "it: «within» is -1 and must be from 0 to 200"),
    (f"{RULE}all = ['а', 'б']\nwithin = 1.5\n", "it: «within» must be a whole number"),
    (f"{RULE}any = ['а']\nweight = 'big'\n", "it: «weight» must be a number"),
    (f"{RULE}any = ['а']\nweight = 99\n", "it: «weight» is 99 and must be from -10 to 10"),
    # conditions
    (
        f"{RULE}when = ['words => 3']\n",
        "it: «words => 3» is no condition: write a figure, one of >= <= > < ==, and a number",
    ),
    (f"{RULE}when = ['word >= 3']\n", "it: unknown figure «word» in «word >= 3»; did you mean words?"),
    # patterns
    (f"{RULE}any = ['']\n", "it: «»: an empty pattern"),
    (f"{RULE}any = ['~2 суд']\n", "it: «~2 суд»: the gap ~2 must stand between two items"),
    (f"{RULE}any = ['суд ~2']\n", "it: «суд ~2»: the gap ~2 must stand between two items"),
    (f"{RULE}any = ['в ~2 ~2 суд']\n", "it: «в ~2 ~2 суд»: the gap ~2 must stand between two items"),
    (f"{RULE}any = ['в ~99 суд']\n", "it: «в ~99 суд»: the gap ~99 must be of 1 to 30 tokens"),
    (f"{RULE}any = ['в ~x суд']\n", "it: «в ~x суд»: ~x is no gap"),
    (f"{RULE}any = ['суд?']\n", "it: «суд?»: every item may be absent: nothing is left to find"),
    (f"{RULE}any = ['суд|']\n", "it: «суд|»: «суд|» has an empty alternative"),
    (f"{RULE}any = ['/1per']\n", "it: «/1per»: /1per has no word"),
    (f"{RULE}any = ['су*д']\n", "it: «су*д»: «су*д» in «су*д» is no word"),
    (f"{RULE}any = ['=суд*']\n", "it: «=суд*»: «=суд*» in «=суд*» is no word"),
    (f"{RULE}any = ['суд/1pers']\n", "it: «суд/1pers»: unknown mark «1pers» in «суд/1pers»; did you mean 1per?"),
    (f"{RULE}any = ['%brnd']\n", "it: «%brnd»: unknown %brnd; did you mean brand?"),
    (f"{RULE}any = ['в %start']\n", "it: «в %start»: %start must be the first item and %end the last"),
    (f"{RULE}any = ['%start|в суд']\n", "it: «%start|в суд»: %start must be an item of its own"),
    (f"{RULE}any = ['%start']\n", "it: «%start»: %start alone is no pattern"),
    (f"{RULE}any = ['@Court']\n", "it: «@Court»: @Court is no name of a group: small Latin letters, digits and _"),
    (f"{GROUP}{RULE}any = ['@cort']\n", "it: «@cort»: unknown group @cort; did you mean court?"),
    (f"{RULE}any = ['онлайн-ча*']\n", "it: «онлайн-ча*»: «онлайн-ча» is 2 words to the reader; write them apart"),
    (f"{RULE}any = ['а']\nunless = ['%no']\n", "it: «%no»: unknown %no"),
]


@pytest.mark.parametrize(("source", "told"), RULE_FILES)
def test_one_mistake_in_a_rule_file(bench: Callable[..., Any], source: str, told: str) -> None:
    with pytest.raises(InputError) as raised:
        bench(ru=source)
    lines = str(raised.value).splitlines()
    assert len(lines) == 1
    assert told in lines[0]
    assert lines[0].startswith("ru.toml")


GOOD = '[a]\nlevel = "high"\nsays = {en = "A"}\n'
CASE_FILES = [
    ("", "cases.toml: names no case"),
    ("a = 1\n", "cases.toml:1: a: a case is a table [name]"),
    ('[A]\nlevel = "high"\nsays = {en = "A"}\n', "cases.toml:1: A: a case is a table [name]"),
    (GOOD.replace("high", "grave"), "cases.toml:1: a: unknown level «grave»; known: critical, high, info, medium"),
    ('[a]\nsays = {en = "A"}\n', "a: «level» is missing"),
    ('[a]\nlevel = "high"\n', "a: «says» must be sentences by language"),
    ('[a]\nlevel = "high"\nsays = {ru = "А"}\n', "a: «says» has no English sentence"),
    (f"{GOOD}floor = 101\n", "a: «floor» is 101 and must be from 0 to 100"),
    (f"{GOOD}threshold = 0\n", "a: «threshold» is 0 and must be from 0.01 to 100"),
    (f'{GOOD}guards = ["irony"]\n', "a: unknown «irony» in guards; known: direction, negation, question"),
    (f"{GOOD}hides = 1\n", "a: «hides» must be true or false"),
    (f"{GOOD}flor = 1\n", "a: unknown field «flor»; did you mean floor?"),
]


@pytest.mark.parametrize(("source", "told"), CASE_FILES)
def test_one_mistake_in_the_cases(bench: Callable[..., Any], source: str, told: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(told) if told.startswith('cases') else '.*' + re.escape(told)}"):
        bench(cases=source)


def test_a_folder_without_cases(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cases\.toml: cannot be read: No such file"):
        Rules.load(tmp_path)


def test_a_file_that_is_no_utf_8(bench: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "de.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(InputError, match=r"de\.toml: is no UTF-8 text: byte 6"):
        bench()


def test_a_file_that_is_named_after_no_language(bench: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match=r"russian\.toml: a rule file is named after its language"):
        bench(russian="")


def test_all_mistakes_are_told_at_once_with_their_lines(bench: Callable[..., Any]) -> None:
    with pytest.raises(InputError) as raised:
        bench(
            ru=f"{RULE}any = ['%x']\n\n[[rule]]\nid = 'more'\ncase = 'no'\nany = ['~2']\n",
            en=f"{RULE}weight = true\nany = ['a']\n",
        )
    assert [line.split(" ")[:2] for line in str(raised.value).splitlines()] == [
        ["en.toml:2:", "it:"],
        ["ru.toml:2:", "it:"],
        ["ru.toml:7:", "more:"],
        ["ru.toml:7:", "more:"],
    ]


def test_what_is_shipped_loads() -> None:
    rules = Rules.load()
    assert list(rules.cases)
    assert {case.floor for case in rules.cases.values() if case.level == "critical"} == {75}
    assert [name for name, case in rules.cases.items() if case.hides] == ["spam"]
    assert all(case.says.keys() >= {"en", "ru"} for case in rules.cases.values())
    assert {path.stem for path in FOLDER.glob("*.toml")} >= {"cases", "ru", "en"}
