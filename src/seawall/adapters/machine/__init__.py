"""The machine that Seawall runs on: its package managers, and the files that tell them what to do."""
