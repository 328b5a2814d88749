"""LEMf: F0, word prosody, emphasis."""
