import json
from pathlib import Path

import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from timing import timed


def trial(job):
    texts = json.loads(Path(job["texts"]).read_text("utf-8"))

    def run():
        return TfidfVectorizer(min_df=job["minDf"]).fit_transform(texts)

    run()
    seconds, result = timed(job["repeat"], run)
    return {
        "value": len(texts) / seconds,
        "terms": result.shape[1],
        "entries": result.nnz,
        "sum": float(result.data.sum()),
        "version": sklearn.__version__,
    }
