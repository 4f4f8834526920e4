"""Bits of a card reader to credentials."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.credential import Junk
from drivers.wiegand import FORMATS, MOST_BITS, WiegandDecoder
from hw.sim.wiegand_reader import LAYOUTS, frame
from wire.messages import looks_like_card_number

CARDS = st.sampled_from(sorted(LAYOUTS)).flatmap(
    lambda length: st.tuples(st.just(length), st.tuples(*(st.integers(0, 2**width - 1) for width in LAYOUTS[length])))
)
Card = tuple[int, tuple[int, ...]]


def decoded(bits: list[int]) -> str | Junk | None:
    decoder = WiegandDecoder()
    for bit in bits:
        decoder.feed(bit)
    return decoder.end()


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("1" + "01111011" + "1011001001101110" + "1", "wiegand-26:123:45678"),
        ("0" + "0" * 32 + "1", "wiegand-34:0"),
        ("0" + "1" * 16 + "0" * 19 + "1", "wiegand-37:65535:0"),
    ],
)
def test_a_card_is_named_by_its_numbers(bits: str, text: str) -> None:
    assert decoded([int(bit) for bit in bits]) == text


@given(CARDS)
@example((37, (34915, 179833)))
def test_whatever_a_card_holds_is_read_and_may_travel(card: Card) -> None:
    length, numbers = card
    text = decoded(frame(numbers, length))
    assert text == ":".join([f"wiegand-{length}", *map(str, numbers)])
    assert isinstance(text, str) and not looks_like_card_number(text)


@given(CARDS, st.data())
def test_one_bit_that_is_wrong_lost_or_invented_is_junk_never_another_card(card: Card, data: st.DataObject) -> None:
    length, numbers = card
    bits = frame(numbers, length)
    at = data.draw(st.integers(0, length - 1))
    for broken in ([*bits[:at], 1 - bits[at], *bits[at + 1 :]], bits[:at] + bits[at + 1 :], [*bits, bits[at]]):
        assert isinstance(decoded(broken), Junk)


@given(CARDS)
def test_swapped_lines_are_named(card: Card) -> None:
    length, numbers = card
    found = decoded([1 - bit for bit in frame(numbers, length)])
    assert isinstance(found, Junk) and "swapped" in found.reason


@given(st.lists(st.lists(st.integers(0, 1), max_size=3 * MOST_BITS), max_size=5))
def test_whatever_comes_is_a_credential_or_junk_of_its_length_and_leaves_nothing_for_the_next(
    frames: list[list[int]],
) -> None:
    decoder = WiegandDecoder()
    for bits in frames:
        for bit in bits:
            decoder.feed(bit)
        match decoder.end():
            case None:
                assert not bits
            case Junk(length):
                assert length == len(bits)
            case text:
                assert len(bits) in FORMATS and text.startswith(f"wiegand-{len(bits)}:")
