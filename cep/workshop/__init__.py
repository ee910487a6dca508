"""What helps to begin: templates, the schema of the YAML form, the state of the installation. Workshop layer."""
