"""The options of the kind `html` as they stand in sources.yaml, and what is said of mistakes in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.config import json_schema, load
from monitor.errors import ConfigError
from monitor.sources.htmloptions import Fields, HtmlOptions, ThreadOptions

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "contact: watch@your-company.test\nbrands:\n  - name: Kassolet\nsources:\n  - name: forum\n    kind: html\n"


def written(folder: Path, options: str) -> Path:
    path = folder / "sources.yaml"
    indented = "".join(f"    {line}\n" for line in options.strip().splitlines())
    path.write_text(f"{HEAD}    url: https://forum.test/\n{indented}", encoding="utf-8")
    return path


def test_all_options(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
item: tr.topic
fields:
  url: a.title
  replies: [.count, "@data-count"]
remove: .hint
next: a.next
follow: a.last
mark: [.when@title]
thread:
  item: .post
  fields: {id: "@id", text: .body}
  remove: [blockquote, .signature]
  next: a.prev
  last: a.last
languages: [ru, en-GB]
timezone: Europe/Moscow
rating_best: 10
""",
    )
    assert load(path, environ={}).sources[0].options == HtmlOptions(
        item="tr.topic",
        fields=Fields(url=("a.title",), replies=(".count", "@data-count")),
        remove=(".hint",),
        next="a.next",
        follow=("a.last",),
        mark=(".when@title",),
        thread=ThreadOptions(
            item=".post",
            fields=Fields(id=("@id",), text=(".body",)),
            remove=("blockquote", ".signature"),
            next="a.prev",
            last="a.last",
        ),
        languages=("ru", "en-GB"),
        timezone="Europe/Moscow",
        rating_best=10,
    )


THREAD = "follow: a\nthread: {item: .m}\n"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("fields: {id: '@id'}", "5:5: sources[0].item: is missing"),
        ("item: .p[", "5:5: sources[0]: item: selector '.p[': Malformed attribute selector at position 2"),
        ("item: .p\nnext: a:has(b)", "5:5: sources[0]: next: selector 'a:has(b)': :has() would need a second walk"),
        ("item: .p\nnext: '@href'", "5:5: sources[0]: next: needs a selector before the attribute"),
        ("item: .p\nfields: {text: [.a, 'b..c']}", "5:5: sources[0]: fields.text: selector 'b..c': Malformed class"),
        ("item: .p\nfields: {text: ' '}", "5:5: sources[0]: fields.text: is empty (write :scope for the item itself)"),
        ("item: .p\nremove: '>'", "5:5: sources[0]: remove: selector '>': "),
        ("item: .p\nfields: {titel: h1}", "9:14: sources[0].fields.titel: there is no such key (did you mean title?)"),
        ("item: .p\nfields: {title: 5}", "9:21: sources[0].fields.title: must be a list"),
        ("item: .p\nfields: h1", "9:13: sources[0].fields: must be a mapping"),
        ("item: .p\nthread: {itme: .m}", "9:14: sources[0].thread.itme: there is no such key (did you mean item?)"),
        ("item: .p\nthread: {fields: {tex: a}}", "9:23: sources[0].thread.fields.tex: there is no such key (did you"),
        ("item: .p\nfollow: a", "5:5: sources[0]: follow needs thread.item, the selector of a post on the page"),
        (f"item: .p\n{THREAD}", "5:5: sources[0]: follow needs mark, fields.replies or fields.published, to see"),
        ("item: .p\nmark: i\nfollow: a\nthread: {item: '.m['}", "5:5: sources[0]: thread.item: selector '.m[': "),
        ("item: .p\nmark: i", "5:5: sources[0]: thread and mark have no effect without follow"),
        ("item: .p\ntimezone: Moscow", "5:5: sources[0]: timezone: there is no 'Moscow'; write it as in Europe/Moscow"),
        ("item: .p\ntimezone: ../../etc/passwd", "5:5: sources[0]: timezone: there is no '../../etc/passwd'"),
        ("item: .p\nlanguages: [ja]", "5:5: sources[0]: languages: dates in 'ja' cannot be read; known are ru, en"),
        ("item: .p\nlanguages: []", "5:5: sources[0]: languages: must not be empty"),
        ("item: .p\nrating_best: 0", "5:5: sources[0]: rating_best: must be between 1 and 1000"),
    ],
)
def test_mistakes(tmp_path: Path, options: str, expected: str) -> None:
    path = written(tmp_path, options)
    with pytest.raises(ConfigError) as caught:
        load(path, environ={})
    assert str(caught.value).startswith(f"{path}:{expected}")


def test_the_schema_describes_nested_options() -> None:
    schema = json_schema()
    html = next(one for one in schema["properties"]["sources"]["items"]["oneOf"] if "rating_best" in one["properties"])
    assert {"type": "string"} in html["properties"]["follow"]["anyOf"]
    fields = schema["$defs"]["Fields"]
    assert fields["additionalProperties"] is False
    assert fields["properties"]["title"]["description"] == "Its headline."
    assert "fields" in schema["$defs"]["ThreadOptions"]["properties"]
