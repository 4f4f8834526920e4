"""What can go wrong in simulated stores, recordings and labelled visits."""


class HardwareError(Exception):
    """Root of every fault in this room."""


class Deadlock(HardwareError, RuntimeError):
    """In virtual time everything waits and no timer is set: nothing can ever happen again."""


class BadCases(HardwareError, ValueError):
    """Labelled visits that cannot be replayed; the message names file, case, event and cause."""


class BadTrace(HardwareError, ValueError):
    """A load-cell trace that cannot be read; the message names the file."""


class BadRecording(HardwareError, ValueError):
    """A recording with nothing in it that could be replayed."""


class WrongKind(HardwareError, ValueError):
    """A file of one kind where another is expected; the message names it, both kinds and the likely cause."""


class UnknownBehaviour(HardwareError, LookupError):
    """A name that no behaviour of simulated shoppers has."""


class KeptOut(HardwareError, RuntimeError):
    """A simulated shopper tapped, and no gate opened: the scene shows nothing about receipts."""
