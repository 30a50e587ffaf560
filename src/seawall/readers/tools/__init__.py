"""Settings of developer and agent tools: one file per format."""
