"""One file per format that names packages."""
