"""The functions of the rule language, a module for each family with a written-out dictionary of records."""
