"""Whether what is said with 90 % is right nine times in ten: receipt lines of behaviours and of mixed days together."""

import argparse
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

from msgspec import Struct

from benchmarks.day import play_days
from benchmarks.outcomes import Outcome, play
from benchmarks.receipts import behaviours
from benchmarks.table import print_table, write_report
from hw.sim.mix import MIXES

BINS = 15
"""Of equal width, as is usual (Guo et al., On Calibration of Modern Neural Networks, 2017)."""
GOAL = 0.02
SIDE, MARGIN = 300, 46

Said = tuple[float, bool]
"""A probability as stated, and whether it came true."""


class Bin(Struct, frozen=True, kw_only=True):
    """What was stated with about one probability."""

    said: float
    right: float
    count: int


class Report(Struct, frozen=True, kw_only=True):
    """What `--report` writes."""

    lines: int
    expected_calibration_error: float
    brier: float
    bins: list[Bin]


def reliability(said: Sequence[Said]) -> Report:
    """Bins of what was stated beside what came true. Raises ValueError when nothing was stated."""
    if not said:
        raise ValueError("nothing was stated, nothing can be measured")
    rows: list[list[Said]] = [[] for _ in range(BINS)]
    for probability, right in said:
        rows[min(int(probability * BINS), BINS - 1)].append((probability, right))
    bins = [Bin(said=fmean(p for p, _ in r), right=fmean(ok for _, ok in r), count=len(r)) for r in rows if r]
    return Report(
        lines=len(said),
        expected_calibration_error=sum(b.count * abs(b.said - b.right) for b in bins) / len(said),
        brier=fmean((probability - right) ** 2 for probability, right in said),
        bins=bins,
    )


def lines(found: Sequence[Outcome]) -> list[Said]:
    """All receipt lines, those of receipts that a person was asked about too."""
    return [said for outcome in found for visit in outcome.visits for said in visit.lines]


def carts(found: Sequence[Outcome]) -> list[Said]:
    """All receipts as a whole."""
    visits = (visit for outcome in found for visit in outcome.visits)
    return [(visit.probability, visit.right) for visit in visits if visit.probability is not None]


def played(times: int, visits: int, days: int) -> Iterator[Outcome]:
    """Joint inference on every behaviour so many times, and on mixed days of every mix."""
    for _, outcomes in play(behaviours(times)):
        yield outcomes["joint"]
    for mix in MIXES if days else ():
        for found in play_days(["plain", "all-degraded"], mix, visits, days).values():
            yield from (day.outcomes["joint"] for day in found)


def drawing(report: Report) -> str:
    """The reliability diagram as SVG: what came true over what was stated, dots as large as they are many."""

    def at(said: float, right: float) -> tuple[str, str]:
        return f"{MARGIN + SIDE * said:.1f}", f"{MARGIN + SIDE * (1 - right):.1f}"

    whole = SIDE + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{whole}" height="{whole}" fill="#fff"/>',
        f'<rect x="{MARGIN}" y="{MARGIN}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>',
        f'<line x1="{MARGIN}" y1="{MARGIN + SIDE}" x2="{MARGIN + SIDE}" y2="{MARGIN}" stroke="#999" '
        'stroke-dasharray="4 4"/>',
    ]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        (x, _), (_, y) = at(tick, 0.0), at(0.0, tick)
        parts.append(f'<text x="{x}" y="{MARGIN + SIDE + 16}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{MARGIN - 8}" y="{y}" text-anchor="end" dominant-baseline="middle">{tick:g}</text>')
    for b in report.bins:
        x, y = at(b.said, b.right)
        radius = 2.5 + 2.0 * math.log10(b.count)
        title = f"<title>said {b.said:.3f}, right {b.right:.3f}, {b.count} lines</title>"
        parts.append(f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" fill="#06c" fill-opacity="0.7">{title}</circle>')
    middle = MARGIN + SIDE / 2
    parts += [
        f'<text x="{middle}" y="{whole - 8}" text-anchor="middle">probability of a line as stated</text>',
        f'<text transform="translate(12 {middle}) rotate(-90)" text-anchor="middle">share that is right</text>',
        f'<text x="{middle}" y="{MARGIN - 14}" text-anchor="middle">{report.lines} lines, expected calibration error '
        f"{report.expected_calibration_error:.3f}</text>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def main(arguments: Sequence[str] = ()) -> None:
    """Print the reliability of lines, and how far whole receipts and lines are off in the mean."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.certainty")
    parser.add_argument("--times", type=int, default=40, help="each behaviour is played so often")
    parser.add_argument("--visits", type=int, default=1000, help="in a day")
    parser.add_argument("--days", type=int, default=1, help="so many plain and degraded days of each mix")
    parser.add_argument("--draw", type=Path, help="draw the diagram into this SVG file")
    parser.add_argument("--report", type=Path, help="write the figures as JSON")
    options = parser.parse_args(arguments)
    found = list(played(options.times, options.visits, options.days))
    report = reliability(lines(found))
    rows = [(f"{b.said:.3f}", f"{b.right:.3f}", f"{b.right - b.said:+.3f}", str(b.count)) for b in report.bins]
    print_table("Receipt lines, semi-synthetic", ("stated", "right", "difference", "lines"), rows)
    whole = reliability(carts(found))
    figures = [
        (name, str(r.lines), f"{r.expected_calibration_error:.4f}", goal, f"{r.brier:.4f}")
        for name, r, goal in (("lines", report, f"≤ {GOAL}"), ("whole receipts", whole, ""))
    ]
    print_table("Certainty", ("", "how many", "expected calibration error", "goal", "Brier score"), figures)
    if options.draw:
        options.draw.write_text(drawing(report))
    write_report(report, options.report)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
