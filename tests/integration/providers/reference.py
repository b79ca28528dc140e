#!/usr/bin/env python3
"""Vectors of local models, computed by other programs from the same files: numpy, Hugging Face's
tokenizers and ONNX Runtime in Python.

    reference.py static FOLDER TEXTS OUT
    reference.py onnx FOLDER TEXTS OUT --pooling mean|cls [--prefix "passage: "]

FOLDER holds model.safetensors or model.onnx, and tokenizer.json; TEXTS is a JSON list of strings. OUT
becomes the vectors as little-endian float32, row by row, and OUT.tokens the number of tokens of each
text, as it stands there, as a JSON list; OUT.seconds the time it took without loading the model.
"""

import argparse
import json
import struct
import time

import numpy as np
from tokenizers import Tokenizer


def read_matrix(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        data = file.read()
    (entry,) = [value for name, value in header.items() if name != "__metadata__"]
    begin, end = entry["data_offsets"]
    dtype = {"F16": "<f2", "F32": "<f4"}[entry["dtype"]]
    return np.frombuffer(data[begin:end], dtype).reshape(entry["shape"]).astype(np.float32)


def unit(vector):
    return vector / np.linalg.norm(vector)


def static(folder, tokenizer, texts):
    table = read_matrix(f"{folder}/model.safetensors")
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        yield unit(table[ids].mean(axis=0))


def onnx(folder, tokenizer, texts, pooling, prefix):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options,
                                           providers=["CPUExecutionProvider"])
    wanted = {given.name for given in session.get_inputs()}
    for text in texts:
        ids = np.array([tokenizer.encode(prefix + text).ids], np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids),
                 "token_type_ids": np.zeros_like(ids)}
        states = session.run(None, {k: v for k, v in given.items() if k in wanted})[0][0]
        yield unit(states[0] if pooling == "cls" else states.mean(axis=0))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["static", "onnx"])
    parser.add_argument("folder")
    parser.add_argument("texts")
    parser.add_argument("out")
    parser.add_argument("--pooling", default="mean", choices=["mean", "cls"])
    parser.add_argument("--prefix", default="")
    args = parser.parse_args()
    with open(args.texts, encoding="utf-8") as file:
        texts = json.load(file)
    tokenizer = Tokenizer.from_file(f"{args.folder}/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if args.kind == "static":
        vectors = static(args.folder, tokenizer, texts)
    else:
        vectors = onnx(args.folder, tokenizer, texts, args.pooling, args.prefix)
    done = [next(vectors)]  # the model is loaded with the first
    began = time.perf_counter()
    done.extend(vectors)
    seconds = (time.perf_counter() - began) * len(texts) / (len(texts) - 1)
    np.array(done, "<f4").tofile(args.out)
    with open(args.out + ".seconds", "w", encoding="utf-8") as file:
        file.write(f"{seconds:.6f}")
    with open(args.out + ".tokens", "w", encoding="utf-8") as file:
        json.dump([len(tokenizer.encode(t, add_special_tokens=False).ids) for t in texts], file)


if __name__ == "__main__":
    main()
