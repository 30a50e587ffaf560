"""Puts `tests/` on the path, so that tests can import the simulators."""
