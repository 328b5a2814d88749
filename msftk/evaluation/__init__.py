"""How good predictions are: CCC, intervals, scores, reports, plots."""
