"""Who signs what a CI job says of itself."""
