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
    config_path,
    counted,
    database_path,
    found_config,
    print_json,
    print_line,
    print_nothing,
    print_table,
    progress,
    reader,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.models import Brand, Tier
    from monitor.store import Reader
    from monitor.store.corrections import Feeling
    from monitor.understanding.evaluation import Evaluation, Score, Subject
    from monitor.understanding.judge import Judge
    from monitor.understanding.measuring import LabelledText, Measured


@app.command()
def evaluate(
    subject: Annotated[
        Literal["special-cases", "relevance", "matching", "sentiment", "corrections"],
        typer.Argument(help="What is evaluated."),
    ],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE…",
            help="JSON lines, one labelled text each; a TSV for sentiment (may be gzipped); none for corrections.",
        ),
    ] = None,
    *,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    tier: Annotated[
        Literal["auto", "quality", "fast"] | None,
        typer.Option(help="How posts are read. Default: what `sentiment` says in the configuration, else auto."),
    ] = None,
    wrong: Annotated[int, typer.Option(help="Show up to this many texts that are judged wrongly.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Judge labelled texts and compare: precision, recall and F1 of each class.

    sentiment is of texts by themselves, whomever they are about; the TSV has the columns lang, domain, label and text.
    corrections are the answers that people gave with `monitor correct`: what was said of those mentions before.
    """
    if tier is not None and subject in ("matching", "corrections"):
        raise typer.BadParameter(f"{subject} has no tiers", param_hint="--tier")
    if subject == "corrections":
        if files:
            raise typer.BadParameter("corrections are in the database, they take no FILE", param_hint="FILE…")
        _evaluate_answers(db, wrong=wrong, as_json=as_json)
        return
    if not files:
        raise typer.BadParameter(f"{subject} needs at least one file of labelled texts", param_hint="FILE…")
    from monitor.worker import use_one_thread

    use_one_thread()
    from monitor.models import Tier
    from monitor.understanding.judge import Judge
    from monitor.understanding.tiers import chosen

    if subject == "sentiment":
        _evaluate_sentiment(files, _tier(tier, config), wrong=wrong, as_json=as_json)
    else:
        known = _brands(config, is_needed=subject == "matching")
        judge = Judge(known, tier=Tier.FAST if subject == "matching" else chosen(_tier(tier, config)))
        _evaluate_rules(subject, files, known, judge, wrong=wrong, as_json=as_json)


def _evaluate_rules(
    subject: Subject, files: Sequence[Path], known: Sequence[Brand], judge: Judge, *, wrong: int, as_json: bool
) -> None:
    """How the judgement of posts about brands stands against their labels, file by file."""
    from monitor.understanding.evaluation import evaluate as compare

    for file in files:
        evaluation = compare(subject, _labelled(file, subject), judge, known=known)
        if as_json:
            print_json(evaluation.to_json(str(file)))
        else:
            _show(str(file), evaluation)
        _show_wrong(str(file), evaluation, most=wrong, as_json=as_json)


def _evaluate_sentiment(files: Sequence[Path], tier: Tier, *, wrong: int, as_json: bool) -> None:
    """How the sentiment of texts by themselves stands against their labels, file by file."""
    from monitor.understanding.measuring import measure
    from monitor.understanding.sentiment import Model

    model = Model.load(tier)
    for file in files:
        texts = _table(file)
        with progress(file.name, len(texts)) as advance:
            found = measure(texts, model, advance=advance)
        if as_json:
            print_json(found.to_json(str(file)))
        else:
            _show(str(file), found.evaluation)
            _show_sureness(found)
        _show_wrong(str(file), found.evaluation, most=wrong, as_json=as_json)


def _tier(named: str | None, config: Path | None) -> Tier:
    """The tier that was named, else the one that the configuration asks for; auto where there is none of either.

    Of the configuration nothing else is read: no secret is needed for this.
    """
    from monitor.config import load_tier
    from monitor.models import Tier

    path = config_path(config)
    if named is not None:
        return Tier(named)
    return Tier.AUTO if config is None and not path.exists() else load_tier(path)


def _table(file: Path) -> list[LabelledText]:
    """The labelled texts of a table; gzip is told by its first bytes, whatever the file is called."""
    import gzip
    import zlib

    from monitor.errors import InputError
    from monitor.understanding.measuring import read_table

    try:
        with file.open("rb") as raw:
            return read_table(gzip.GzipFile(fileobj=raw) if raw.peek(2).startswith(b"\x1f\x8b") else raw)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{file}: cannot be read: {error}") from None


def _evaluate_answers(db: Path | None, *, wrong: int, as_json: bool) -> None:
    """How what was said of mentions stands against what people answered, brand by brand."""
    from monitor.understanding.evaluation import compared

    store = reader(db)
    brands, feelings = store.answered_brands(), _feelings(store)
    if not brands and not feelings:
        print_nothing("nobody has answered a mention yet: monitor correct ID --about yes|no or --sentiment LABEL")
    for brand in brands:
        _show_answers(store, db, brand, wrong=wrong, as_json=as_json)
    for brand, felt in feelings.items():
        evaluation = compared(
            [(one.view.post.text, brand) for one in felt],
            wanted=[{one.label.value} for one in felt],
            told=[{one.judged.value} for one in felt],
        )
        name = f"{brand}, sentiment"
        if as_json:
            print_json({**evaluation.to_json(str(database_path(db))), "subject": "sentiment", "brand": brand})
        else:
            _show(name, evaluation)
        _show_wrong(name, evaluation, most=wrong, as_json=as_json)


def _show_answers(store: Reader, db: Path | None, brand: str, *, wrong: int, as_json: bool) -> None:
    from monitor.flows.correcting import figures_of

    evaluation = _against_answers(store, brand)
    version = store.active_learned().get(brand)
    learned: Any = None if version is None else figures_of(store, version)
    if as_json:
        named = {"subject": "relevance", "brand": brand, "learned": learned}
        print_json({**evaluation.to_json(str(database_path(db))), **named})
    else:
        _show(f"{brand}, about it or not", evaluation)
        if learned:
            print_line(
                f"with what was learned, on answers that it had not seen: {_percent(learned['accuracy'])} right, "
                f"F1 of relevant {learned['f1']:.3f}; the rules: {_percent(learned['rules_accuracy'])} of the same"
            )
    _show_wrong(brand, evaluation, most=wrong, as_json=as_json)


def _feelings(store: Reader) -> dict[str, list[Feeling]]:
    """The corrected sentiments by brand, in the order of their names."""
    from monitor.flows.training import MOST

    found: dict[str, list[Feeling]] = {}
    for one in store.feelings(limit=MOST):
        found.setdefault(one.view.mention.brand, []).append(one)
    return dict(sorted(found.items()))


def _against_answers(store: Reader, brand: str) -> Evaluation:
    """The rules alone, without what was learned or corrected, on the newest answers to mentions of a brand."""
    from monitor.understanding.assess import as_judged
    from monitor.understanding.evaluation import compared
    from monitor.understanding.relevance.learning import MOST

    answers = store.answers(brand, limit=MOST)
    return compared(
        [(answer.view.post.text, brand) for answer in answers],
        wanted=[{_word(relevant=answer.about)} for answer in answers],
        told=[{_word(relevant=not as_judged(answer.view.mention).doubtful)} for answer in answers],
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
    right = f"{_percent(evaluation.accuracy)} right, macro F1 {evaluation.macro_f1:.3f}"
    print_line(f"{file}: {counted(evaluation.n, 'text')}, {right}{speed}")
    print_table(
        ("class", "precision", "recall", "F1", "n"),
        ((name, *_figures(score), score.n) for name, score in evaluation.met.items()),
    )


def _figures(score: Score) -> tuple[str, str, str]:
    """Precision, recall and F1; of a class that no text is of there is nothing to recall."""
    if not score.n:
        return f"{score.precision:.3f}", "–", "–"
    return f"{score.precision:.3f}", f"{score.recall:.3f}", f"{score.f1:.3f}"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _show_sureness(found: Measured) -> None:
    """What the probabilities are worth, and which tier told them."""
    recall = found.negative_recall_alarming
    alarming = "" if recall is None else f", alarming in {_percent(recall)} of the negative"
    print_line(f"tier {found.tier}, calibration error {found.ece:.3f}, unsure in {_percent(found.unsure)}{alarming}")


def _show_wrong(file: str, evaluation: Evaluation, *, most: int, as_json: bool) -> None:
    for one in evaluation.wrong[:most]:
        if as_json:
            print_json({"file": file, **one})
        else:
            print_line(f"  {one.get('brand') or one.get('lang') or ''}: {one['text']}")
            sure = f" ({one['confidence']:.0%} sure)" if "confidence" in one else ""
            print_line(f"    should be {_words(one['wanted'])}, is {_words(one['told'])}{sure}")


def _words(labels: Any) -> str:
    return ", ".join(labels) or "nothing"
