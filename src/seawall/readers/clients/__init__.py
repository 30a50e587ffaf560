"""What package managers are told: one file per format. Credentials are pointed at, never kept."""
