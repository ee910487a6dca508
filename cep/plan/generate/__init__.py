"""Expressions of a plan to Python functions, built as ``ast`` nodes and compiled under the rule file's path."""
