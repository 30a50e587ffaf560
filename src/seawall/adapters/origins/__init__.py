"""Registries that the firewall fetches from, one document or file at a time."""
