import warnings

import numpy as np
import umap
from timing import timed


def trial(job):
    warnings.filterwarnings("ignore")  # a seed sets one thread, and says so
    points = np.load(job["points"])
    # Compiles what the run needs: not counted.
    umap.UMAP(random_state=job["seed"], n_epochs=2).fit_transform(points[:5000])

    def run():
        return umap.UMAP(random_state=job["seed"]).fit_transform(points)

    seconds, embedding = timed(job["repeat"], run)
    if job["first"]:
        np.save(job["embedding"], np.ascontiguousarray(embedding, dtype=np.float32))
    return {"value": seconds, "version": umap.__version__}
