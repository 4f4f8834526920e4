"""What every flashed node runs: identity, outbox, session, supervision, calibration records."""
