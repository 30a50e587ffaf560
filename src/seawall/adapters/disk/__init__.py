"""Files of this machine: trees that are inspected, places where Seawall keeps its own."""
