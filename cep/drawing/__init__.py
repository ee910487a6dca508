"""Pictures of rules: the flow of events through them and the automaton of one, in five formats."""
