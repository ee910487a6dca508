"""From written expressions to checked ones: what names mean, types, functions and aggregates, constants."""
