"""The files of a workspace as a session changed them: followed, kept, put back.

Owns what a session's checkpoints know of files: `tracker` follows changes,
`manifest` says what stood where, `planning` compares two such moments,
`restoring` goes to one of them. Content lies in a store that is given. Must
not know of agents, tools, sessions or git.
"""
