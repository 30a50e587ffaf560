"""Findings to text, JSON, SARIF, CycloneDX and Markdown: one file per format."""
