"""Whatever stands in the file: a Config or faults, never anything else."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.config import load
from monitor.config.document import read_document, spell
from monitor.errors import ConfigError, Fault

DATA = Path(__file__).parent / "data"
MINIMAL = (DATA / "minimal.yaml").read_bytes()
PIECES = [
    *(
        b"\t",
        b"&a ",
        b"*a",
        b"<<: ",
        b"!!int ",
        b"!!set ",
        b"!x ",
        b"!<t> ",
        b"%YAML 1.1\n",
        b"%TAG ! x\n",
        b"---\n",
        b"...\n",
    ),
    *(
        b"? ",
        b"- ",
        b": ",
        b"[",
        b"]",
        b"{",
        b"}",
        b'"',
        b"'",
        b"|",
        b">",
        b"#",
        b"\r",
        b"\n",
        b"  ",
        b"@",
        b"`",
        b"\\x",
        b"~",
    ),
    *(b"\0", b"\x85", b"\xe2\x80\xa8", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"${", b"${A}", b"null"),
    *(b"0x", b"1_", b".nan", b"1e999", b"9" * 30, b"9" * 5000),
]

one_file = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def faults_of(path: Path, raw: bytes) -> tuple[Fault, ...]:
    path.write_bytes(raw)
    try:
        load(path, environ={"A": "x://y"})
    except ConfigError as error:
        return error.faults
    return ()


def check(path: Path, raw: bytes) -> None:
    assert all(fault.line >= 1 and fault.column >= 1 and str(fault) for fault in faults_of(path, raw))


@one_file
@given(raw=st.binary(max_size=200))
def test_arbitrary_bytes(tmp_path: Path, raw: bytes) -> None:
    check(tmp_path / "sources.yaml", raw)


@one_file
@given(edits=st.lists(st.tuples(st.integers(0, len(MINIMAL)), st.sampled_from(PIECES)), min_size=1, max_size=4))
def test_a_good_file_with_pieces_of_yaml_thrown_in(tmp_path: Path, edits: list[tuple[int, bytes]]) -> None:
    raw = bytearray(MINIMAL)
    for at, piece in edits:
        raw[at:at] = piece
    check(tmp_path / "sources.yaml", bytes(raw))


def test_an_alias_bomb_is_defused(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]  # 10 ** 12 values
    (fault,) = faults_of(path, "\n".join(rows).encode())
    assert fault.message == "more than 200000 values once aliases are followed"


def test_aliases_are_followed(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text("a: &words [one, two]\nb: *words\n", encoding="utf-8")
    document = read_document(path)
    assert document.data == {"a": ["one", "two"], "b": ["one", "two"]}
    assert document.values["b", 0] == (1, 12)


def test_scalars_are_those_of_yaml_1_2(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(
        "[yes]: 1\na: yes\nb: 007\nc: 0x1f\nd: 0o17\ne: 2026-11-21\nf: ~\ng: True\nh: 1.5\ni: 22:30\n", "utf-8"
    )
    document = read_document(path)
    assert document.data == {
        "a": "yes", "b": 7, "c": 31, "d": 15, "e": "2026-11-21", "f": None, "g": True, "h": 1.5, "i": "22:30",
    }  # fmt: skip
    assert [str(fault) for fault in document.faults] == [f"{path}:1:1: a key must be plain text"]


def test_a_byte_order_mark_moves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: [1, 2]\n")
    assert read_document(path).values["a", 1] == (1, 8)


def test_places_are_spelt_as_people_write_them() -> None:
    assert spell(("sources", 2, "url")) == "sources[2].url"
    assert spell(("receivers", "бренд-1", "urls", 0)) == "receivers.бренд-1.urls[0]"
    assert spell(("sources", 0, "headers", "X Y")) == 'sources[0].headers["X Y"]'
    assert spell(()) == ""
