"""Audio decoding and alignments."""
