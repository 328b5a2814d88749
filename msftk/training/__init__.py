"""Batches, losses, loop, checkpoints and folds."""
