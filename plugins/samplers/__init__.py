"""Which utterances an epoch of training hears."""
