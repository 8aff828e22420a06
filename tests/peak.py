"""How much memory a process took at most, for the scripts that tests run in one of their own."""

from __future__ import annotations

PEAK = '''
def peak():
    """The most memory this process had, in bytes."""
    import resource
    try:  # ru_maxrss begins with that of the process this one comes from, which is pytest
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
'''
"""Source of a function `peak`, to be put at the head of a script."""
