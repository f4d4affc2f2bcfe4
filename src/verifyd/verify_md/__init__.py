"""VERIFY.md in, its pipeline out: the page, its fences and prose, and their parts."""
