"""Reach: what code running at one place can read, use or alter. Pure: files in, edges out."""
