"""What is known of an utterance: each thing read or made when it is first asked for, and stored once."""
