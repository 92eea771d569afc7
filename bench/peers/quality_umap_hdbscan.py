"""Labels that the Python packages find in given vectors: quality_umap_hdbscan.py JOB, one JSON line a seed:
for every contender its labels at each start."""

import json
import sys
import warnings

import numpy as np
import umap
from hdbscan import HDBSCAN
from sklearn.cluster import KMeans

warnings.filterwarnings("ignore")
job = json.loads(sys.argv[1])
points = np.load(job["points"])


def kmeans(x, seed):
    starts = range(seed * job["starts"], (seed + 1) * job["starts"])
    return [KMeans(n_clusters=job["clusters"], n_init=1, random_state=start).fit(x).labels_.tolist() for start in starts]


def hdbscan(x):
    return [HDBSCAN(min_cluster_size=job["minClusterSize"]).fit(x).labels_.tolist()]


for seed in job["seeds"]:
    plane = umap.UMAP(random_state=seed).fit_transform(points)
    packed = umap.UMAP(n_components=5, min_dist=0.0, metric="cosine", random_state=seed).fit_transform(points)
    found = [kmeans(points, seed), kmeans(plane, seed), kmeans(packed, seed), hdbscan(plane), hdbscan(packed)]
    print(json.dumps(found), flush=True)
