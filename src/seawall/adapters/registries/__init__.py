"""What package registries and the clients' own settings say."""
