"""Seawall's own state on disk."""
