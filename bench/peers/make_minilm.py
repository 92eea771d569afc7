"""Writes two model directories, DIR/fp32 and DIR/int8: an encoder of the shape of all-MiniLM-L6-v2 (6 layers, 384
dimensions, 12 heads) with random weights and the built-in model's tokenizer, in float32 and with the weights of its
matrix products in int8 (onnxruntime's dynamic quantisation). Speed does not depend on what the weights are.

python make_minilm.py DIR TOKENIZER.json"""

import json
import os
import shutil
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

LAYERS, SIZE, HEADS, INNER, ROWS, POSITIONS = 6, 384, 12, 1536, 8192, 512
random = np.random.default_rng(11)
nodes, constants = [], {}


def constant(name, value):
    constants[name] = value
    return name


def weight(name, *shape):
    return constant(name, random.normal(0, shape[0] ** -0.5, shape).astype(np.float32))


def node(op, inputs, output, **attributes):
    nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
    return output


def linear(name, x, rows, cols):
    product = node("MatMul", [x, weight(f"{name}.weight", rows, cols)], f"{name}.product")
    return node("Add", [product, constant(f"{name}.bias", np.zeros(cols, np.float32))], name)


def norm(name, x):
    scale = constant(f"{name}.scale", np.ones(SIZE, np.float32))
    return node("LayerNormalization", [x, scale, constant(f"{name}.shift", np.zeros(SIZE, np.float32))], name, axis=-1)


def heads(name, x, perm):
    split = node("Reshape", [x, "by_head"], f"{name}.split")
    return node("Transpose", [split], f"{name}.heads", perm=perm)


def attention(name, x):
    q, k, v = (linear(f"{name}.{part}", x, SIZE, SIZE) for part in "qkv")
    scores = node("MatMul", [heads(q, q, [0, 2, 1, 3]), heads(k, k, [0, 2, 3, 1])], f"{name}.scores")
    scaled = node("Mul", [scores, "scale"], f"{name}.scaled")
    masked = node("Add", [scaled, "mask"], f"{name}.masked")
    mixed = node("MatMul", [node("Softmax", [masked], f"{name}.shares", axis=-1), heads(v, v, [0, 2, 1, 3])], f"{name}.mixed")
    joined = node("Reshape", [node("Transpose", [mixed], f"{name}.back", perm=[0, 2, 1, 3]), "joined"], f"{name}.joined")
    return linear(f"{name}.out", joined, SIZE, SIZE)


def gelu(name, x):
    half = node("Mul", [x, constant(f"{name}.half", np.array(0.5, np.float32))], f"{name}.halved")
    root = node("Div", [x, constant(f"{name}.root", np.array(2**0.5, np.float32))], f"{name}.divided")
    one = node("Add", [node("Erf", [root], f"{name}.erf"), constant(f"{name}.one", np.array(1, np.float32))], f"{name}.sum")
    return node("Mul", [half, one], name)


constant("by_head", np.array([0, 0, HEADS, SIZE // HEADS], np.int64))
constant("joined", np.array([0, 0, SIZE], np.int64))
constant("scale", np.array((SIZE // HEADS) ** -0.5, np.float32))
# The tokenizer has more ids than this table rows, which are shared: a larger one would change nothing but the file.
words = node("Gather", [weight("words", ROWS, SIZE), node("Mod", ["input_ids", constant("rows", np.array(ROWS, np.int64))], "row")], "word")
length = node("Slice", [node("Shape", ["input_ids"], "shape"), constant("from", np.array([1], np.int64)), constant("to", np.array([2], np.int64))], "length")
places = node("Slice", [weight("positions", POSITIONS, SIZE), constant("zero", np.array([0], np.int64)), "length"], "place")
mask = node("Cast", [node("Unsqueeze", ["attention_mask", constant("axes", np.array([1, 2], np.int64))], "seen")], "seen_float", to=TensorProto.FLOAT)
node("Mul", [node("Sub", [constant("unit", np.array(1, np.float32)), mask], "hidden_places"), constant("low", np.array(-1e9, np.float32))], "mask")
x = norm("embedded", node("Add", [words, places], "embedding"))
for layer in range(LAYERS):
    name = f"layer{layer}"
    x = norm(f"{name}.a", node("Add", [x, attention(name, x)], f"{name}.sum_a"))
    inner = gelu(f"{name}.gelu", linear(f"{name}.in", x, SIZE, INNER))
    x = norm(f"{name}.b", node("Add", [x, linear(f"{name}.down", inner, INNER, SIZE)], f"{name}.sum_b"))
node("Identity", [x], "last_hidden_state")

ids = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"]) for name in ("input_ids", "attention_mask")]
out = [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "sequence", SIZE])]
graph = helper.make_graph(nodes, "minilm", ids, out, [numpy_helper.from_array(v, k) for k, v in constants.items()])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model)

directory, tokenizer = sys.argv[1:]
files = {
    "config.json": {"model_type": "bert", "hidden_size": SIZE, "max_position_embeddings": POSITIONS, "pad_token_id": 1},
    "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": POSITIONS, "pad_token": "<pad>"},
    "sentence_bert_config.json": {"max_seq_length": 256, "do_lower_case": False},
    "1_Pooling/config.json": {"word_embedding_dimension": SIZE, "pooling_mode_mean_tokens": True},
    "modules.json": [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ],
}
for dtype in ("fp32", "int8"):
    for path, content in files.items():
        os.makedirs(os.path.dirname(f"{directory}/{dtype}/{path}"), exist_ok=True)
        with open(f"{directory}/{dtype}/{path}", "w", encoding="utf-8") as file:
            json.dump(content, file)
    shutil.copy(tokenizer, f"{directory}/{dtype}/tokenizer.json")
    os.makedirs(f"{directory}/{dtype}/onnx", exist_ok=True)
onnx.save(model, f"{directory}/fp32/onnx/model.onnx")
quantize_dynamic(f"{directory}/fp32/onnx/model.onnx", f"{directory}/int8/onnx/model_quantized.onnx", weight_type=QuantType.QInt8)
