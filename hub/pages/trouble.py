"""What of a node's counters an operator should see, in plain words."""

import re
from collections.abc import Mapping

TROUBLE = re.compile(r"wrong|fault|drop|refus|junk|lost|late|timeout|intrusion|tailgat")
USUAL = 0.02
"""So many samples are unusable on every converter, and so many seconds without the broker are no outage."""
WORDS = {
    "streams_dropped": "{n} live messages lost: no connection to the broker at times",
    "events_refused": "{n} events lost: its outbox was full, or they made no sense",
    "commands_dropped": "{n} commands dropped: too many at once",
    "messages_refused": "{n} messages that it could not read",
    "taps_refused": "{n} taps refused",
    "wrong_reads": "{n} wrong reads",
    "faults": "{n} readings failed",
    "passages_timeout": "{n} × nobody came through in time",
    "passages_tailgating": "{n} × two went through on one tap",
    "passages_intrusion": "{n} × somebody went through unasked",
}


def troubles(counters: Mapping[str, int], uptime_s: float) -> tuple[str, ...]:
    """The counters that matter: each in words, where it has some."""
    samples = USUAL * counters.get("samples", 0)
    usual = {"wrong_reads": samples, "faults": samples, "streams_dropped": USUAL * uptime_s}
    return tuple(
        WORDS.get(name, "{n} × " + name.replace("_", " ")).format(n=n)
        for name, n in counters.items()
        if TROUBLE.search(name) and n > usual.get(name, 0)
    )
