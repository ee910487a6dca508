"""How text that does not parse becomes a sentence for its author. ``explain`` is the entrance."""
