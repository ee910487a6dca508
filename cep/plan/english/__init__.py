"""A rule as English sentences: what it waits for, when it fires, and when again."""
