"""The registry that package managers talk to instead of their own."""
