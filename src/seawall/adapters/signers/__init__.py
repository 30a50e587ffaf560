"""Who can sign: keys of this machine, and checking the signatures of others."""
