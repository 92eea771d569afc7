import json
from pathlib import Path

import numpy as np
import onnxruntime
from timing import timed
from tokenizers import Tokenizer

ROOT = Path(__file__).parent.parent.parent


def trial(job):
    """The same graph, threads and batches: sorted by length, packed by a budget of padded tokens, the first batches smaller."""
    texts = json.loads(Path(job["texts"]).read_text("utf-8"))
    folder = ROOT / job["model"]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(job["maxTokens"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = job["threads"]
    session = onnxruntime.InferenceSession(str(folder / "onnx" / job["graph"]), options, ["CPUExecutionProvider"])
    inputs = {i.name for i in session.get_inputs()}
    pad = json.loads((folder / "config.json").read_text("utf-8")).get("pad_token_id", 0)

    def embed(texts):
        rows = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        vectors = [None] * len(rows)
        batch = []
        room = job["tokensPerBatch"] / 8
        for i, following in zip(order, order[1:] + [None]):
            batch.append(i)
            if following is not None and (len(batch) + 1) * len(rows[following]) <= room:
                continue
            room = min(job["tokensPerBatch"], 2 * room)
            longest = len(rows[i])
            ids = np.full((len(batch), longest), pad, np.int64)
            mask = np.zeros_like(ids)
            for r, j in enumerate(batch):
                ids[r, : len(rows[j])] = rows[j]
                mask[r, : len(rows[j])] = 1
            feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            hidden = session.run(None, {k: v for k, v in feeds.items() if k in inputs})[0]
            mean = (hidden * mask[:, :, None]).sum(1) / mask.sum(1)[:, None]
            mean /= np.linalg.norm(mean, axis=1)[:, None]
            for j, row in zip(batch, mean):
                vectors[j] = row
            batch = []
        return vectors

    embed(texts[: job["warm"]])
    seconds, result = timed(1, lambda: embed(texts))
    return {
        "value": len(texts) / seconds,
        "first": [float(x) for x in result[0][:8]],
        "version": onnxruntime.__version__,
    }
