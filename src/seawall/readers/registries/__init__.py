"""What package registries answer about a name: bytes in, releases out."""
