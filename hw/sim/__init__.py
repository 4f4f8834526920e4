"""Simulated chips, cells, shoppers and stores."""
