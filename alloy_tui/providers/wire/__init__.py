"""Wire formats: pure translation between domain messages and the bytes of one API each."""
