"""`python -m monitor.understanding.rules`: try the rules on labelled lines or on one text, while writing them."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.errors import InputError
from monitor.models import Brand, Post
from monitor.understanding import language
from monitor.understanding.matching import names
from monitor.understanding.matching.forms import Morphology
from monitor.understanding.matching.matcher import find
from monitor.understanding.reading import read_text
from monitor.understanding.rules import FOLDER, Rules
from monitor.understanding.toward import toward

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.understanding.rules.records import Evidence


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled text; `place` is FILE:LINE, `near` the case it only looks like."""

    place: str
    text: str
    brand: str | None
    lang: str | None
    labels: frozenset[str]
    near: str = ""


@dataclass(slots=True)
class Count:
    """Right and wrong answers for one case."""

    right: int = 0
    false: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)


class Bench:
    """The rules beside the ordinary matcher over the brands of the lines."""

    def __init__(self, folder: Path, lines: Sequence[Line]) -> None:
        brands = sorted({line.brand for line in lines if line.brand})
        index = names.build([Brand(name=name) for name in brands], Morphology())
        self._hits = {
            line.place: [(brands[hit.brand], hit.span) for hit in find(Post(text=line.text), index).hits]
            for line in lines
        }
        self.rules = Rules.load(folder)

    def ask(self, line: Line) -> tuple[frozenset[str], list[Evidence]]:
        """The cases of a line, and the evidence of every rule whose words stand in it."""
        post = Post(text=line.text, lang=line.lang)
        readings = [read_text(post.text, field="text", lang=language.guess(post.text) or language.primary(line.lang))]
        spans = [span for name, span in self._hits[line.place] if name == line.brand]
        others = [span for name, span in self._hits[line.place] if name != line.brand]
        role = toward(readings, {0: spans, 1: others})[0].role
        found = self.rules.find(post, readings, spans=spans, others=others, role=role)
        told = self.rules.evidence(post, readings, spans=spans, others=others, role=role)
        return frozenset(case.name for case in found), told


def _lines(path: Path) -> Iterator[Line]:
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not raw.strip():
            continue
        try:
            made: dict[str, Any] = json.loads(raw)
            yield Line(
                place=f"{path.name}:{number}",
                text=made["text"],
                brand=made.get("brand"),
                lang=made.get("lang"),
                labels=frozenset(made["labels"]),
                near=made.get("near", ""),
            )
        except (ValueError, KeyError, TypeError) as fault:
            raise InputError(f"{path}:{number}: is no labelled line: {fault!r}") from fault


def _describe(told: Sequence[Evidence], text: str, case: str) -> str:
    rows = [
        f"      {evidence.rule} ({evidence.weight:g}) «{text[evidence.start : evidence.end]}»"
        + (f" stopped by {evidence.stopped}" if evidence.stopped else "")
        for evidence in told
        if evidence.case == case
    ]
    return "".join(f"\n{row}" for row in rows)


def _evaluate(lines: Sequence[Line], bench: Bench, only: str | None) -> dict[str, Count]:
    counts = {name: Count() for name in bench.rules.cases if only in {None, name}}
    for line in lines:
        cases, told = bench.ask(line)
        for name, count in counts.items():
            text = f"  {line.place}: {line.text}{_describe(told, line.text, name)}"
            if name in cases & line.labels:
                count.right += 1
            elif name in cases:
                near = f" (near {line.near})" if line.near else ""
                count.false.append(f"{text}\n      labels: {', '.join(sorted(line.labels)) or 'none'}{near}")
            elif name in line.labels:
                count.missed.append(text)
    return counts


def _report(counts: dict[str, Count], *, wrong: bool) -> Iterator[str]:
    yield f"{'case':<18}{'n':>5}{'prec.':>8}{'recall':>8}{'F1':>8}  false  missed"
    for name, count in counts.items():
        n, said = count.right + len(count.missed), count.right + len(count.false)
        precision, recall = (count.right / said if said else 0.0), (count.right / n if n else 0.0)
        f1 = 2 * count.right / (n + said) if n + said else 0.0
        row = f"{precision:>8.3f}{recall:>8.3f}{f1:>8.3f}{len(count.false):>7}{len(count.missed):>8}"
        yield f"{name:<18}{n:>5}{row}"
    if wrong:
        for name, count in counts.items():
            yield from (f"FALSE {name}\n{text}" for text in count.false)
            yield from (f"MISSED {name}\n{text}" for text in count.missed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m monitor.understanding.rules", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help='lines {"text", "brand", "lang", "labels": [...]}')
    parser.add_argument("--case", help="only this special case")
    parser.add_argument("--wrong", action="store_true", help="print what is wrong, with the rules that fired")
    parser.add_argument("--rules", type=Path, default=FOLDER, help="folder of rule files")
    parser.add_argument("--text", help="ask for one text instead of files")
    parser.add_argument("--brand", help="the brand in --text")
    parser.add_argument("--lang", help="the language of --text where it cannot be guessed")
    return parser.parse_args()


def main() -> int:
    """Run; 0 after an answer, 65 where a file cannot be read."""
    arguments = _arguments()
    try:
        if arguments.text is not None:
            line = Line("text", arguments.text, arguments.brand, arguments.lang, frozenset())
            bench = Bench(arguments.rules, [line])
            cases, told = bench.ask(line)
            rows = [", ".join(sorted(cases)) or "none"]
            rows += [f"{name}:{text}" for name in bench.rules.cases if (text := _describe(told, line.text, name))]
        else:
            lines = [line for path in arguments.files for line in _lines(path)]
            bench = Bench(arguments.rules, lines)
            counts = _evaluate(lines, bench, arguments.case)
            rows = list(_report(counts, wrong=arguments.wrong))
    except (InputError, OSError) as fault:
        sys.stderr.write(f"{fault}\n")
        return 65
    sys.stdout.writelines(f"{row}\n" for row in rows)
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `… --wrong | head` is how it is used
    sys.exit(main())
