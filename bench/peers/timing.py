import statistics
import time


def timed(repeat, work):
    """Median seconds of `repeat` runs and what the last one gave. Callers warm up beforehand."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return statistics.median(times), result
