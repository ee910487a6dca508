"""Checked rules to a plan that is plain data, and the plan's conditions to generated functions."""
