"""What the rules of special cases cost: a generated file of N rules over a vocabulary as skewed as a language's.

    python -m benchmarks.special_cases [--rules 400] FILE.jsonl…

Reads lines {"text", "lang"}; prints CPU milliseconds for reading (its words known already) and for the rules, for a
text and for 40 words. The rules are made of words of the texts themselves, so that more of them are looked at than of
real ones; with `--rules 0` they are those that come with the program.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.models import Post
from monitor.understanding.reading import Reading, read_text
from monitor.understanding.rules import Rules

_GUARDS = '["negation", "question", "quote", "reported", "third_person"]'
_CASE = f'[c{{}}]\nlevel = "info"\nguards = {_GUARDS}\nsays = {{{{en = "x"}}}}\n'
_WORDS = {
    "ru": '[words]\nnegation = ["не", "ни", "без"]\nfirst_person = ["я", "мы", "мой"]\nthird_person = ["он", "она"]\n',
    "en": '[words]\nnegation = ["not", "no", "=t"]\nfirst_person = ["I", "we", "my"]\nthird_person = ["he", "she"]\n',
}


def generate(words: list[str], rules: int, lang: str) -> str:
    """A rule file: groups of 20 words, and rules of two patterns with a group, gaps and frequent words each."""
    rng = random.Random(1)
    rare = words[len(words) // 20 :]
    groups = "\n".join(f"g{n} = {json.dumps(rng.sample(rare, 20), ensure_ascii=False)}" for n in range(60))
    made = []
    for n in range(rules):
        a, b, c = rng.sample(rare, 3)
        common = rng.choice(words[: len(words) // 20])
        first, second, third, fourth = (f"@g{rng.randrange(60)}" for _ in range(4))
        if n % 4:
            patterns = f'any = ["{a}|{b} ~3 {common} ~~4 {first}", "{second} ~2 {common}? {c}|{third}"]'
        else:
            patterns = f'all = ["{second}", "{fourth}"]'
        made.append(f'[[rule]]\nid = "r{n}"\ncase = "c{n % 13}"\n{patterns}\n')
    return f"{_WORDS.get(lang, '')}[groups]\n{groups}\n" + "".join(made)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--rules", type=int, default=400)
    arguments = parser.parse_args()
    lines = [json.loads(line) for path in arguments.files for line in path.read_text(encoding="utf-8").splitlines()]
    by_lang: dict[str, list[str]] = {}
    for line in lines:
        by_lang.setdefault(line["lang"], []).append(line["text"])
    for lang, texts in by_lang.items():
        posts = [Post(text=text) for text in texts]
        read = [[read_text(text, field="text", lang=lang)] for text in texts]
        met = Counter(token.text for (one,) in read for token in one.tokens if token.kind == "word")
        if not arguments.rules:
            _measure(lang, Rules.load(), posts, read, 0.0)
            continue
        with TemporaryDirectory() as folder:
            Path(folder, "cases.toml").write_text("".join(_CASE.format(n) for n in range(13)), encoding="utf-8")
            file = generate([word for word, _ in met.most_common()], arguments.rules, lang)
            Path(folder, f"{lang}.toml").write_text(file, encoding="utf-8")
            began = time.process_time()
            rules = Rules.load(Path(folder))
            loading = time.process_time() - began
        _measure(lang, rules, posts, read, loading)


def _measure(lang: str, rules: Rules, posts: list[Post], read: list[list[Reading]], loading: float) -> None:
    words = sum(token.kind == "word" for (one,) in read for token in one.tokens)
    for p, r in zip(posts, read, strict=True):  # a daemon knows its words
        rules.find(p, r, spans=(), others=())
    began = time.process_time()
    found = sum(len(rules.find(p, r, spans=(), others=())) for p, r in zip(posts, read, strict=True))
    spent = time.process_time() - began
    began = time.process_time()
    for (one,) in read:
        read_text(one.text, field="text", lang=lang)
    reading = time.process_time() - began
    print(
        f"{lang}: {len(posts)} texts, {words / len(posts):.0f} words each, {found} cases found; load {loading:.2f} s; "
        f"rules {spent / len(posts) * 1e3:.3f} ms a text, {spent / words * 40e3:.3f} ms for 40 words; "
        f"reading {reading / words * 40e3:.3f} ms for 40 words"
    )


if __name__ == "__main__":
    main()
