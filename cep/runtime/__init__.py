"""The plan running: operators with keyed state, timers, partitions and their watermarks. Never imports language."""
