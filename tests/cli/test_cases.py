"""`monitor cases` and `people`, as support staff run them: real files, a real database, no face of its own."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from monitor.cases.bodies import usage
from monitor.cases.playbooks import known
from monitor.cases.roles import Act
from monitor.cli.cases import cases_app
from monitor.models import Author, Lemmas, Level, Person, Post, Role, SpecialCase
from monitor.store import Store, open_writer
from tests.alerting.alerts import make_mention
from tests.cli.inprocess import Done, run_command
from tests.cli.test_changes import running

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime.now(UTC)
CONFIG = """
contact: watch@shop.test
sentiment: fast
brands: [{name: МойСклад}, {name: Ромашка}]
sources:
  - {name: forum, kind: feed, url: "http://127.0.0.1:9/feed", allow: [127.0.0.0/8]}
receivers:
  desk: {urls: ["json://127.0.0.1:9/desk"], budget: off}
  counsel: {urls: ["json://127.0.0.1:9/counsel"], budget: off}
routes: [{match: "sentiment:negative", to: desk, group_wait: 0s, group_interval: 0s}]
playbooks:
  negative: {acknowledge: 2h, templates: {ru: {наш: "Спасибо, {name}! Мы разберёмся к {term}."}}}
web: {listen: "127.0.0.1:0"}
"""


CASES = ((), ("rude_staff",), ("vip",), ("legal_threat",), ("rude_staff", "vip"))
"""The special cases of the cases that are there already, which are numbered from 1."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases")
    (folder / "sources.yaml").write_text(CONFIG, encoding="utf-8")
    for number, special in enumerate(CASES, start=1):
        mention = complain(folder, "В МоёмСкладе всё сломалось", *special, by=f"Ольга {number}")
        assert act(folder, "open", str(mention))["case"]["id"] == number
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    """An installation with `CASES`, of which nothing was done yet."""
    return Path(shutil.copytree(prepared, tmp_path / "monitor"))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """An installation without any case."""
    (tmp_path / "sources.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str, as_: str | None = "Ира", code: int = 0, **other: Any) -> Done:
    environ = {"COLUMNS": "120", **({"MONITOR_PERSON": as_} if as_ else {})}
    done = run_command(folder, *arguments, environ=environ, **other)
    assert done.returncode == code, (arguments, done.stdout, done.stderr)
    return done


def act(folder: Path, *arguments: str, as_: str | None = "Ира", **other: Any) -> dict[str, Any]:
    """What an act came to, as programs read it."""
    told: dict[str, Any] = json.loads(run(folder, "cases", *arguments, "--json", as_=as_, **other).stdout)
    return told


def listed(folder: Path, *arguments: str, code: int = 0, as_: str | None = "Ира") -> list[dict[str, Any]]:
    done = run(folder, "cases", "list", *arguments, "--json", code=code, as_=as_)
    return [json.loads(line) for line in done.stdout.splitlines()]


def complain(
    folder: Path, text: str = "В МоёмСкладе опять ничего не работает", *special: str, by: str = "Ольга", **other: Any
) -> int:
    """A complaint that is stored, in no case yet; the number of its mention."""
    with closing(Store(open_writer(folder / "monitor.db"))) as store:
        source = store.import_source("forum", NOW)
        number = re.sub(r"\W", "", f"{text}{by}{special}")
        post = Post(
            native_id=number,
            text=text,
            url="https://forum.example/t/1",
            author=Author(name=by),
            published=NOW - timedelta(minutes=30),
        )
        post_id = store.add_post(source, post, identities=[f"id:{number}"], now=NOW)
        assert post_id is not None
        cases = tuple(
            SpecialCase(name=name, level=Level.HIGH, rule="r", field="text", start=0, end=1) for name in special
        )
        mention = replace(make_mention(), special_cases=cases, **other)
        stored = store.add_mention(post_id, mention, decision="", lemmas=Lemmas(text=text.lower()), now=NOW)
        assert stored is not None
        return stored


def numbered(*special: str) -> str:
    """The number of the case with these special cases."""
    return str(CASES.index(special) + 1)


def staff(folder: Path, **people: Role) -> None:
    with closing(Store(open_writer(folder / "monitor.db"))) as store:
        for name, role in people.items():
            store.put_person(Person(name=name, role=role), NOW)


# ── acts ──

VERDICT = ("verdict", "ID", "justified", "--note", "склад подтвердил")
ANSWER = ("answer", "ID", "--text", "Спасибо, что написали. Мы нашли ошибку и исправили её.")


@pytest.mark.parametrize(
    ("arguments", "kind", "said", "state"),
    [
        (("take", "ID"), "assigned", {"owner": "Ира"}, "checking"),
        (("assign", "ID", "Пётр"), "assigned", {"owner": "Пётр"}, "checking"),
        (("note", "ID", "звонил сосед"), "noted", {"text": "звонил сосед"}, "checking"),
        (
            ("evidence", "ID", "чек", "--url", "https://shop.test/check.png"),
            "evidence",
            {"what": "чек", "url": "https://shop.test/check.png"},
            "checking",
        ),
        (("ticket", "ID", "HD-17"), "ticket", {"id": "HD-17"}, "checking"),
        (
            ("attempt", "ID", "телефон", "--outcome", "failed", "--note", "занято"),
            "attempt",
            {"channel": "телефон", "outcome": "failed", "text": "занято"},
            "checking",
        ),
        (
            ("claim", "ID", "коробка была вскрыта", "--is", "true"),
            "claim",
            {"text": "коробка была вскрыта", "truth": "true"},
            "checking",
        ),
        (
            ("compensate", "ID", "скидка", "--value", "500", "--currency", "RUB"),
            "compensated",
            {"what": "скидка", "value": 500.0, "currency": "RUB"},
            "checking",
        ),
        (("findings", "ID", "кассир извинился"), "findings", {"text": "кассир извинился"}, "checking"),
        (VERDICT, "verdict", {"verdict": "justified", "text": "склад подтвердил"}, "verdict"),
        (("offline", "ID", "почта", "--ticket", "9"), "offline", {"channel": "почта", "id": "9"}, "offline"),
        (("silent", "ID", "провокация"), "silent", {"text": "провокация"}, "silent"),
        (("wait", "ID", "фото чека"), "waiting", {"text": "фото чека"}, "new"),
        ((*ANSWER, "--only-acknowledges"), "answered", {"full": False, "public": True}, "checking"),
        ((*ANSWER, "--private"), "answered", {"full": False, "public": False}, "checking"),
        ((*ANSWER, "--full"), "answered", {"full": True, "text": ANSWER[-1]}, "answered"),
    ],
)
def test_each_act_is_an_event_of_the_case(
    folder: Path, arguments: tuple[str, ...], kind: str, said: dict[str, object], state: str
) -> None:
    number = numbered()
    done = act(folder, *(number if word == "ID" else word for word in arguments))
    (event,) = done["events"]
    assert (event["kind"], event["person"], event["seq"]) == (kind, "Ира", 2)
    assert {key: event["body"].get(key) for key in said} == said
    assert (done["case"]["state"], done["case"]["seq"]) == (state, 2)
    (kept,) = [one for one in act(folder, "show", number)["events"] if one["seq"] == 2]
    assert kept == event


@pytest.mark.parametrize("with_daemon", [False, True])
def test_a_case_goes_from_its_first_minute_to_its_end_and_back(empty: Path, with_daemon: bool) -> None:
    mention = complain(empty)
    with running(empty) if with_daemon else nullcontext():
        steps: list[tuple[tuple[str, ...], str]] = [
            (("open", str(mention), "--note", "из чата"), "new"),
            (("take", "1"), "checking"),
            ((*ANSWER, "--only-acknowledges"), "checking"),
            (("wait", "1", "номер заказа"), "checking"),
            (("resume", "1", "--note", "прислал"), "checking"),
            (VERDICT, "verdict"),
            (ANSWER, "answered"),
            (("close", "1", "--outcome", "content"), "closed"),
            (("reopen", "1", "позвонил и недоволен"), "checking"),
        ]
        for arguments, state in steps:
            done = act(empty, *("1" if word == "ID" else word for word in arguments))
            assert (done["case"]["state"], done["case"]["brand"]) == (state, "МойСклад"), arguments
        shown = act(empty, "show", "1")
    assert [one["kind"] for one in shown["events"]] == [
        *("opened", "assigned", "answered", "waiting", "resumed", "verdict", "answered", "closed", "reopened")
    ]
    assert {one["person"] for one in shown["events"]} == {"Ира"}
    case = shown["case"]
    assert (case["round"], case["owner"], case["verdict"], case["outcome"]) == (2, "Ира", "justified", None)
    assert (shown["posts"][0]["mention_id"], shown["posts"][0]["url"]) == (mention, "https://forum.example/t/1")
    assert {(one["deadline"], one["clock"]) for one in shown["deadlines"]} == {
        ("acknowledge", "found"),
        ("resolve", "found"),
    }


def test_an_act_is_told_to_people_in_lines(folder: Path) -> None:
    number = numbered("rude_staff")
    said = run(folder, "cases", *(number if word == "ID" else word for word in VERDICT)).stdout
    assert said.splitlines() == [
        "verdict: justified: склад подтвердил (new → verdict)",
        f"case {number}: МойСклад, verdict, owned by nobody; rude staff, manual, negative",
        "before it may be closed it needs: findings",
    ]


def test_a_case_is_nobodys_again(folder: Path) -> None:
    number = numbered()
    act(folder, "take", number)
    assert act(folder, "assign", number, "--nobody")["case"]["owner"] is None


def test_another_mention_is_linked_by_hand(folder: Path) -> None:
    number, other = numbered(), complain(folder, "МойСклад: и у меня", by="Пётр")
    done = act(folder, "link", number, str(other))
    assert [event["kind"] for event in done["events"]] == ["joined"]
    assert {post["mention_id"] for post in act(folder, "show", number)["posts"]} >= {other}
    refused = run(folder, "cases", "link", number, str(other), code=65).stderr
    assert f"mention {other} is in case {number}" in refused


def test_who_acts_is_the_name_given_else_the_environment_else_the_login(folder: Path) -> None:
    number = numbered()
    for arguments, environ, name in (
        (("--as", "Зоя"), {"MONITOR_PERSON": "Ира", "LOGNAME": "root"}, "Зоя"),
        ((), {"MONITOR_PERSON": "Ира", "LOGNAME": "root"}, "Ира"),
        ((), {"LOGNAME": "watcher"}, "watcher"),
    ):
        done = run_command(folder, "cases", "note", number, "x", *arguments, "--json", environ=environ)
        assert json.loads(done.stdout)["events"][0]["person"] == name
    assert run(folder, "cases", "note", number, "x", "--as", " ", code=2).stderr.count("say who you are") == 1


# ── what is refused ──


@pytest.mark.parametrize(
    ("special", "before", "arguments", "code", "words"),
    [
        ((), (), ("verdict", "ID", "fake"), 65, "a verdict needs a note"),
        ((), (), ("verdict", "ID", "maybe", "--note", "x"), 2, "maybe"),
        ((), (), ("answer", "ID"), 65, "an answer needs its text, or the address"),
        ((), (), ("answer", "ID", "--text", "x", "--file", "y"), 2, "not both"),
        ((), (), ("answer", "ID", "--file", "none.txt"), 65, "none.txt: cannot be read"),
        ((), (), ("answer", "ID", "--text", "Спасибо, {имя}!"), 65, "{имя}"),
        ((), (), ("close", "ID"), 65, "neither answered"),
        ((), ((*ANSWER, "--full"),), ("close", "ID"), 65, "cannot be closed without a verdict"),
        (
            ("rude_staff",),
            (VERDICT, ANSWER),
            ("close", "ID"),
            65,
            "rude staff: the case cannot be closed without findings",
        ),
        (("vip",), (VERDICT, ANSWER), ("close", "ID"), 65, "without an offer"),
        (("legal_threat",), (), ANSWER, 65, "legal threat: the case cannot be answered without the word of"),
        (("legal_threat",), (), ("offline", "ID", "почта"), 65, "role legal"),
        (("legal_threat",), (), ("template", "ID"), 65, "role legal"),
        (("legal_threat",), (), ("clear", "ID", "можно"), 65, "may not clear"),
        ((), (), ("reopen", "ID", "x"), 65, "there is nothing to reopen"),
        ((), (), ("resume", "ID"), 65, "does not wait"),
        ((), (("silent", "ID", "x"), ("close", "ID")), ("take", "ID"), 65, "is closed"),
        ((), (), ("compensate", "ID", "скидка", "--value", "5"), 65, "currency"),
        ((), (), ("evidence", "ID", "чек", "--url", "file:///etc/passwd"), 65, "http"),
        ((), (), ("assign", "ID"), 2, "--nobody"),
        ((), (), ("take", "99"), 65, "there is no case 99"),
        ((), (), ("show", "99"), 1, "there is no case 99"),
        ((), (), ("open", "99"), 65, "there is no mention 99"),
        ((), (), ("link", "ID", "99"), 65, "there is no mention 99"),
        ((), (), ("template", "ID", "нет такого"), 65, "нет такого"),
        ((), (), ("template", "ID", "наш", "--set", "name"), 2, "name=Olga"),
        ((), (), ("list", "--mine", "--owner", "Пётр"), 2, "not both"),
        ((), (), ("list", "--state", "lost"), 2, "there are new, checking"),
        ((), (), ("list", "--due-within", "soon"), 2, "30m, 2h or 1d"),
        ((), (), ("list", "--owner", "Пётр"), 1, "there is no such case"),
    ],
)
def test_a_refusal_says_why_and_what_is_missing_and_stores_nothing(
    folder: Path,
    special: tuple[str, ...],
    before: Sequence[tuple[str, ...]],
    arguments: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    number = numbered(*special)

    def filled(given: Sequence[str]) -> list[str]:
        return [number if word == "ID" else word for word in given]

    for one in before:
        act(folder, *filled(one))
    stored = act(folder, "show", number)["case"]
    done = run(folder, "cases", *filled(arguments), code=code)
    assert words in " ".join(done.stderr.split())
    assert act(folder, "show", number)["case"] == stored


def test_all_reasons_are_told_at_once(folder: Path) -> None:
    number = numbered("rude_staff", "vip")
    act(folder, *(number if word == "ID" else word for word in (*ANSWER, "--full")))
    said = run(folder, "cases", "close", number, code=65).stderr
    assert all(word in said for word in ("verdict", "findings", "offer"))


def test_roles_decide_who_may(folder: Path) -> None:
    number = numbered("legal_threat")
    mention = str(complain(folder, "МойСклад опять", by="Пётр"))
    staff(folder, Вера=Role.ADMIN, Ира=Role.AGENT, Анна=Role.LEGAL, Яна=Role.ANALYST)
    for who, arguments, words in (
        ("Никто", ("note", number, "x"), "nobody here is called 'Никто'"),
        ("Яна", ("note", number, "x"), "role analyst, which may not note"),
        ("Яна", ("open", mention), "role analyst, which may not open"),
        ("Яна", ("link", number, mention), "role analyst, which may not join"),
        ("Вера", ("clear", number, "x"), "role admin, which may not clear"),
        ("Ира", ("silent", number, "тролль"), "0 of 3 attempts in a row"),
    ):
        assert words in run(folder, "cases", *arguments, as_=who, code=65).stderr
    assert act(folder, "show", number, as_="Яна")["allowed"] == []
    assert act(folder, "show", number, as_="Никто")["allowed"] is None
    assert "template" not in act(folder, "show", number)["allowed"]
    assert act(folder, "show", number)["templates"] == []
    assert act(folder, "clear", number, "можно отвечать", as_="Анна")["case"]["cleared_by"] == "Анна"
    assert "template" in act(folder, "show", number)["allowed"]
    for _ in range(3):
        act(folder, "attempt", number, "телефон", "--outcome", "failed")
    assert act(folder, "silent", number, "не дозвониться")["case"]["state"] == "silent"


def test_what_a_refusal_advises_can_be_typed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def answering(verb: str, **arguments: Any) -> dict[str, Any]:
        asked.append({"verb": verb, **arguments})
        return {"case": {}, "events": [], "duties": [], "warnings": [], "text": "", "unfilled": []}

    monkeypatch.setattr("monitor.cli.acting.act", answering)
    for one in Act:
        if one in {Act.OPEN, Act.JOIN}:
            continue
        words = [word.partition("|")[0] for word in shlex.split(usage(one, 12))]
        run(folder, *words[1:], "--json")
        assert (asked[-1]["act"], asked[-1]["case"]) == (one.value, 12)


# ── answers and templates ──


def test_the_words_of_an_answer_are_checked_and_a_rehearsal_stores_nothing(folder: Path) -> None:
    number = numbered()
    grovelling = "Умоляем, простите нас, мы ничтожны. Виновный сотрудник будет уволен."
    (folder / "answer.txt").write_text(grovelling + "\n", encoding="utf-8")
    rehearsed = run(folder, "cases", "answer", number, "--file", "answer.txt", "--dry-run")
    assert "nothing is stored" in rehearsed.stdout
    assert [line.split(":")[0] for line in rehearsed.stderr.splitlines()] == ["warning"] * rehearsed.stderr.count("\n")
    assert act(folder, "show", number)["case"]["seq"] == 1
    done = act(folder, "answer", number, "--file", "-", stdin=grovelling)
    assert {one["severity"] for one in done["warnings"]} == {"warn"}
    reasons = {one["why"] for one in done["warnings"]}  # each is said once, with all the words that are meant
    assert len(reasons) == rehearsed.stderr.count("warning: ") >= 2
    assert all(f"“{one['words']}”" in rehearsed.stderr for one in done["warnings"] if one["words"])
    assert done["events"][0]["body"]["text"] == grovelling


@pytest.mark.parametrize("given", [b"\xff\xfe\x00", b"x" * 200_001])
def test_a_file_that_is_no_answer_is_refused(folder: Path, given: bytes) -> None:
    number = numbered()
    (folder / "answer.txt").write_bytes(given)
    said = run(folder, "cases", "answer", number, "--file", "answer.txt", code=65).stderr
    assert said.startswith("monitor: answer.txt: ")


def test_templates_are_listed_and_one_is_filled_in(folder: Path) -> None:
    number = numbered()
    listing = run(folder, "cases", "template", number, "--lang", "ru", "--json").stdout.splitlines()
    templates = {one["name"]: one for one in map(json.loads, listing)}
    assert (templates["наш"]["language"], templates["наш"]["slots"]) == ("ru", ["name", "term"])
    assert any(one["first"] for one in templates.values())
    assert any("justified" in one["verdicts"] for one in templates.values())
    assert "Мы разберёмся" in run(folder, "cases", "template", number, "--lang", "ru").stdout
    done = run(folder, "cases", "template", number, "наш", "--lang", "ru")
    assert done.stdout == "Спасибо, Ольга 1! Мы разберёмся к {term}.\n"
    assert done.stderr == "monitor: still to be filled in: term\n"
    filled = run(folder, "cases", "template", number, "наш", "--lang", "ru", "--set", "term=пятнице")
    assert (filled.stdout, filled.stderr) == ("Спасибо, Ольга 1! Мы разберёмся к пятнице.\n", "")
    kept = [one["body"] for one in act(folder, "show", number)["events"] if one["kind"] == "template"]
    assert kept == [{"name": "наш", "language": "ru"}] * 2


# ── list and show ──


def test_cases_are_listed_by_urgency_and_found_by_what_they_are(empty: Path) -> None:
    calm, grave, other = (
        str(act(empty, "open", str(number))["case"]["id"])
        for number in (
            complain(empty, "МойСклад тормозит", by="А"),
            complain(empty, "МойСклад нахамил", "rude_staff", by="Б"),
            complain(empty, "Ромашка завяла", by="В", brand="Ромашка"),
        )
    )
    act(empty, "take", other)
    act(empty, "silent", calm, "тролль")
    act(empty, "close", calm)

    def numbers(*arguments: str) -> set[str]:
        return {str(row["id"]) for row in listed(empty, *arguments)}

    assert [str(row["id"]) for row in listed(empty)] == [grave, other]
    assert numbers("--all") == {calm, grave, other}
    assert numbers("--state", "closed", "--state", "new") == {calm, grave}
    assert numbers("--brand", "ромашка") == {other}
    assert numbers("--class", "rude_staff") == {grave}
    assert numbers("--mine") == numbers("--owner", "Ира") == {other}
    assert numbers("--due-within", "90m") == {grave}
    assert numbers("--due-within", "1d", "--limit", "1") == {grave}
    table = run(empty, "cases", "list").stdout
    assert max(map(len, table.splitlines())) <= 120
    line = next(line for line in table.splitlines() if line.startswith(grave))
    assert re.search(r"new +in \d+ m", line), line
    assert "rude staff" in line


def test_a_list_fits_a_narrow_terminal(empty: Path) -> None:
    act(empty, "open", str(complain(empty, "МойСклад нахамил " * 20, "rude_staff", "legal_threat", by="Б\x1b[2J")))
    shown = run_command(empty, "cases", "list", environ={"COLUMNS": "80"}).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown + run_command(empty, "cases", "show", "1", environ={"COLUMNS": "80"}).stdout


def test_show_tells_what_is_due_what_was_done_and_what_may_be_done(folder: Path) -> None:
    number = numbered("rude_staff")
    act(folder, "take", number)
    act(folder, "wait", number, "фото")
    shown = run(folder, "cases", "show", number).stdout
    for words in (
        f"case {number}: МойСклад, checking, owned by Ира; rude staff, manual, negative",
        "before it may be closed it needs: a verdict, findings",
        "waits for the customer since",
        "Ольга 2 at forum",
        "“В МоёмСкладе всё сломалось”",
        "https://forum.example/t/1",
        "new → checking",
        "Ира (admin) may: take, assign, note",
        "templates in ",
    ):
        assert words in shown
    assert re.search(r"acknowledge +found +\S+ \S+ +in \d+ m", shown)
    assert not re.search(r"resolve +found", shown)  # it stands still


def test_without_a_configuration_a_case_is_told_by_the_playbooks_as_shipped(folder: Path) -> None:
    number = numbered("rude_staff")
    (folder / "sources.yaml").unlink()
    assert act(folder, "show", number)["duties"] == ["verdict", "findings"]
    (folder / "sources.yaml").write_text("contact: 3\n", encoding="utf-8")
    assert "cannot be used" in run(folder, "cases", "show", number).stderr


@pytest.mark.parametrize("arguments", [("cases", "list"), ("people", "list")])
def test_nothing_to_show_is_said(empty: Path, arguments: tuple[str, ...]) -> None:
    complain(empty)
    assert run(empty, *arguments, code=1).stderr.startswith("monitor: no")


# ── people ──


def test_people_are_entered_changed_and_taken_out(empty: Path) -> None:
    complain(empty)

    def people(*arguments: str, as_: str = "Вера", code: int = 0) -> list[dict[str, Any]]:
        done = run(empty, "people", *arguments, "--json", as_=as_, code=code)
        return [json.loads(line) for line in done.stdout.splitlines()]

    assert people("add", "Вера", "--role", "admin") == [
        {"name": "Вера", "role": "admin", "receiver": None, "founder": False}
    ]
    people("add", "Ира", "--role", "agent", "--receiver", "desk")
    people("role", "Ира", "lead")
    people("receiver", "Ира", "counsel")
    (ira,) = [one for one in people("list") if one["name"] == "Ира"]
    assert (ira["role"], ira["receiver"]) == ("lead", "counsel")
    (ira,) = [one for one in people("receiver", "Ира") if one["name"] == "Ира"]
    assert ira["receiver"] is None
    people("role", "Ира", "agent")
    for arguments, who, code in (
        (("add", "Зоя", "--role", "agent"), "Ира", 65),
        (("add", "Ира", "--role", "agent"), "Вера", 65),
        (("role", "Зоя", "agent"), "Вера", 65),
        (("role", "Ира", "boss"), "Вера", 2),
        (("add", "Зоя"), "Вера", 2),
    ):
        people(*arguments, as_=who, code=code)
    assert [one["name"] for one in people("remove", "Ира")] == ["Вера"]
    table = run(empty, "people", "list").stdout
    assert re.search(r"Вера +admin", table)


# ── the page for support staff ──

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cases.md").read_text(encoding="utf-8")


def test_the_page_tells_the_playbooks_as_they_are_shipped() -> None:
    heard = {"leads": "lead", "legal": "legal"}
    rows = re.findall(r"^\| (`.+`) \| (\d+) h \| (\d+) h \| (.*?) ?\| (.*?) ?\|$", PAGE, re.MULTILINE)
    described = {
        name: (int(acknowledge), int(resolve), {*re.findall(r"\w+", duties)}, tuple(filter(None, [heard.get(tell)])))
        for names, acknowledge, resolve, duties, tell in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    hour = timedelta(hours=1)
    assert described == {
        name: (one.acknowledge // hour, one.resolve // hour, {duty.value for duty in one.duties}, one.tell)
        for name, one in known({}).items()
    }


def test_the_page_names_every_command_and_role() -> None:
    group = typer.main.get_command(cases_app)
    assert not [name for name in group.commands if f"`{name}" not in PAGE and f"cases {name}" not in PAGE]  # type: ignore[attr-defined] # it is a group
    assert not [role for role in Role if f"`{role.value}`" not in PAGE]
