"""YAML as Docker reads it, with exact positions and lossless edits. Knows nothing of Compose."""
