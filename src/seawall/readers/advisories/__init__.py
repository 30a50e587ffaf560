"""Records of advisory feeds."""
