"""How text becomes a syntax tree: the grammar's parser, places, and the builders of nodes."""
