import numpy as np
import sklearn
from sklearn.metrics.pairwise import cosine_distances, euclidean_distances
from timing import timed

FUNCTIONS = {"euclidean": euclidean_distances, "cosine": cosine_distances}


def trial(job):
    a, b = np.load(job["a"]), np.load(job["b"])
    function = FUNCTIONS[job["metric"]]
    function(a, b)
    seconds, result = timed(job["repeat"], lambda: function(a, b))
    return {"value": 1000 * seconds, "sum": float(result.sum(dtype=np.float64)), "version": sklearn.__version__}
