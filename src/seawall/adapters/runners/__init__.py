"""How a command is started so that it sees the firewall and nothing of ours, and how it is sealed in."""
