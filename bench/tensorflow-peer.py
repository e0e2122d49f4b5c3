"""TensorFlow's side of bench/against-tensorflow.ts: makes the models, and times them when asked.

python tensorflow-peer.py THREADS
Reads one JSON command a line, answers one JSON line each:
  {"make": DIR}                                      -> {"made": [names]}
  {"load": DIR, "name": NAME}                        -> {"loaded": NAME}
  {"run": NAME, "feeds": {alias: {dtype, shape, low, high}}, "seconds": S} -> {"us": median, "fastest": us}
"""
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import numpy as np
import tensorflow as tf

threads = int(sys.argv[1])
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(1)

USERS, ITEMS = 6040, 3706


def weights(*shape):
    return tf.Variable(np.random.default_rng(sum(shape)).normal(0, 0.1, shape).astype(np.float32))


class NeuMf(tf.Module):
    """He et al. 2017, at MovieLens-1M's size: factors 8, layers 64-32-16-8."""

    def __init__(self):
        self.mf_user, self.mf_item = weights(USERS, 8), weights(ITEMS, 8)
        self.mlp_user, self.mlp_item = weights(USERS, 32), weights(ITEMS, 32)
        sizes = [64, 32, 16, 8]
        self.layers = [(weights(a, b), weights(b)) for a, b in zip(sizes, sizes[1:])]
        self.out, self.out_bias = weights(16, 1), weights(1)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, "user_id"), tf.TensorSpec([None], tf.int32, "item_id")])
    def serve(self, user_id, item_id):
        mf = tf.gather(self.mf_user, user_id) * tf.gather(self.mf_item, item_id)
        x = tf.concat([tf.gather(self.mlp_user, user_id), tf.gather(self.mlp_item, item_id)], 1)
        for w, b in self.layers:
            x = tf.nn.relu(tf.matmul(x, w) + b)
        return {"score": tf.sigmoid(tf.matmul(tf.concat([mf, x], 1), self.out) + self.out_bias)}


class TwoTower(tf.Module):
    """Two towers of 64-64 over embeddings of 32 and a few side features."""

    def __init__(self):
        self.user, self.item, self.age, self.genre = weights(USERS, 32), weights(ITEMS, 32), weights(8, 8), weights(20, 8)
        self.towers = [[(weights(40, 64), weights(64)), (weights(64, 64), weights(64))] for _ in range(2)]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, n) for n in ("user_id", "age", "item_id", "genre")])
    def serve(self, user_id, age, item_id, genre):
        ends = []
        for tower, a, b in ((0, tf.gather(self.user, user_id), tf.gather(self.age, age)), (1, tf.gather(self.item, item_id), tf.gather(self.genre, genre))):
            x = tf.concat([a, b], 1)
            (w1, b1), (w2, b2) = self.towers[tower]
            x = tf.matmul(tf.nn.relu(tf.matmul(x, w1) + b1), w2) + b2
            ends.append(tf.math.l2_normalize(x, 1))
        return {"score": tf.reduce_sum(ends[0] * ends[1], 1)}


class Din(tf.Module):
    """Deep Interest Network (Zhou et al. 2018): 10 past items, attention MLP 4d-16-1, top MLP 64-32-1."""

    def __init__(self):
        self.user, self.item = weights(USERS, 16), weights(ITEMS, 16)
        self.att = [(weights(64, 16), weights(16)), (weights(16, 1), weights(1))]
        self.top = [(weights(48, 64), weights(64)), (weights(64, 32), weights(32)), (weights(32, 1), weights(1))]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, "user_id"), tf.TensorSpec([None], tf.int32, "item_id"), tf.TensorSpec([None, 10], tf.int32, "history"), tf.TensorSpec([None], tf.int32, "length")])
    def serve(self, user_id, item_id, history, length):
        item = tf.gather(self.item, item_id)
        past = tf.gather(self.item, history)
        target = tf.tile(item[:, None, :], [1, 10, 1])
        x = tf.concat([target, past, target - past, target * past], -1)
        (w1, b1), (w2, b2) = self.att
        h = tf.sigmoid(tf.tensordot(x, w1, 1) + b1)
        logits = tf.squeeze(tf.tensordot(h, w2, 1) + b2, -1)
        mask = tf.sequence_mask(length, 10)
        weights_ = tf.nn.softmax(tf.where(mask, logits, tf.fill(tf.shape(logits), -1e9)))
        interest = tf.reduce_sum(weights_[:, :, None] * past, 1)
        x = tf.concat([tf.gather(self.user, user_id), item, interest], 1)
        for i, (w, b) in enumerate(self.top):
            x = tf.matmul(x, w) + b
            x = tf.nn.relu(x) if i < 2 else tf.sigmoid(x)
        return {"score": x}


MODELS = {"neumf": NeuMf, "twotower": TwoTower, "din": Din}


def make(folder):
    for name, cls in MODELS.items():
        module = cls()
        tf.saved_model.save(module, os.path.join(folder, name, "1"), signatures={"serving_default": module.serve})
    return {"made": list(MODELS)}


loaded = {}


def load(folder, name):
    model = tf.saved_model.load(folder)
    loaded[name] = (model, model.signatures["serving_default"])
    return {"loaded": name}


def run(name, feeds, seconds):
    rng = np.random.default_rng(1)
    inputs = {k: tf.constant(rng.integers(f["low"], f["high"], f["shape"]).astype(f["dtype"])) for k, f in feeds.items()}
    serve = loaded[name][1]
    for _ in range(3):
        serve(**inputs)
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        outputs = serve(**inputs)
        for value in outputs.values():
            value.numpy()
        times.append(time.perf_counter() - start)
    times.sort()
    return {"us": times[len(times) // 2] * 1e6, "fastest": times[0] * 1e6}


for line in sys.stdin:
    command = json.loads(line)
    if "make" in command:
        answer = make(command["make"])
    elif "load" in command:
        answer = load(command["load"], command["name"])
    else:
        answer = run(command["run"], command["feeds"], command["seconds"])
    print(json.dumps(answer), flush=True)
