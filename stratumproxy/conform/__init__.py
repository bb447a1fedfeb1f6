"""Is a pool, a miner or a proxy understood by those that are out there?

``cases.json`` is the catalogue: data, in the public domain (CC0), with a stable id, a level, a rule
and its source for each case, and the steps that try it. The rest of this folder runs them.
"""
