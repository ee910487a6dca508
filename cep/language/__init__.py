"""The rule language: text or YAML in, checked rules out."""
