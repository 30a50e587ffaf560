"""Those outside who can say what a ledger was: witnesses, and places that keep a copy."""
