"""Exact numbers of requests through the whole chain."""
