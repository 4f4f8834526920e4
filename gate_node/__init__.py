"""Readers and the turnstile; the passage, and free egress whatever happens."""
