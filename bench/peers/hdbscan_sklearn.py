import numpy as np
import sklearn
from sklearn.cluster import HDBSCAN
from timing import timed


def trial(job):
    points = np.load(job["points"])
    size = job["minClusterSize"]

    def run():
        return HDBSCAN(min_cluster_size=size, min_samples=size + 1, n_jobs=job["threads"], copy=True).fit(points)

    if len(points) <= 20_000:
        run()
    repeat = job["repeat"] if len(points) <= 20_000 else 1
    seconds, model = timed(repeat, run)
    if job["first"]:
        np.save(job["labels"], model.labels_.astype(np.int32))
    return {"value": 1000 * seconds, "clusters": int(model.labels_.max()) + 1, "version": sklearn.__version__}
