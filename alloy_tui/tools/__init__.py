"""What the model can do on this machine. Must not know providers, agents or screens."""
