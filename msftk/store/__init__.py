"""Manifest and content-keyed feature store."""
