"""F0 engines."""
