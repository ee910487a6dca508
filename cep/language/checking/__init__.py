"""From syntax trees to a checked set of rules: declarations, events, patterns, windows, clauses, tests."""
