"""Rules that join or look up: what happens to events before they enter the window of their rule. Runtime layer."""
