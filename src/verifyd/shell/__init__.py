"""A shell script read into its commands and words, without running any of it."""
