"""Rule files in their canonical form, and from one form to the other. Language layer."""
