"""The address of a source whose kind reads no web pages, and its password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.config import load
from monitor.errors import ConfigError
from monitor.sources.imap import ImapOptions

if TYPE_CHECKING:
    from pathlib import Path

FILE = """contact: desk@samovar.ru
brands: [{{name: Samovar}}]
sources:
  - {{name: mail, kind: imap, url: "{url}", user: desk, password: "{password}"{keys}}}
"""


def written(folder: Path, url: str, *, password: str = "${PW}", keys: str = "") -> Path:
    path = folder / "sources.yaml"
    path.write_text(FILE.format(url=url, password=password, keys=keys), encoding="utf-8")
    path.chmod(0o644)
    return path


@pytest.mark.parametrize(
    ("url", "keys"),
    [
        ("imaps://mail.samovar.ru/INBOX", ""),
        ("imaps://mail.samovar.ru:1993/Alerts", ", every: 2m"),
        ("imap://127.0.0.1/INBOX", ", allow: [127.0.0.0/8], every: 5s"),
    ],
)
def test_a_mailbox(tmp_path: Path, url: str, keys: str) -> None:
    (source,) = load(written(tmp_path, url, keys=keys), environ={"PW": "long enough"}).sources
    assert source.url == url
    assert isinstance(source.options, ImapOptions)
    assert source.options.password == "${PW}"


@pytest.mark.parametrize(
    ("url", "keys", "words"),
    [
        ("https://mail.samovar.ru/", "", "is no imaps or imap address (write it whole, as in imaps://host/path)"),
        ("imaps:///INBOX", "", "is no imaps or imap address"),
        ("imaps://10.0.0.1/INBOX", "", "is a private address"),
        ("imaps://mail.samovar.ru/INBOX", ", every: 5s", "below 1m is too often"),
    ],
)
def test_what_is_no_mailbox(tmp_path: Path, url: str, keys: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, url, keys=keys), environ={"PW": "long enough"})
    assert words in str(caught.value)


def test_a_web_source_is_no_mailbox(tmp_path: Path) -> None:
    path = written(tmp_path, "imaps://mail.samovar.ru/INBOX")
    path.write_text(path.read_text().replace("kind: imap", "kind: feed").replace(', user: desk, password: "${PW}"', ""))
    with pytest.raises(ConfigError, match="is no http or https address"):
        load(path, environ={})


def test_a_password_that_everybody_can_read_is_warned_about(tmp_path: Path) -> None:
    url = "imaps://mail.samovar.ru/INBOX"
    plain = [str(one) for one in load(written(tmp_path, url, password="samowar1"), environ={}).warnings]
    assert [one for one in plain if "sources[0].password: looks like a secret" in one]
    assert not any("samowar1" in one for one in plain)
    named = load(written(tmp_path, url), environ={"PW": "long enough"}).warnings
    assert not [one for one in named if "password" in one.path]
