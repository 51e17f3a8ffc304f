"""A little web and receivers on loopback, the script that is played on them, and an observer who counts the outcome.

Nothing here imports the rest of `monitor` (only `faults` does, on purpose): the demo and the proofs look at the product
from outside, as its users and their mail servers do.
"""
