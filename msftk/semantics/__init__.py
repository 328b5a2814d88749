"""Texts and vectors of an utterance."""
