"""The areas of the workbench: each turns what the projection knows into one part of the screen."""
