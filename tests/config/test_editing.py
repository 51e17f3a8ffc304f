"""Entries as YAML, and sources.yaml with one more of them: every other byte stays, or nothing is written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from monitor.config import load
from monitor.config.editing import WIDTH, append_source, load_entry, spell_entry
from monitor.errors import ConfigError, InputError

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.models import JSON

ENTRY: dict[str, JSON] = {"name": "new", "kind": "feed", "url": "https://a.example/feed", "every": "10m"}
LINE = '- {name: new, kind: feed, url: "https://a.example/feed", every: "10m"}'
HEAD = "contact: t@monitor.test\nbrands: [{name: Нордвика}]  # одна\n"
OLD = '{name: old, kind: feed, url: "https://b.example/x"}'
LATER = "  # ещё не нужен:\n  # - {name: no}\n\n# конец\n"
NESTED = (
    "sources:\n  - name: old\n    kind: feed\n    url: https://b.example/x\n    allow:\n      - 10.0.0.0/8  # дом\n"
)

LAYOUTS = {
    "block": (f"{HEAD}sources:\n  - {OLD}\n", f"{HEAD}sources:\n  - {OLD}\n  {LINE}\n"),
    "comments": (
        f"# начало\n{HEAD}sources:\n  # первый\n  - {OLD}   # хвост\n{LATER}",
        f"# начало\n{HEAD}sources:\n  # первый\n  - {OLD}   # хвост\n  {LINE}\n{LATER}",
    ),
    "no indent": (f"{HEAD}sources:\n- {OLD}\nweb: {{}}\n", f"{HEAD}sources:\n- {OLD}\n{LINE}\nweb: {{}}\n"),
    "no line break at the end": (f"{HEAD}sources:\n  - {OLD}", f"{HEAD}sources:\n  - {OLD}\n  {LINE}\n"),
    "sources first": (f"sources:\n  - {OLD}\n{HEAD}", f"sources:\n  - {OLD}\n  {LINE}\n{HEAD}"),
    "items in blocks": (
        f"{HEAD}sources:\n  - name: old\n    kind: feed\n    url: https://b.example/x\n\nfetch:\n  gap: 1s\n",
        f"{HEAD}sources:\n  - name: old\n    kind: feed\n    url: https://b.example/x\n  {LINE}\n\nfetch:\n  gap: 1s\n",
    ),
    "an item that ends in a list": (f"{HEAD}{NESTED}", f"{HEAD}{NESTED}  {LINE}\n"),
    "one line": (
        f"{HEAD}sources: [{OLD}]  # все\n",
        f"{HEAD}sources: [{OLD}, {LINE[2:]}]  # все\n",
    ),
    "brackets over lines": (
        f"{HEAD}sources: [\n  {OLD},\n]\n",
        f"{HEAD}sources: [\n  {OLD},\n{LINE[2:]}]\n",
    ),
    "lines end as on Windows": (
        f"{HEAD}sources:\n  - {OLD}\nweb: {{}}\n".replace("\n", "\r\n"),
        f"{HEAD}sources:\n  - {OLD}\n  {LINE}\nweb: {{}}\n".replace("\n", "\r\n"),
    ),
    "a mark before the text": (f"\ufeff{HEAD}sources:\n  - {OLD}\n", f"\ufeff{HEAD}sources:\n  - {OLD}\n  {LINE}\n"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_entry_comes_last_and_all_else_stays(name: str, tmp_path: Path) -> None:
    before, after = LAYOUTS[name]
    path = tmp_path / "sources.yaml"
    path.write_bytes(before.encode())
    assert append_source(path, ENTRY, environ={}).name == "new"
    assert path.read_bytes().decode() == after
    assert [source.name for source in load(path, environ={}).sources] == ["old", "new"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_scalar_may_come_before(tmp_path: Path) -> None:
    before = (
        f"{HEAD}sources:\n  - name: old\n    kind: feed\n    url: >-\n      https://b.example/x\n\n# конец\nweb: {{}}\n"
    )
    path = tmp_path / "sources.yaml"
    path.write_text(before, encoding="utf-8")
    append_source(path, ENTRY, environ={})
    assert [source.name for source in load(path, environ={}).sources] == ["old", "new"]
    assert path.read_text("utf-8").replace(f"  {LINE}\n", "") == before


def test_mode_stays_and_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    real = tmp_path / "etc" / "real.yaml"
    real.write_text(LAYOUTS["block"][0], encoding="utf-8")
    real.chmod(0o640)
    link = tmp_path / "sources.yaml"
    link.symlink_to(real)
    append_source(link, ENTRY, environ={})
    assert link.is_symlink()
    assert real.stat().st_mode & 0o7777 == 0o640
    assert LINE in real.read_text("utf-8")


@pytest.mark.parametrize(
    ("entry", "error", "said"),
    [
        ({**ENTRY, "name": "old"}, InputError, "'old' already"),
        ({**ENTRY, "url": "https://b.example/x"}, InputError, "is watched already, as 'old'"),
        ({**ENTRY, "kind": "nonsense"}, ConfigError, "there is no kind 'nonsense'"),
        ({**ENTRY, "every": "1s"}, ConfigError, "below 1m"),
        ({**ENTRY, "extra": 1}, ConfigError, "there is no such key"),
    ],
)
def test_what_would_be_wrong_is_not_written(
    entry: dict[str, JSON], error: type[Exception], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(LAYOUTS["comments"][0], encoding="utf-8")
    with pytest.raises(error, match=said):
        append_source(path, entry, environ={})
    assert path.read_text("utf-8") == LAYOUTS["comments"][0]
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_wrong_already_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text("contact: nobody\nsources: []\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        append_source(path, ENTRY, environ={})
    assert path.read_text("utf-8") == "contact: nobody\nsources: []\n"


def test_a_list_that_stands_elsewhere_is_refused(tmp_path: Path) -> None:
    text = f"{{contact: t@monitor.test, brands: [{{name: x}}], sources: [{OLD}]}}\n"
    path = tmp_path / "sources.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="by hand"):
        append_source(path, ENTRY, environ={})
    assert path.read_text("utf-8") == text


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(LAYOUTS["block"][0], encoding="utf-8")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="cannot be written"):
            append_source(path, ENTRY, environ={})
    finally:
        tmp_path.chmod(0o700)


HTML: dict[str, JSON] = {
    "name": "board",
    "kind": "html",
    "url": "https://a.example/?a=1&b={x}#y",
    "item": '[itemprop="review"] > li:-soup-contains-own("»")',
    "fields": {"id": "@id", "author": [".a:b", "no"], "text": "'# not a comment'", "published": "time@datetime"},
    "remove": ["#signature", "*"],
    "rating_best": 10,
    "robots": False,
    "weight": 0.5,
}


@pytest.mark.parametrize("entry", [ENTRY, HTML, {**ENTRY, "name": "true"}, {**ENTRY, "name": "1e3"}])
def test_what_is_spelt_is_read_as_it_was_meant(entry: dict[str, JSON], tmp_path: Path) -> None:
    from monitor.config.document import read_document

    path = tmp_path / "sources.yaml"
    path.write_text(f"sources:\n{spell_entry(entry)}", encoding="utf-8")
    assert read_document(path).data == {"sources": [entry]}
    assert all(len(line) <= WIDTH for line in spell_entry(entry).splitlines())


def test_an_entry_loads_alone_though_its_secrets_are_not_known() -> None:
    source = load_entry({**ENTRY, "url": "https://a.example/feed?token=${SECRET_TOKEN}"})
    assert source.url == "https://a.example/feed?token=${SECRET_TOKEN}"
