import faiss
import numpy as np
from timing import timed


def trial(job):
    faiss.omp_set_num_threads(job["threads"])
    points, start = np.load(job["points"]), np.load(job["start"])
    n, d = points.shape

    def fit(iterations):
        def run():
            model = faiss.Kmeans(
                d, job["k"], niter=iterations, nredo=1, min_points_per_centroid=1, max_points_per_centroid=n
            )
            model.train(points, init_centroids=start)
            return model

        return run

    fit(job["from"])()
    short, few = timed(job["repeat"], fit(job["from"]))
    long, many = timed(job["repeat"], fit(job["to"]))
    if job["first"]:
        np.save(job["labels"], many.index.search(points, 1)[1].ravel().astype(np.int32))
    return {
        "value": 1000 * (long - short) / (len(many.obj) - len(few.obj)),
        "iterations": len(many.obj),
        "fitSeconds": long,
        "version": faiss.__version__,
    }
