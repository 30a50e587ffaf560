"""Version control, read with the tree's own configuration ignored."""
