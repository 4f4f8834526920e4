import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.hx711 import (
    DATA_BITS,
    HIGHEST,
    LOWEST,
    SCK_HIGH_LIMIT_S,
    SETTLING_CONVERSIONS,
    Fault,
    Gain,
    Judge,
    RawRead,
    Sample,
    looks_cut_short,
    signed,
)

PERIOD_S = 1 / 80
data = st.integers(0, (1 << DATA_BITS) - 1)
seconds = st.floats(0, 1e6)


def sound(value: int, ready_s: float, **other: float) -> RawRead:
    """A read as it should be: clocked 1 ms after a conversion that ended at `ready_s`."""
    bits = (value & 0xFFFFFF) << 1 | 1
    fields = {"longest_high_s": 5e-6, "not_ready_s": ready_s - 0.5e-3, "ready_s": ready_s, "end_s": ready_s + 1e-3}
    return RawRead(bits, Gain.A128, **{**fields, **other})


def settled() -> Judge:
    """A judge who has seen the conversions up to and with the one that ended at 0."""
    judge = Judge(80)
    judge.restart(reselect=False)
    for n in range(-SETTLING_CONVERSIONS, 0):
        assert judge.judge(sound(1000, (n + 1) * PERIOD_S)).fault is Fault.SETTLING
    return judge


@given(st.integers(LOWEST, HIGHEST))
def test_every_24_bit_number_survives_the_way_over_the_wire(counts: int) -> None:
    assert signed(counts & 0xFFFFFF) == counts
    assert RawRead((counts & 0xFFFFFF) << 3 | 0b111, Gain.A64, 0, 0, 0, 0).data == counts & 0xFFFFFF


@given(
    st.lists(
        st.builds(
            lambda pulses, bits, *times: RawRead(bits & ((1 << pulses) - 1), pulses, *times),
            st.sampled_from(Gain),
            st.integers(0, (1 << 27) - 1),
            st.floats(0, 1e-3),
            seconds,
            seconds,
            seconds,
        ),
        max_size=30,
    )
)
def test_any_run_of_reads_gives_counts_or_a_fault_and_never_both(reads: list[RawRead]) -> None:
    judge = settled()
    for read in reads:
        sample = judge.judge(read)
        assert (sample.counts is None) != (sample.fault is None)
        if sample.counts is not None:
            assert LOWEST < sample.counts < HIGHEST
            assert read.longest_high_s < SCK_HIGH_LIMIT_S
            assert read.trailing_ok


@given(data)
def test_a_sound_read_gives_its_number_at_once_unless_it_looks_cut_short(value: int) -> None:
    sample = settled().judge(sound(value, PERIOD_S))
    if looks_cut_short(value):
        assert sample.fault is Fault.SUSPECT_PATTERN
    elif signed(value) != LOWEST:
        assert sample == Sample(signed(value), None, 1)


@given(data, st.integers(0, 16))
def test_a_read_cut_short_before_its_last_byte_is_refused_even_if_the_clock_was_not_seen(value: int, kept: int) -> None:
    cut = value | (1 << (DATA_BITS - kept)) - 1
    assert settled().judge(sound(cut, PERIOD_S)).counts is None


@given(st.integers(LOWEST, HIGHEST - 1), st.floats(SCK_HIGH_LIMIT_S, 1.0))
def test_a_pulse_too_long_spoils_the_read_and_the_settling_after_it(counts: int, high_s: float) -> None:
    judge = settled()
    assert judge.judge(sound(counts, PERIOD_S, longest_high_s=high_s)).fault is Fault.PREEMPTED
    after = [judge.judge(sound(1000, (2 + n) * PERIOD_S)) for n in range(SETTLING_CONVERSIONS + 1)]
    assert [s.fault for s in after] == [Fault.SETTLING] * SETTLING_CONVERSIONS + [None]
    assert {s.generation for s in after} == {2}


@pytest.mark.parametrize("counts", [-1, 0xFF, 0x3FFFFF])
def test_a_number_that_looks_cut_short_is_believed_when_it_comes_again_on_time(counts: int) -> None:
    judge = settled()
    samples = [judge.judge(sound(counts, n * PERIOD_S)) for n in (1, 2, 3)]
    assert [s.fault for s in samples] == [Fault.SUSPECT_PATTERN, None, None]
    assert samples[2].counts == counts


def test_a_number_that_looks_cut_short_is_not_believed_when_the_chip_comes_back_late() -> None:
    judge = settled()
    assert judge.judge(sound(-1, PERIOD_S)).fault is Fault.SUSPECT_PATTERN
    assert judge.judge(sound(-1, 5 * PERIOD_S)).fault is Fault.BAD_INTERVAL
    assert judge.judge(sound(-1, 6 * PERIOD_S)).fault is Fault.SETTLING


def test_saturation_is_told_from_data_on_both_sides() -> None:
    judge = settled()
    assert judge.judge(sound(LOWEST, PERIOD_S)).fault is Fault.SATURATED_LOW
    assert judge.judge(sound(HIGHEST, 2 * PERIOD_S)).fault is Fault.SUSPECT_PATTERN
    assert judge.judge(sound(HIGHEST, 3 * PERIOD_S)).fault is Fault.SATURATED_HIGH


@pytest.mark.parametrize(
    ("ready_s", "other", "fault"),
    [
        (0.7 * PERIOD_S, {}, Fault.BAD_INTERVAL),
        (1.5 * PERIOD_S, {}, Fault.BAD_INTERVAL),
        (0.86 * PERIOD_S, {}, None),
        (1.2 * PERIOD_S, {}, None),
        (PERIOD_S, {"end_s": 1.9 * PERIOD_S}, Fault.LATE),
        (PERIOD_S, {"longest_high_s": 49e-6}, None),
    ],
)
def test_when_the_chip_is_ready_and_read_bears_witness(ready_s: float, other: dict[str, float], fault: Fault) -> None:
    assert settled().judge(sound(1000, ready_s, **other)).fault is fault


@pytest.mark.parametrize("gain", list(Gain))
def test_a_low_bit_after_the_data_is_refused(gain: Gain) -> None:
    for low in range(gain - DATA_BITS):
        bits = (1 << (gain - DATA_BITS)) - 1 ^ (1 << low)
        read = RawRead(1000 << (gain - DATA_BITS) | bits, gain, 5e-6, 0.0, 0.001, 0.002)
        assert Judge(80).judge(read).fault is Fault.BAD_TRAILING_BITS


def test_a_missing_cell_starts_one_new_generation_however_long_it_is_gone() -> None:
    judge = settled()
    assert [judge.missing() for _ in range(3)] == [Sample(None, Fault.NOT_READY, 2)] * 3
    assert judge.judge(sound(1000, 9.0)).fault is Fault.SETTLING
