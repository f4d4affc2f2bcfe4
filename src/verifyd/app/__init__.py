"""The order of the stages and what they need of the world."""
