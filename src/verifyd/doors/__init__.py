"""How the world reaches the application."""
