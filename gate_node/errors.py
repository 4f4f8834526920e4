"""What can go wrong in a gate node."""


class GateError(Exception):
    """Root of every fault in this room."""


class BadGate(GateError, ValueError):
    """A gate file that contradicts itself; the message names the file and the likely cause."""
