"""Where advisories come from, and the index that answers about them."""
