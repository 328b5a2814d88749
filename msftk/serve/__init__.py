"""A loaded model behind HTTP: what comes in, the batches that it is predicted in, and what goes out."""
