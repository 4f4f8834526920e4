"""Bytes of a scanner to codes, however they are cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.credential import Junk
from drivers.qr_scanner import LINE_LIMIT, LineDecoder

CODE = "aisle:7f3c-19"


def lengths(found: list[str | Junk]) -> list[int]:
    return [f.length for f in found if isinstance(f, Junk)]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_line_ends_with_cr_lf_or_both(end: bytes) -> None:
    assert LineDecoder().feed(2 * (CODE.encode() + end)) == [CODE, CODE]


@pytest.mark.parametrize("prefix", [b"]Q3", b"]d2", b"]C1", b"]e0", b"]Q3\x1d", b"\x1d"])
def test_the_aim_identifier_and_the_first_fnc1_are_no_part_of_the_code(prefix: bytes) -> None:
    assert LineDecoder().feed(prefix + CODE.encode() + b"\r") == [CODE]


def test_an_fnc1_between_gs1_fields_stays() -> None:
    assert LineDecoder().feed(b"]d20104012345678901\x1d10LOT7\r") == ["0104012345678901\x1d10LOT7"]


def test_a_code_that_begins_with_a_bracket_alone_keeps_it() -> None:
    assert LineDecoder().feed(b"]-[\r") == ["]-["]


@pytest.mark.parametrize("junk", [b"\xff\xfe\x80", b"]Q3", b"ab\x00c", b"\x1d", LINE_LIMIT * b"x" + b"y"])
def test_a_line_that_is_no_code_is_junk_of_its_length_and_the_next_one_is_read(junk: bytes) -> None:
    found = LineDecoder().feed(junk + b"\r" + CODE.encode() + b"\r")
    assert lengths(found) == [len(junk)]
    assert found[1:] == [CODE]


def test_the_longest_line_is_a_code() -> None:
    assert LineDecoder().feed(LINE_LIMIT * b"x" + b"\n") == [LINE_LIMIT * "x"]


def test_a_line_without_end_takes_no_memory() -> None:
    decoder = LineDecoder()
    for _ in range(100):
        decoder.feed(LINE_LIMIT * b"x")
    assert len(decoder._kept) == LINE_LIMIT
    assert lengths(decoder.feed(b"\r")) == [100 * LINE_LIMIT]


def test_half_a_line_is_given_up_after_silence_and_does_not_spoil_the_next() -> None:
    decoder = LineDecoder()
    assert decoder.feed(b"half a co") == []
    assert lengths(list(decoder.silence())) == [9]
    assert decoder.silence() == []
    assert decoder.feed(CODE.encode() + b"\r") == [CODE]


def test_what_junk_says_holds_nothing_of_the_line() -> None:
    card = b"4111111111111111\x00"
    [junk] = LineDecoder().feed(card + b"\r")
    assert "4111" not in repr(junk)


PIECE = st.one_of(
    st.binary(max_size=20), st.sampled_from([b"\r", b"\n", b"\r\n", b"]Q3", b"\x1d", "é".encode(), LINE_LIMIT * b"z"])
)


@given(st.lists(PIECE, max_size=12).map(b"".join), st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_how_the_bytes_are_cut_changes_nothing(stream: bytes, sizes: list[int]) -> None:
    whole = LineDecoder().feed(stream)
    decoder, found, at = LineDecoder(), [], 0
    for size in itertools.cycle(sizes):
        found += decoder.feed(stream[at : at + size])
        at += size
        if at >= len(stream):
            break
    assert found == whole
    assert all(isinstance(f, Junk) or 0 < len(f.encode()) <= LINE_LIMIT for f in whole)


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=50), max_size=10), st.data())
def test_every_code_comes_out_once_and_in_order(codes: list[str], data: st.DataObject) -> None:
    ends = [data.draw(st.sampled_from([b"\r", b"\n", b"\r\n"])) for _ in codes]
    assert LineDecoder().feed(b"".join(c.encode() + e for c, e in zip(codes, ends, strict=True))) == codes
