import warnings

import numpy as np
import sklearn
from sklearn.cluster import KMeans, MiniBatchKMeans
from timing import timed


def trial(job):
    warnings.filterwarnings("ignore")  # stopping before convergence is the point
    points, start = np.load(job["points"]), np.load(job["start"])
    k = job["k"]

    def lloyd(iterations):
        return KMeans(k, init=start, n_init=1, max_iter=iterations, tol=0, algorithm="lloyd").fit(points)

    lloyd(1)
    seconds, model = timed(1, lambda: MiniBatchKMeans(k, random_state=0).fit(points) if job.get("miniBatch") else lloyd(job["maxIter"]))
    return {
        "value": seconds,
        "inertia": float(model.inertia_),
        "iterations": int(model.n_iter_),
        "version": sklearn.__version__,
    }
