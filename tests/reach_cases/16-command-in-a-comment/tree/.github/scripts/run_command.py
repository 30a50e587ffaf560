"""Starts what the comment asks for."""
