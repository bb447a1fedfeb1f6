"""The control plane's core: takes in what the data plane tells, and sees that it is kept.

It knows sinks and the picture of the fleet by what they can do (`parts`), not by who they are.
"""
