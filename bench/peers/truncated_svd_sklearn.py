import scipy.sparse
import sklearn
from sklearn.decomposition import TruncatedSVD
from timing import timed


def trial(job):
    weights = scipy.sparse.load_npz(job["weights"])

    def run():
        model = TruncatedSVD(job["nComponents"], algorithm=job["algorithm"], random_state=0)
        model.fit_transform(weights)
        return model

    run()
    seconds, model = timed(job["repeat"], run)
    explained = float(model.explained_variance_ratio_.sum())
    return {"value": 1000 * seconds, "explained": explained, "version": sklearn.__version__}
