"""Batches, steps, loop and folds: from examples to weights."""
