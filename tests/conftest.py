"""Puts `tests/` on the path, so that tests can import the simulators; examples take the time they take."""

from hypothesis import settings

settings.register_profile("seawall", deadline=None)
settings.load_profile("seawall")
