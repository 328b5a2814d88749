"""What Prometheus reads: counters by path and status, and histograms whose buckets add up."""

from __future__ import annotations

from msftk.serve.metrics import Histogram, Metrics


def test_buckets_count_all_that_lie_at_or_below_their_bound() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 7.0):
        histogram.add(value)
    assert histogram.lines("sizes", "Sizes.") == [
        "# HELP sizes Sizes.",
        "# TYPE sizes histogram",
        'sizes_bucket{le="1"} 2',
        'sizes_bucket{le="2"} 3',
        'sizes_bucket{le="+Inf"} 4',
        "sizes_sum 10",
        "sizes_count 4",
    ]


def test_requests_are_counted_by_path_and_status() -> None:
    metrics = Metrics()
    for status in (200, 422, 200):
        metrics.begun("/predict")
        metrics.ended("/predict", status, 0.02)
    metrics.begun("/explain")
    metrics.heard(2.5)
    lines = metrics.text().splitlines()
    assert 'msftk_requests_total{path="/predict",status="200"} 2' in lines
    assert 'msftk_requests_total{path="/predict",status="422"} 1' in lines
    assert "msftk_requests_under_way 1" in lines
    assert (metrics.under_way_at("/predict"), metrics.under_way_at("/explain")) == (0, 1)
    assert "msftk_request_seconds_count 3" in lines
    assert "msftk_sound_seconds_total 2.5" in lines
