"""The run folder, what a run keeps, and prediction by what it kept."""
