"""WavLM's layers as we run them: the checkpoint's own weights, attention that writes nothing of size time x time."""
