"""Values in, evidence out: a function per check, a file per family."""
