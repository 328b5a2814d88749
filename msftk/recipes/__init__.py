"""The jobs that msftk does, as plain functions that return dataclasses and print nothing."""
