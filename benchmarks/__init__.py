"""What the claims of speed rest on: `make bench` runs all and prints their tables."""
