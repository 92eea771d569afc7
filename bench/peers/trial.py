"""One trial of one Python peer, alone in this process: trial.py MODULE JOB. Prints its result as one JSON line."""

import importlib
import json
import sys
from pathlib import Path

module = Path(sys.argv[1])
sys.path.insert(0, str(module.parent))
result = importlib.import_module(module.stem).trial(json.loads(sys.argv[2]))
print("\n" + json.dumps(result))
