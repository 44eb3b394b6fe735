"""Teams: named agents under supervision that work for, with and beside one another.

Owns who is in a team and what its agents share. Must not know of screens, of
stores or of where a model comes from: agents are made by who owns the team.
"""
