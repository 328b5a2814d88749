"""The trained network: pooling of parts into one, from batch to valence, arousal, dominance."""
