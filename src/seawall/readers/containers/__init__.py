"""Archives, opened with a budget and never extracted to disk."""
