"""What is missing, odd or leaking in a corpus, and what to do about it."""
