"""Scenarios of the past, as people write them from public reports."""
