"""Operators: one rule running each, with state by key."""
