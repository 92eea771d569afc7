"""One trial of one Python peer, alone in this process: trial.py MODULE JOB. Prints its result as one JSON line."""

import importlib
import json
import resource
import sys
from pathlib import Path

module = Path(sys.argv[1])
sys.path.insert(0, str(module.parent))
result = importlib.import_module(module.stem).trial(json.loads(sys.argv[2]))
# The largest of the processes that it started (joblib's) counts once.
kilobytes = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print("\n" + json.dumps({"memory": kilobytes / 1024, **result}))
