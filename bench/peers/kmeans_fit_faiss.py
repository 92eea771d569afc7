import faiss
import numpy as np
from timing import timed


def trial(job):
    faiss.omp_set_num_threads(job["threads"])
    points, start = np.load(job["points"]), np.load(job["start"])
    n, d = points.shape

    def fit(iterations):
        model = faiss.Kmeans(d, job["k"], niter=iterations, nredo=1, min_points_per_centroid=1, max_points_per_centroid=n)
        model.train(points, init_centroids=start)
        # The labels are part of what the others do.
        distances, _ = model.index.search(points, 1)
        return model, distances

    fit(1)
    seconds, (model, distances) = timed(1, lambda: fit(job["maxIter"]))
    return {
        "value": seconds,
        "inertia": float(distances.astype(np.float64).sum()),
        "iterations": len(model.obj),
        "version": faiss.__version__,
    }
