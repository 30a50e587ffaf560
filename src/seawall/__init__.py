"""Seawall decides what may enter an AI team's pipeline, and remembers what did."""

__version__ = "0.1.0"

__all__ = ["__version__"]
