"""Command line: one file a command; each parses, calls one recipe and prints."""
