"""Counts → grams, through the cell's calibration record."""

from firmware_py.calibration import Calibration


def grams(calibration: Calibration, counts: float, temperature_c: float | None = None) -> float:
    """The load in grams. Without a temperature, or a record of its effect, as at the reference temperature."""
    effect = calibration.temperature
    if effect is None or temperature_c is None:
        return (counts - calibration.zero_counts) / calibration.counts_per_gram
    warmer_c = temperature_c - effect.reference_c
    zero_counts = calibration.zero_counts + effect.zero_counts_per_c * warmer_c
    return (counts - zero_counts) / (calibration.counts_per_gram * (1.0 + effect.span_per_c * warmer_c))
