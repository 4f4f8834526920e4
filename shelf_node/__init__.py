"""Counts to grams to steps: what happened on each lane."""
