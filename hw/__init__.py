"""Hardware as data, and the chips and shoppers we lack."""
