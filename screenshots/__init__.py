"""Pictures of the running program, made anew by `make screenshots`."""
