"""What changes how training utterances sound."""
