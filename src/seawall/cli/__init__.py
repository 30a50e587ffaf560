"""One file per command: parse, call a verb, hand the result to a report."""
