"""What people do with a case, a command each: all of them ask the verb `case`, and tell what came of it.

The commands stand in `acts`, which `monitor.cli.cases` takes over. `_act` gives each of them what all have: the number
of the case, who does it, and how it is told.
"""

from __future__ import annotations

import inspect
import sys
from contextlib import nullcontext
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, cast

import typer

from monitor.cli.caselines import print_done
from monitor.cli.common import LARGEST, ConfigOption, DatabaseOption, JsonOption, print_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Body: TypeAlias = dict[str, Any]
CaseArgument = Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST, help="Number of a case.")]
MentionArgument = Annotated[int, typer.Argument(metavar="MENTION", min=1, max=LARGEST, help="Number of a mention.")]
PersonOption = Annotated[
    str | None,
    typer.Option("--as", metavar="NAME", help="Who does it. Default: $MONITOR_PERSON, else the name of the login."),
]
TextArgument = Annotated[str, typer.Argument(metavar="TEXT", help="In words, for those who read it later.")]
NoteOption = Annotated[
    str | None, typer.Option("--note", metavar="TEXT", help="In words, for those who read it later.")
]
AddressOption = Annotated[str | None, typer.Option("--url", metavar="URL", help="Where it can be seen.")]

LARGEST_FILE: Final = 200_000
"""Bytes that a file with an answer may have: more than any place where people write takes."""

acts = typer.Typer()


def acting_person(given: str | None) -> str:
    """Who acts: the name given, else $MONITOR_PERSON, else the name of the login."""
    import os
    from getpass import getuser

    name = given if given is not None else os.environ.get("MONITOR_PERSON")
    if name is None:
        try:
            name = getuser()
        except (KeyError, OSError):  # a user without a name, as in some containers
            name = ""
    if not name.strip():
        raise typer.BadParameter("say who you are, with --as NAME or $MONITOR_PERSON", param_hint="--as")
    return name


def ask(
    act: str, number: int, body: Body, *, person: str | None, config: Path | None, db: Path | None
) -> dict[str, Any]:
    """What the verb `case` answers. Raises InputError with every reason where it is refused."""
    from monitor import logs
    from monitor.cli import acting

    who = acting_person(person)
    logs.configure()
    told = acting.act("case", config=config, db=db, act=act, case=number, person=who, body=body)
    return cast("dict[str, Any]", told)  # what flows.casedesk returns


def _act(
    name: str, *, called: str | None = None, of: Any = CaseArgument
) -> Callable[[Callable[..., Body]], Callable[..., None]]:
    """Makes a command, `called` as its act unless said otherwise, of a function that returns the act's body."""

    def made(command: Callable[..., Body]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True)
        common = inspect.signature(_common, eval_str=True)
        first = inspect.Parameter("number", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=of)

        @wraps(command)
        def run(**given: Any) -> None:
            number, as_json = given.pop("number"), given.pop("as_json")
            known = {option: given.pop(option) for option in ("person", "config", "db")}
            body = command(**given)
            told = ask(name, number, body, **known)
            if as_json:
                print_json(told)
            else:
                print_done(told, is_rehearsal=bool(body.get("dry_run")))

        parameters = [first, *own.parameters.values(), *common.parameters.values()]
        # typer reads a command's parameters from these two.
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # as inspect looks for it
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        acts.command(called or name)(run)
        return run

    return made


def _common(
    *, person: PersonOption = None, config: ConfigOption = None, db: DatabaseOption = None, as_json: JsonOption = False
) -> None:
    """The options that every act has."""


@_act("open", of=MentionArgument)
def open_case(note: NoteOption = None) -> Body:
    """Open a case by hand, for a mention in none."""
    return {"text": note}


@_act("take")
def take() -> Body:
    """Take a case."""
    return {}


@_act("assign")
def assign(
    owner: Annotated[str | None, typer.Argument(metavar="NAME", help="Whose it is from now on.")] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="It is nobody's from now on.")] = False,
) -> Body:
    """Give a case to somebody, or to nobody."""
    if (owner is None) is not nobody:
        raise typer.BadParameter("say whose it is, or --nobody")
    return {"owner": owner}


@_act("note")
def note(text: TextArgument) -> Body:
    """Write something down."""
    return {"text": text}


@_act("evidence")
def evidence(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="A receipt, a recording, a screenshot …")],
    url: AddressOption = None,
) -> Body:
    """Add a piece of evidence."""
    return {"what": what, "url": url}


@_act("join", called="link")
def link(mention: MentionArgument) -> Body:
    """Put another mention into a case. It is of the same brand, and in no case yet."""
    return {"mention": mention}


@_act("ticket")
def ticket(
    ident: Annotated[str, typer.Argument(metavar="NUMBER", help="Number of a ticket or a call elsewhere.")],
    url: AddressOption = None,
) -> Body:
    """Note the number of a case in another system."""
    return {"id": ident, "url": url}


@_act("attempt")
def attempt(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Phone, mail, chat …")],
    outcome: Annotated[Literal["reached", "failed", "refused"], typer.Option(help="How it ended.")],
    note: NoteOption = None,
) -> Body:
    """Note how an attempt to reach the customer ended."""
    return {"channel": channel, "outcome": outcome, "text": note}


@_act("claim")
def claim(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is claimed, one claim at a time.")],
    truth: Annotated[Literal["true", "false", "unknown"], typer.Option("--is", help="What is known of it.")],
) -> Body:
    """Note whether a claim is true. Of the same words the last answer counts."""
    return {"text": text, "truth": truth}


@_act("compensate")
def compensate(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="What is offered or given, or that nothing is due.")],
    value: Annotated[float | None, typer.Option(min=0, help="What it costs.")] = None,
    currency: Annotated[str | None, typer.Option(help="In which currency, as RUB or EUR.")] = None,
    note: NoteOption = None,
) -> Body:
    """Note what is offered, or that nothing is due."""
    return {"what": what, "value": value, "currency": currency, "text": note}


@_act("findings")
def findings(text: TextArgument) -> Body:
    """Write down what an inquiry found."""
    return {"text": text}


@_act("clear")
def clear(text: TextArgument) -> Body:
    """Let it be answered after a threat to sue. Only the role legal may."""
    return {"text": text}


@_act("verdict")
def verdict(
    verdict: Annotated[
        Literal["justified", "partly", "not", "fake", "wrong_business"],
        typer.Argument(metavar="VERDICT", help="justified, partly, not, fake or wrong_business."),
    ],
    note: NoteOption = None,
) -> Body:
    """Say what checking came to, and why (--note)."""
    return {"verdict": verdict, "text": note}


@_act("answer")
def answer(
    *,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="What was answered.")] = None,
    file: Annotated[
        str | None, typer.Option(metavar="FILE", help="A file with the answer; - is standard input.")
    ] = None,
    url: AddressOption = None,
    private: Annotated[bool, typer.Option("--private", help="It was not said in public.")] = False,
    full: Annotated[
        bool | None,
        typer.Option("--full/--only-acknowledges", help="Default: full, if a verdict stands or none is needed."),
    ] = None,
    template: Annotated[str | None, typer.Option(metavar="NAME", help="The template that it was made from.")] = None,
    lang: Annotated[
        str | None, typer.Option(metavar="LANGUAGE", help="Of the answer, as ru; else its text tells.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check it; nothing is stored.")] = False,
) -> Body:
    """Note an answer after checking its words. This program publishes nothing: people answer where the post stands."""
    if text is not None and file is not None:
        raise typer.BadParameter("--text or --file, not both")
    said = text if file is None else _read(file)
    body: Body = {"text": said, "url": url, "public": not private, "full": full, "template": template}
    return body | ({"lang": lang} if lang else {}) | ({"dry_run": True} if dry_run else {})


@_act("offline")
def offline(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Phone, mail, chat …")],
    ticket: Annotated[str | None, typer.Option(metavar="NUMBER", help="Of the ticket or call there.")] = None,
    note: NoteOption = None,
) -> Body:
    """Note that the talk goes on elsewhere."""
    return {"channel": channel, "id": ticket, "text": note}


@_act("silent")
def silent(reason: Annotated[str, typer.Argument(metavar="REASON", help="Why nobody answers.")]) -> Body:
    """Leave it unanswered on purpose. For leads; after enough failed attempts for agents, too."""
    return {"text": reason}


@_act("wait")
def wait(what: Annotated[str, typer.Argument(metavar="WHAT", help="What the customer still owes us.")]) -> Body:
    """Wait for the customer. The time to resolve stands still."""
    return {"text": what}


@_act("resume")
def resume(note: NoteOption = None) -> Body:
    """Wait no longer. The time to resolve runs on."""
    return {"why": note}


@_act("close")
def close(
    outcome: Annotated[
        Literal["advocate", "content", "quiet", "official", "spreading", "unreachable", "unknown"],
        typer.Option(help="How the customer went on."),
    ] = "unknown",
    note: NoteOption = None,
) -> Body:
    """Close a case. It is answered, offline or silent by then, and its duties are done."""
    return {"outcome": outcome, "text": note}


@_act("reopen")
def reopen(reason: Annotated[str, typer.Argument(metavar="REASON", help="What is new.")]) -> Body:
    """Open a case again. Its clocks start anew."""
    return {"why": reason}


def _read(name: str) -> str:
    """The answer in a file, or on standard input. Raises InputError where it is none, or too long."""
    from pathlib import Path

    from monitor.errors import InputError

    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as stream:
            read = stream.read(LARGEST_FILE + 1)
        text = read.decode("utf-8-sig").strip()
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: is no text in UTF-8") from error
    if len(read) > LARGEST_FILE:
        raise InputError(f"{name}: is longer than {LARGEST_FILE:,} bytes")
    return text
