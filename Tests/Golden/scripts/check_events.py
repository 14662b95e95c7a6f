"""Reads event files with the real `tensorboard` package and prints every scalar.

    python check_events.py FOLDER
"""
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

a = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
a.Reload()
for tag in sorted(a.Tags()["scalars"]):
    print(tag, [(e.step, round(e.value, 6)) for e in a.Scalars(tag)])
