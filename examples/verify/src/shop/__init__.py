"""The till of a corner shop."""
