"""Compiled kernels that know only arrays; see msftk.prosody for their meaning."""
