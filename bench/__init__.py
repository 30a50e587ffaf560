"""Measurements. Ratios to a peer or a physical limit in the same run, because machines are noisy."""
