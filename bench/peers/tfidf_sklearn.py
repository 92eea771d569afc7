import json
import re
from pathlib import Path

import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from timing import timed


def identity(words):
    return words


def trial(job):
    documents = json.loads(Path(job["texts"]).read_text("utf-8"))
    options = {"min_df": job["minDf"]}
    if job["lists"]:
        word = re.compile(r"(?u)\b\w\w+\b")
        documents = [word.findall(text.lower()) for text in documents]
        options |= {"tokenizer": identity, "lowercase": False, "token_pattern": None}

    def run():
        return TfidfVectorizer(**options).fit_transform(documents)

    run()
    seconds, result = timed(job["repeat"], run)
    return {
        "value": len(documents) / seconds,
        "terms": result.shape[1],
        "entries": result.nnz,
        "sum": float(result.data.sum()),
        "version": sklearn.__version__,
    }
