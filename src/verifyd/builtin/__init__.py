"""Gates that need no process: a Change in, Evidence out."""
