"""What can go wrong in a shelf node, apart from its cells: those report a fault in their samples."""


class ShelfError(Exception):
    """Root of every fault in this room."""


class LineUnavailable(ShelfError, OSError):
    """The pins of a clock line cannot be used now."""
