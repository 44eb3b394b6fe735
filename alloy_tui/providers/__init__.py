"""Model services. Owns HTTP, wire formats and the table of services; must not know the engine."""
