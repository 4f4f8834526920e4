"""One file per chip or protocol: a pure decoder, and the thin thing that moves the bits."""
