"""Secrets are found, and appear nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.config import Config, load
from monitor.config.secrets import Missing, literal_in, look_up, references, reveal, sensitive
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

CANARY = "canary-9f8e7d6c5b4a"

FILE = """\
contact: watch@shop.test
brands:
  - name: Кассолёт
sources:
  - name: news
    kind: feed
    url: https://news.invalid/feed?token=${TOKEN}
    headers: {Authorization: "Bearer ${TOKEN}"}
receivers:
  support: {urls: ["json://${TOKEN}@hooks.invalid"]}
routes:
  - to: support
"""


def write(folder: Path, text: str, *, mode: int = 0o600) -> Path:
    path = folder / "sources.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def loaded(folder: Path, value: str = CANARY) -> Config:
    return load(write(folder, FILE), environ={"TOKEN": value})


def test_a_configuration_never_shows_its_secrets(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert CANARY not in repr(config)
    assert CANARY not in str(config)
    assert CANARY not in config.fingerprint


def test_targets_have_the_value_and_sources_the_spelling(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert config.receivers[0].targets[0].url == f"json://{CANARY}@hooks.invalid"
    assert config.sources[0].url == "https://news.invalid/feed?token=${TOKEN}"
    assert config.reveal(config.sources[0].url) == f"https://news.invalid/feed?token={CANARY}"
    assert config.reveal(config.sources[0].headers[0][1]) == f"Bearer {CANARY}"


def test_text_that_names_no_known_secret_is_left_alone(tmp_path: Path) -> None:
    assert loaded(tmp_path).reveal("a ${STRANGER} of $5") == "a ${STRANGER} of $5"


def test_target_key_and_fingerprint_outlive_a_changed_secret(tmp_path: Path) -> None:
    old, new = loaded(tmp_path), loaded(tmp_path, "another-canary-1")
    assert old.receivers[0].targets[0].key == new.receivers[0].targets[0].key
    assert old.fingerprint == new.fingerprint
    assert old != new


def test_what_must_be_hidden_is_listed(tmp_path: Path) -> None:
    assert CANARY in loaded(tmp_path).secrets


def test_the_contact_is_no_secret(tmp_path: Path) -> None:
    path = write(tmp_path, FILE.replace("watch@shop.test", "${CONTACT}"))
    assert "watch@shop.test" not in load(path, environ={"CONTACT": "watch@shop.test", "TOKEN": CANARY}).secrets


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://news.invalid/feed?token=${TOKEN}", "${TOKEN}"),
        ("Bearer ${TOKEN}", "Bearer\\n${TOKEN}"),
        ("json://${TOKEN}@hooks.invalid", "${TOKEN}"),
        ("kind: feed", f"kind: feed\n    every: {CANARY}"),
        ("kind: feed", f"kind: feed\n    url: {CANARY}"),
        ("json://${TOKEN}@hooks.invalid", CANARY),
        ("https://news.invalid/feed?token=${TOKEN}", f"ftp://{CANARY}"),
        ("https://news.invalid/feed?token=${TOKEN}", f"'https://news.invalid/{CANARY}"),
        ("Bearer ${TOKEN}", f'"{CANARY}'),
    ],
)
def test_faults_never_quote_a_secret(tmp_path: Path, old: str, new: str) -> None:
    assert old in FILE
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, FILE.replace(old, new)), environ={"TOKEN": CANARY})
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(caught.value)
    assert caught.value.__cause__ is None


LITERAL = FILE.replace("${TOKEN}", CANARY)


def test_a_literal_secret_in_a_file_that_all_can_read_is_told(tmp_path: Path) -> None:
    warnings = load(write(tmp_path, LITERAL, mode=0o644), environ={}).warnings
    message = "looks like a secret, and every user of this machine can read the file"
    assert {warning.path for warning in warnings if warning.message == message} == {
        "receivers.support.urls[0]",
        "sources[0].headers.Authorization",
        "sources[0].url",
    }
    assert CANARY not in "".join(map(str, warnings))


def test_a_private_file_may_hold_literals_and_one_of_references_may_be_open(tmp_path: Path) -> None:
    assert load(write(tmp_path, LITERAL, mode=0o640), environ={}).warnings == ()
    assert load(write(tmp_path, FILE, mode=0o644), environ={"TOKEN": CANARY}).warnings == ()


def test_a_secret_may_stand_for_any_part_of_an_address(tmp_path: Path) -> None:
    text = FILE.replace(
        "https://news.invalid/feed?token=${TOKEN}", "'http://[${HOST}]:${PORT}/feed'\n    allow: ['::1']"
    )
    path = write(tmp_path, text, mode=0o644)
    config = load(path, environ={"TOKEN": CANARY, "HOST": "::1", "PORT": "5000"})
    assert config.reveal(config.sources[0].url) == "http://[::1]:5000/feed"
    with pytest.raises(ConfigError, match=r"sources\[0\]\.url: is no address"):
        load(path, environ={"TOKEN": CANARY, "HOST": "::1", "PORT": "none"})


def test_a_literal_address_of_a_receiver_is_hidden_too(tmp_path: Path) -> None:
    assert f"json://{CANARY}@hooks.invalid" in load(write(tmp_path, LITERAL), environ={}).secrets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", []),
        ("${A}", ["${A}"]),
        ("x${A}y${file:/run/b c}z${credential:d}", ["${A}", "${file:/run/b c}", "${credential:d}"]),
        ("${A", ["${A"]),
        ("${}", ["${}"]),
        ("$A $ {A}", []),
    ],
)
def test_references_in_text(text: str, expected: list[str]) -> None:
    assert references(text) == expected


def test_reveal_puts_in_values_as_they_are() -> None:
    known = {"${A}": r"\1 ${B}", "${B}": "b"}
    assert reveal("<${A}> <${B}>", known) == r"<\1 ${B}> <b>"
    assert reveal("${C}", known) is None
    assert reveal("nothing", {}) == "nothing"


@pytest.mark.parametrize(
    ("reference", "environ", "message"),
    [
        ("${A}", {}, "the environment variable A is not set"),
        ("${A}", {"A": " "}, "the secret ${A} is empty"),
        ("${file:none}", {}, "the secret file none cannot be read: No such file or directory"),
        ("${file:binary}", {}, "the secret file binary is not UTF-8 text"),
        ("${file:nul}", {}, "the secret file nul is no secret: more than 64 kB, or binary"),
        ("${file:big}", {}, "the secret file big is no secret: more than 64 kB, or binary"),
        ("${file:empty}", {}, "the secret ${file:empty} is empty"),
        ("${credential:a}", {}, "there is no CREDENTIALS_DIRECTORY for the credential a"),
        ("${credential:../a}", {"CREDENTIALS_DIRECTORY": "."}, "this is not how a secret is spelt"),
        ("${a b}", {}, "this is not how a secret is spelt"),
        ("${1}", {}, "this is not how a secret is spelt"),
        ("${A", {}, "this is not how a secret is spelt"),
    ],
)
def test_secrets_without_a_value(tmp_path: Path, reference: str, environ: Mapping[str, str], message: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "nul").write_bytes(b"a\0b")
    (tmp_path / "big").write_bytes(b"x" * (64 * 1024 + 1))
    (tmp_path / "empty").write_bytes(b"\n")
    found = look_up(reference, environ=environ, beside=tmp_path)
    assert isinstance(found, Missing)
    assert found.message == message


def test_secrets_with_a_value(tmp_path: Path) -> None:
    (tmp_path / "inside").write_text(" kept \r\n", encoding="utf-8")
    environ = {"A": "one", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    elsewhere = Path("/nowhere")
    assert look_up("${A}", environ=environ, beside=elsewhere) == "one"
    assert look_up("${file:inside}", environ=environ, beside=tmp_path) == " kept "
    assert look_up(f"${{file:{tmp_path}/inside}}", environ=environ, beside=elsewhere) == " kept "
    assert look_up("${credential:inside}", environ=environ, beside=elsewhere) == " kept "


def test_a_credential_of_a_whole_folder_bears_the_name_that_systemd_gives_it(tmp_path: Path) -> None:
    # LoadCredential=monitor:/etc/monitor/credentials in systemd/monitor.service
    (tmp_path / "monitor_mail").write_text("by the service\n", encoding="utf-8")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert look_up("${credential:mail}", environ=environ, beside=tmp_path) == "by the service"
    (tmp_path / "mail").write_text("by its own name\n", encoding="utf-8")
    assert look_up("${credential:mail}", environ=environ, beside=tmp_path) == "by its own name"
    missing = look_up("${credential:chat}", environ=environ, beside=tmp_path)
    assert isinstance(missing, Missing)
    assert missing.message == "the credential chat cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mailto://bot:hunter@mail.invalid", True),
        ("mailto://bot:${PASS}@mail.invalid", False),
        ("mailto://mail.invalid?to=team@shop.test", False),
        ("slack://TokenA7/TokenB7/abcdefgh12345678", True),
        ("slack://${SLACK}/#support", False),
        ("json://some-long-host-name.shop.test/path", False),
        ("json://[half", False),
    ],
)
def test_what_looks_like_a_literal_secret(text: str, expected: bool) -> None:
    assert literal_in(text) is expected


def test_sensitive_values_come_longest_first_with_what_is_inside_them() -> None:
    url = "mailto://bot:p%40ss@mail.invalid/abcdefgh12345678"
    assert sensitive([url, "tiny", "abc"]) == (url, "abcdefgh12345678", "p%40ss", "p@ss", "tiny")
