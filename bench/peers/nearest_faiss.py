import faiss
import numpy as np
from timing import timed


def trial(job):
    faiss.omp_set_num_threads(job["threads"])
    points = np.load(job["points"])
    queries = points[: job["queries"]]
    index = faiss.IndexFlatL2(points.shape[1])
    index.add(points)
    index.search(queries, job["k"])
    seconds, (_, indices) = timed(job["repeat"], lambda: index.search(queries, job["k"]))
    if job["first"]:
        np.save(job["indices"], indices.astype(np.int32))
    return {"value": 1000 * seconds, "version": faiss.__version__}
