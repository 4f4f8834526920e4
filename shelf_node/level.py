"""A lane's level at rest: where it is, how noisy its cell is, and how fast the level walks. All learned, none given."""

from math import sqrt

NOISE_FLOOR_G = 0.1
"""No cell is quieter: HX711 at gain 128 and 10 SPS with a 10 kg, 1 mV/V cell at 5 V (datasheet, 50 nV rms)."""

WANDER_G2_PER_S = 0.42
"""How fast a cheap cell's level walks, until this one's is known: mean squared differences over 5 to 20 s of the quiet
stretches of public HX711 traces (rocket-buds)."""

WANDER_LIMIT_S = 60.0
"""It walks about a middle: over longer spans the same differences no longer grow."""

CREEP_G2_PER_S = 2.45**2 / 1800.0
"""What a cell may creep however quiet it was: 2.45 g in 30 min (OIML R 60, class C3, 10 kg), as a random walk."""

LEVEL_WALK = 0.16
"""How far a level may walk from block to block, as variance in units of a block mean's. With it the filter's gain is
a third: the level follows drift within three blocks or so, and averages about five."""

MARK_S = 5.0
PRIOR_MARKS = 8
"""Levels so far apart tell how fast this one walks, and what is known of others counts for so many of them."""

STANDS_OFF_SIGMAS = 4.0
LOUDER = 16.0  # a cell's noise may rise by so much (its neighbour is a compressor); more is a hand
HOPELESS_SIGMAS = 12.0  # no steady window spans so much: spares the sums while a hand is on the lane
LEARN_GAIN = 1.0 / 24.0


class Level:
    """Learns from blocks of samples at rest: a filter of the level, and three variances."""

    def __init__(self, t_s: float, samples: list[float]) -> None:
        """From the first samples of an unknown cell: median and quartiles, in case there are wrong reads among them."""
        median_g, spread_g = _median_and_spread(samples)
        self.noise_g = max(NOISE_FLOOR_G, spread_g)
        """Standard deviation of one sample about the mean of its block."""
        self._mean_var = self.noise_g**2  # a sample's variance as block means show it: more, where noise is coloured
        self._wander = WANDER_G2_PER_S
        self._blocks, self._marks = 1, PRIOR_MARKS
        self.move(t_s, median_g, len(samples))

    def move(self, t_s: float, grams: float, n: int) -> None:
        """Be where the mean of `n` samples was found."""
        self.grams = self._earlier_g = self._mark_g = grams
        self._mark_s = t_s
        self._weight = (1.0 + LEVEL_WALK) / n  # variance of the level against the next block, in units of a sample's

    def learn(self, t_s: float, block: list[float], least_g: float) -> bool:
        """Take in a block at rest. False, and nothing learned, when its mean stands off by more than chance and
        `least_g`."""
        n = len(block)
        mean_g, variance = _mean_and_variance(block)
        offset_g = mean_g - self.grams
        expected = self._weight + 1.0 / n
        if abs(offset_g) > max(least_g, STANDS_OFF_SIGMAS * sqrt(self._mean_var * expected)):
            return False
        surprise = (mean_g - self._earlier_g) ** 2 / expected  # a block lies in between, as a hand does between rests
        self._earlier_g = self.grams
        self._blocks += 1
        learn = max(LEARN_GAIN, 1.0 / self._blocks)
        if n > 1:
            noise_var = self.noise_g**2
            noise_var += learn * (min(variance, 5.0 * noise_var) - noise_var)
            self.noise_g = max(sqrt(noise_var), NOISE_FLOOR_G)
        self._mean_var += learn * (min(surprise, 7.0 * self._mean_var) - self._mean_var)
        self._mean_var = max(self._mean_var, NOISE_FLOOR_G**2 / 2.0)
        gain = self._weight / expected
        self.grams += gain * offset_g
        self._weight = (gain + LEVEL_WALK) / n
        if t_s - self._mark_s > MARK_S:
            self._marks += 1
            walked = (self.grams - self._mark_g) ** 2 / (t_s - self._mark_s)
            learn = max(LEARN_GAIN, 1.0 / self._marks)
            self._wander += learn * (min(walked, 9.0 * self._wander) - self._wander)
            self._mark_g, self._mark_s = self.grams, t_s
        return True

    def sigma_g(self, n: int, span_s: float) -> float:
        """Standard uncertainty of a difference: a mean of `n` samples, `span_s` after this level was last seen."""
        drift_var = self._wander * min(span_s, WANDER_LIMIT_S) + CREEP_G2_PER_S * span_s
        return sqrt(self._mean_var * (self._weight + 1.0 / n) + drift_var)

    def steady(self, window: list[float]) -> bool:
        """Whether samples scatter no more than at rest: 999 in 1000 resting windows do."""
        if max(window) - min(window) > HOPELESS_SIGMAS * self.noise_g:
            return False
        _, variance = _mean_and_variance(window)
        d = 2.0 / (9.0 * (len(window) - 1))
        return variance <= self.noise_g**2 * (1.0 - d + 3.09 * sqrt(d)) ** 3  # chi-square, Wilson and Hilferty

    def relearn(self, t_s: float, window: list[float], least_g: float) -> bool:
        """Take unsteadiness around this level as its cell's new noise. False when it is elsewhere, or a hand's."""
        median_g, spread_g = _median_and_spread(window)
        n = len(window)
        if spread_g > LOUDER * self.noise_g or abs(median_g - self.grams) > least_g + 2.0 * spread_g / sqrt(n):
            return False
        self.noise_g, self._mean_var = max(spread_g, NOISE_FLOOR_G), spread_g**2
        self.move(t_s, median_g, n)
        return True


def _mean_and_variance(samples: list[float]) -> tuple[float, float]:
    n = len(samples)
    mean = sum(samples) / n
    return mean, sum([(x - mean) ** 2 for x in samples]) / max(1, n - 1)


def _median_and_spread(samples: list[float]) -> tuple[float, float]:
    """What a mean and a standard deviation would be without the wrong reads; the spread is that of the quartiles."""
    ordered = sorted(samples)
    n = len(ordered)
    return ordered[n // 2], (ordered[-1 - n // 4] - ordered[n // 4]) / 1.35
