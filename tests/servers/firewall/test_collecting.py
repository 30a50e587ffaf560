"""What is here when the firewall begins to serve is not collected again and again."""

import subprocess
import sys

ASKED = """
import gc
from seawall.servers.firewall.runner import collect_rarely
before = gc.get_threshold()
collect_rarely()
full = gc.get_stats()[2]["collections"]
made = []
for number in range(200_000):
    made.append([number])
print(gc.get_freeze_count() > 1_000, gc.get_threshold() > before, gc.get_stats()[2]["collections"] - full)
"""


def test_no_full_collection_while_two_hundred_thousand_things_are_made() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKED], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["True", "True", "0"]
