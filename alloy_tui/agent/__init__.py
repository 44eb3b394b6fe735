"""The turn loop and the long-lived agent round it. Must not know threads or screens."""
