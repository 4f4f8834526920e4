"""What can go wrong in a shelf node, apart from the sensors themselves (those report a fault in their samples)."""


class ShelfError(Exception):
    """Root of every fault in this room."""


class BadShelf(ShelfError, ValueError):
    """A shelf node's configuration that contradicts itself; the message names the lane and the likely cause."""


class BusUnavailable(ShelfError, OSError):
    """The pins of a bus cannot be used now."""
