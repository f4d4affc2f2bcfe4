"""Readers for result formats: text of one format in, Evidence out."""
