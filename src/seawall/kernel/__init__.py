"""What things are: pure values and pure decisions; no file, socket, clock, driver or environment."""
