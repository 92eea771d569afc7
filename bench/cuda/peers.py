"""What PyTorch takes for the same as `bench.cu`, and what the card can do at all: `OPERATION ROWS COLS COUNT`, as there."""
import json
import math
import sys
import time

import torch

operation, (n, d, k) = sys.argv[1], (int(v) for v in sys.argv[2:5])
block = 65536
torch.manual_seed(0)


def median(work, turns=7):
    took = []
    for _ in range(turns):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        took.append(time.perf_counter() - start)
    return sorted(took)[turns // 2]


def ceilings():
    """The rate of a large product in half precision, and of copying memory."""
    a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.float16) for _ in range(2))
    out = torch.empty_like(a)
    product = median(lambda: torch.mm(a, b, out=out))
    big = torch.empty(1 << 30, device="cuda", dtype=torch.uint8)
    other = torch.empty_like(big)
    copy = median(lambda: other.copy_(big))
    return {"matmulTflops": 2e-12 * 8192**3 / product, "copyGigabytesPerSecond": 2e-9 * big.numel() / copy}


def rows_of(count):
    return torch.randn(count, d, device="cuda", dtype=torch.float16)


def assign():
    points, targets = rows_of(n), rows_of(k)
    half = (targets.float() ** 2).sum(1) / 2
    product = torch.empty(block, k, device="cuda", dtype=torch.float16)
    alone = median(lambda: [torch.mm(points[i : i + block], targets.T, out=product[: len(points[i : i + block])]) for i in range(0, n, block)])
    both = median(lambda: torch.cat([(half - points[i : i + block] @ targets.T).argmin(1) for i in range(0, n, block)]))
    return {"ms": both * 1e3, "matmulMs": alone * 1e3}


def iteration():
    """Matmul, argmin and float32 sums by label; their bits depend on the order."""
    points, targets = rows_of(n), rows_of(k)
    half = (targets.float() ** 2).sum(1) / 2
    full = points.float()

    def step():
        labels = torch.cat([(half - points[i : i + block] @ targets.T).argmin(1) for i in range(0, n, block)])
        sums = torch.zeros(k, d, device="cuda").index_add_(0, labels, full)
        return sums / torch.bincount(labels, minlength=k).clamp(min=1)[:, None]

    return {"ms": median(step) * 1e3}


def seeding():
    """Greedy k-means++ with as many candidates, for a hundredth of the steps."""
    points = rows_of(n)
    squares = (points.float() ** 2).sum(1)
    trials, steps = 2 + int(math.log(k)), max(2, k // 100)

    def run():
        closest = squares.clone()
        for _ in range(steps):
            drawn = torch.multinomial(closest.clamp(min=1e-6), trials)
            c = points[drawn]
            far = torch.minimum(closest[:, None], squares[:, None] + squares[drawn] - 2 * (points @ c.T).float())
            closest = far[:, far.sum(0).argmin()].clamp(min=0)

    return {"ms": median(run, 3) * 1e3 * k / steps, "extrapolatedFromSteps": steps}


def nearest():
    points = rows_of(n)
    half = (points.float() ** 2).sum(1) / 2
    small = 2048
    blocks = min(8, (n + small - 1) // small)
    # Some blocks stand for all: the matrix of scores alone would be n × n.
    took = median(lambda: [(half - points[i * small : (i + 1) * small] @ points.T).topk(k, largest=False) for i in range(blocks)], 3)
    return {"ms": took * 1e3 * n / min(n, blocks * small), "extrapolatedFromRows": min(n, blocks * small)}


def weighted_mean():
    nnz = 60 * n
    words = (torch.rand(nnz, device="cuda") ** 2 * k).long().clamp(max=k - 1)
    weights = torch.sparse_coo_tensor(torch.stack([words, torch.arange(n, device="cuda").repeat_interleave(60)]), torch.ones(nnz, device="cuda"), (k, n))
    weights = weights.coalesce().to_sparse_csr()
    vectors = torch.randn(n, d, device="cuda")
    return {"ms": median(lambda: torch.sparse.mm(weights, vectors), 5) * 1e3}


run = {"assign": assign, "iteration": iteration, "kmeans++": seeding, "nearest": nearest, "weightedMean": weighted_mean}[operation]
try:
    found = run()
except torch.OutOfMemoryError as error:
    found = {"failed": str(error).split(".")[0]}
print(json.dumps({"peer": "torch", "operation": operation, "rows": n, "cols": d, "count": k, "torch": torch.__version__, **found, **ceilings()}))
