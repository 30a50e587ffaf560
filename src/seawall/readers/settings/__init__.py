"""Seawall's own settings files."""
