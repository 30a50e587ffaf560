"""Doors for programs: what answers over a socket."""
