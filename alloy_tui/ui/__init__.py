"""The full-screen face. Owns everything Textual; sees only runtime and domain."""
