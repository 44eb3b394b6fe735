"""Sessions: every conversation as a durable tree.

Owns the tree (`tree`, pure), its comparison (`compare`, pure) and the stores
that keep it (`store` is the contract, `sqlite` the embedded truth, `memory` the
one that forgets). Must not know of agents, providers, tools or screens.
"""
