"""Who a node is, and which of its starts this is."""

import random
from typing import NamedTuple

_SYSTEM_RANDOM = random.SystemRandom()


class Identity(NamedTuple):
    """A node's name in its store, and this start of it: sequence numbers begin again with every `boot`."""

    store: str
    node: str
    boot: str

    @classmethod
    def at_start(cls, store: str, node: str, randomness: random.Random = _SYSTEM_RANDOM) -> "Identity":
        """The identity of a process that starts now, with a boot id of 64 random bits in hex.

        Virtual time passes its own seeded `randomness`, so that a run can be repeated.
        """
        return cls(store, node, f"{randomness.getrandbits(64):016x}")
