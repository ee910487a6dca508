"""Findings about rules as other programs read them: one module for each form. CLI layer.

Each has ``write(checked)``, which gives the whole text. Paths are relative to the current folder where they lie in it.
"""
