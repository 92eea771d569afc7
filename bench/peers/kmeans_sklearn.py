import warnings

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from timing import timed


def trial(job):
    warnings.filterwarnings("ignore")  # stopping before convergence is the point
    points, start = np.load(job["points"]), np.load(job["start"])

    def fit(iterations):
        model = KMeans(job["k"], init=start, n_init=1, max_iter=iterations, tol=0, algorithm="lloyd")
        return lambda: model.fit(points)

    fit(job["from"])()
    short, few = timed(job["repeat"], fit(job["from"]))
    long, many = timed(job["repeat"], fit(job["to"]))
    if job["first"]:
        np.save(job["labels"], many.labels_.astype(np.int32))
    return {
        "value": 1000 * (long - short) / (many.n_iter_ - few.n_iter_),
        "iterations": int(many.n_iter_),
        "fitSeconds": long,
        "version": sklearn.__version__,
    }
