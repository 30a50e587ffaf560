"""YAML, JSON and TOML with positions and bounds."""
