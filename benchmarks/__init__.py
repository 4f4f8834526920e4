"""Side by side against peers, baselines and limits; every figure comes with what it is held against, in one run."""
