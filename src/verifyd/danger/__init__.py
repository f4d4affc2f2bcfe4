"""Which commands are never run by themselves, and why."""
