"""The command that says how good the judgement is, on anybody's labelled texts and on what people answered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from monitor.cli import app
from monitor.cli.common import (
    ConfigOption,
    DatabaseOption,
    JsonOption,
    database_path,
    found_config,
    print_json,
    print_line,
    print_nothing,
    print_table,
    reader,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.models import JSON, Brand
    from monitor.store import Reader
    from monitor.understanding.evaluation import Evaluation, Subject


@app.command()
def evaluate(
    subject: Annotated[
        Literal["special-cases", "relevance", "matching", "corrections"], typer.Argument(help="What is evaluated.")
    ],
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE…", help="JSON lines, one labelled text each; none for corrections."),
    ] = None,
    *,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    wrong: Annotated[int, typer.Option(help="Show up to this many texts that are judged wrongly.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Judge labelled texts and compare: precision, recall and F1 of each class.

    corrections are the answers that people gave with `monitor correct`: what the rules said of those mentions.
    """
    if subject == "corrections":
        if files:
            raise typer.BadParameter("corrections are in the database, they take no FILE", param_hint="FILE…")
        _evaluate_answers(db, wrong=wrong, as_json=as_json)
        return
    if not files:
        raise typer.BadParameter(f"{subject} needs at least one file of labelled texts", param_hint="FILE…")
    import os

    from monitor.worker import BLAS_THREADS

    for name in BLAS_THREADS:
        os.environ[name] = "1"
    from monitor.understanding.evaluation import evaluate as compare
    from monitor.understanding.judge import Judge

    known = _brands(config, is_needed=subject == "matching")
    judge = Judge(known)
    for file in files:
        evaluation = compare(subject, _labelled(file, subject), judge, known=known)
        if as_json:
            print_json(evaluation.to_json(str(file)))
        else:
            _show(str(file), evaluation)
        _show_wrong(str(file), evaluation, most=wrong, as_json=as_json)


def _evaluate_answers(db: Path | None, *, wrong: int, as_json: bool) -> None:
    """How what the rules said of mentions stands against what people answered, brand by brand."""
    from monitor.flows.correcting import figures_of

    store = reader(db)
    brands = store.answered_brands()
    if not brands:
        print_nothing("nobody has answered a mention yet: monitor correct ID --about yes|no")
    for brand in brands:
        evaluation = _against_answers(store, brand)
        version = store.active_learned().get(brand)
        learned: Any = None if version is None else figures_of(store, version)
        if as_json:
            print_json({**evaluation.to_json(str(database_path(db))), "brand": brand, "learned": learned})
        else:
            _show(brand, evaluation)
            if learned:
                print_line(
                    "with what was learned, on answers that it had not seen: F1 {f1:.3f} of relevant, right in "
                    "{accuracy:.1%}, the rules in {rules_accuracy:.1%} of the same".format(**learned)
                )
        _show_wrong(brand, evaluation, most=wrong, as_json=as_json)


def _against_answers(store: Reader, brand: str) -> Evaluation:
    """The rules alone, without what was learned or corrected, on the newest answers to mentions of a brand."""
    from monitor.understanding.assess import as_judged
    from monitor.understanding.evaluation import Evaluation, scores
    from monitor.understanding.relevance.learning import MOST

    answers = store.answers(brand, limit=MOST)
    wanted = [{_word(relevant=answer.about)} for answer in answers]
    told = [{_word(relevant=not as_judged(answer.view.mention).doubtful)} for answer in answers]
    pairs = list(zip(answers, wanted, told, strict=True))
    missed: list[Mapping[str, JSON]] = [
        {"text": answer.view.post.text, "brand": brand, "wanted": [*want], "told": [*said]}
        for answer, want, said in pairs
        if want != said
    ]
    return Evaluation(
        n=len(answers),
        per_class=scores(wanted, told),
        accuracy=1 - len(missed) / len(answers),
        seconds=0.0,  # nothing is judged here
        wrong=tuple(missed),
    )


def _word(*, relevant: bool) -> str:
    return "relevant" if relevant else "irrelevant"


def _brands(config: Path | None, *, is_needed: bool) -> Sequence[Brand]:
    """The configured brands; where they only help, none when no file was named."""
    from monitor.config import load_brands

    return load_brands(found_config(config)) if is_needed or config is not None else ()


def _labelled(file: Path, subject: Subject) -> Any:
    from monitor.errors import InputError
    from monitor.understanding.evaluation import read_labelled

    try:
        with file.open(encoding="utf-8-sig") as lines:
            return read_labelled(lines, subject)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from None


def _show(file: str, evaluation: Evaluation) -> None:
    speed = f", {evaluation.n / evaluation.seconds:.0f} texts a second" if evaluation.seconds else ""
    print_line(
        f"{file}: {evaluation.n} texts, macro F1 {evaluation.macro_f1:.3f}, "
        f"all right in {evaluation.accuracy:.1%}{speed}"
    )
    print_table(
        ("class", "precision", "recall", "F1", "n"),
        (
            (name, f"{score.precision:.3f}", f"{score.recall:.3f}", f"{score.f1:.3f}", score.n)
            for name, score in evaluation.per_class.items()
        ),
    )


def _show_wrong(file: str, evaluation: Evaluation, *, most: int, as_json: bool) -> None:
    for one in evaluation.wrong[:most]:
        if as_json:
            print_json({"file": file, **one})
        else:
            print_line(f"  {one['brand'] or ''}: {one['text']}")
            print_line(f"    should be {_words(one['wanted'])}, is {_words(one['told'])}")


def _words(labels: Any) -> str:
    return ", ".join(labels) or "nothing"
