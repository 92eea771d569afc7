from importlib.metadata import version

import numpy as np
from hdbscan import HDBSCAN
from timing import timed


def trial(job):
    points = np.load(job["points"])

    def run():
        return HDBSCAN(
            min_cluster_size=job["minClusterSize"],
            approx_min_span_tree=job["approximate"],
            core_dist_n_jobs=job["threads"],
        ).fit(points)

    run()
    seconds, model = timed(job["repeat"], run)
    if job["first"]:
        np.save(job["labels"], model.labels_.astype(np.int32))
    return {"value": 1000 * seconds, "clusters": int(model.labels_.max()) + 1, "version": version("hdbscan")}
