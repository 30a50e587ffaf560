"""The outside world: every socket, process and driver is here and nowhere else."""
