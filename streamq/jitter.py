"""Randomness for pauses: never the process's own generator.

A task that calls `random.seed(7)` gets the numbers it expects whatever the queue does meanwhile,
workers that all seed alike don't come at the same moment, and a forked child draws others than
its parent.
"""

from random import SystemRandom

jitter = SystemRandom()  # the operating system's numbers: nothing to seed, nothing a fork shares
