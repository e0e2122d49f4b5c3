"""Records what RecBole answers under settings that the checkpoints in the fixtures do not have.

Usage: python recbole-variants.py > recbole-variants.jsonl (recbole 1.2.1, torch 2.2).

The models are RecBole's own classes, tiny and untrained: every weight is a function of its name and place, which the
test computes too (`weight` here, `namedWeights` there), so that only settings and answers have to be recorded.
"""

import json

import numpy
import torch

numpy.long = numpy.int_

from recbole.data.interaction import Interaction  # noqa: E402
from recbole.utils import get_model  # noqa: E402
from recbole.utils.enum_type import FeatureType  # noqa: E402

ITEMS, USERS, LENGTH = 9, 4, 5
REQUESTS = [[3], [1, 2, 1], [5, 6, 7, 8], [8, 8, 2, 4, 6]]
USER = 2

ITEM_FIELDS = {
    "item_id": (FeatureType.TOKEN, list(range(ITEMS)), ITEMS),
    "genres": (FeatureType.TOKEN_SEQ, [[0, 0, 0], [1, 0, 0], [1, 2, 0], [3, 1, 2], [0, 0, 0], [2, 0, 0], [3, 3, 0], [4, 0, 0], [1, 4, 0]], 5),
    "year": (FeatureType.TOKEN, [0, 1, 2, 1, 3, 0, 2, 2, 1], 4),
    "price": (FeatureType.FLOAT, [0.5, 0.25, 1, 0, 0.75, 0.5, 0.125, 1, 0.375], 2),
}
USER_FIELDS = {
    "user_id": (FeatureType.TOKEN, list(range(USERS)), USERS),
    "age": (FeatureType.FLOAT, [0.5, 0.125, 0.75, 1], 2),
    "job": (FeatureType.TOKEN, [0, 2, 1, 1], 3),
}


def weight(name, shape):
    """From -0.5 to 0.5, the same on every machine."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32
    values = []
    for i in range(int(numpy.prod(shape))):
        x = (seed + i * 2654435761) % 2**32
        x = (x ^ x >> 16) * 73244475 % 2**32
        x = (x ^ x >> 16) * 73244475 % 2**32
        values.append((x ^ x >> 16) / 2**32 - 0.5)
    array = numpy.array(values, dtype=numpy.float32).reshape(shape)
    return numpy.abs(array) + numpy.float32(0.5) if name.endswith("running_var") else array


class Config(dict):
    def __missing__(self, name):
        return None


def table(fields, numerical):
    columns = {}
    for name, (kind, values, _) in fields.items():
        if kind == FeatureType.FLOAT:
            pairs = [[value, 1.0] for value in values]
            columns[name] = torch.FloatTensor(pairs if name in numerical else values)
        else:
            columns[name] = torch.LongTensor(values)
    return Interaction(columns)


class Dataset:
    """What the models ask of a data set."""

    def __init__(self, config, fields):
        self.config, self.user_num, self.item_num = config, USERS, ITEMS
        chosen = lambda all_: {name: all_[name] for name in all_ if name in fields or name.endswith("_id")}
        self.items, self.users = chosen(ITEM_FIELDS), chosen(USER_FIELDS)
        self.sizes = {name: size for name, (_, _, size) in {**self.items, **self.users}.items()}
        self.sizes["relation_id"], self.sizes["entity_id"] = 4, ITEMS
        self.field2type = {name: kind for name, (kind, _, _) in {**self.items, **self.users}.items()}

    def num(self, field):
        return self.sizes[field]

    def get_item_feature(self):
        return table(self.items, self.config["numerical_features"])

    def get_user_feature(self):
        return table(self.users, self.config["numerical_features"])

    def get_preload_weight(self, field):
        rows, name = (3, "relation_vectors") if field == "rel_id" else (ITEMS, "entities")
        return weight(name, (rows, self.config["kg_embedding_size"] or self.config["embedding_size"]))


def feature(name, kind, values, size):
    if kind == FeatureType.FLOAT:
        return {"kind": "float", "field": name, "values": values}
    if kind == FeatureType.TOKEN:
        return {"kind": "token", "field": name, "size": size, "values": values}
    flat = [value for row in values for value in row]
    return {"kind": "token_seq", "field": name, "size": size, "width": len(values[0]), "values": flat}


def record(name, model_name, settings, fields):
    base = {
        "USER_ID_FIELD": "user_id", "ITEM_ID_FIELD": "item_id", "LIST_SUFFIX": "_list", "NEG_PREFIX": "neg_",
        "ITEM_LIST_LENGTH_FIELD": "item_length", "MAX_ITEM_LIST_LENGTH": LENGTH, "LABEL_FIELD": "label",
        "RELATION_ID_FIELD": "relation_id", "ENTITY_ID_FIELD": "entity_id", "numerical_features": [],
    }
    recorded = {**base, **settings}
    config = Config({**recorded, "device": torch.device("cpu"), "loss_type": settings.get("loss_type", "CE")})
    config.setdefault("reg_weight", [0.0, 0.0])
    dataset = Dataset(config, fields)
    model = get_model(model_name)(config, dataset)
    written = set()
    for key, value in model.state_dict().items():
        # Of tied tensors the first name counts.
        if value.is_floating_point() and value.data_ptr() not in written:
            value.copy_(torch.from_numpy(weight(key, tuple(value.shape))))
            written.add(value.data_ptr())
    tensors = {key: list(value.shape) for key, value in model.state_dict().items() if value.is_floating_point()}
    model.eval()
    features = lambda own: [feature(n, *spec) for n, spec in own.items() if not n.endswith("_id")]
    return {
        "name": name, "model": model_name, "settings": recorded, "tensors": tensors,
        "itemFeatures": features(dataset.items), "userFeatures": features(dataset.users),
        "answers": [answer(model, sequence) for sequence in REQUESTS],
    }


def answer(model, sequence):
    pointwise = type(model).__name__ in ("DIN", "DIEN")
    rows = ITEMS if pointwise else 1
    padded = torch.zeros(rows, LENGTH, dtype=torch.int64)
    padded[:, : len(sequence)] = torch.tensor(sequence)
    batch = Interaction({
        "item_id_list": padded, "neg_item_id_list": torch.zeros_like(padded),
        "item_length": torch.full((rows,), len(sequence)), "user_id": torch.full((rows,), USER),
        "item_id": torch.arange(rows) + (0 if pointwise else 1),
    })
    with torch.no_grad():
        scores = model.predict(batch) if pointwise else model.full_sort_predict(batch)
    return {"sequence": sequence, "user": USER, "scores": [float("%.9g" % score) for score in scores.flatten()]}


GRU = dict(embedding_size=4, hidden_size=6, num_layers=1, dropout_prob=0)
TRM = dict(hidden_size=4, inner_size=6, n_layers=2, n_heads=2, hidden_dropout_prob=0, attn_dropout_prob=0,
           hidden_act="gelu", layer_norm_eps=1e-12, initializer_range=0.02)
CPR = dict(use_out_emb=False, n_facet_all=5, n_facet=1, n_facet_context=1, n_facet_reranker=1, reranker_CAN_NUM=3,
           n_facet_emb=2, n_facet_hidden=1, n_facet_window=-2, n_facet_MLP=-1, weight_mode="", context_norm=1,
           partition_merging_mode="replace", reranker_merging_mode="replace", use_proj_bias=1, post_remove_context=0)
RANKING = dict(embedding_size=3, mlp_hidden_size=[5, 4], pooling_mode="mean", dropout_prob=0, alpha=1.0)
ALL = ["genres", "year", "price", "age", "job"]

VARIANTS = [
    ("Caser", "Caser", dict(embedding_size=4, nv=2, nh=3, dropout_prob=0), []),
    ("HGN average", "HGN", dict(embedding_size=4, pooling_type="average"), []),
    ("HGN max", "HGN", dict(embedding_size=4, pooling_type="max"), []),
    ("NPE", "NPE", dict(embedding_size=4, dropout_prob=0), []),
    ("FOSSIL of the whole length", "FOSSIL", dict(embedding_size=4, order_len=5, alpha=0.2), []),
    ("FOSSIL without normalisation", "FOSSIL", dict(embedding_size=4, order_len=1, alpha=0.0), []),
    *((f"HRM {a} {b}", "HRM", dict(embedding_size=4, high_order=3, pooling_type_layer_1=a, pooling_type_layer_2=b,
                                   dropout_prob=0), []) for a in ("max", "average") for b in ("max", "average")),
    ("SHAN short", "SHAN", dict(embedding_size=4, short_item_length=2), []),
    ("SHAN of the whole length", "SHAN", dict(embedding_size=4, short_item_length=5), []),
    ("FPMC", "FPMC", dict(embedding_size=4, loss_type="BPR"), []),
    ("TransRec", "TransRec", dict(embedding_size=4), []),
    ("RepeatNet", "RepeatNet", dict(embedding_size=4, hidden_size=6, joint_train=False, dropout_prob=0), []),
    ("GRU4RecKG of two layers", "GRU4RecKG", {**GRU, "num_layers": 2, "freeze_kg": True}, []),
    ("KSR of two layers", "KSR", {**GRU, "num_layers": 2, "kg_embedding_size": 3, "gamma": 1.5, "freeze_kg": True}, []),
    *((f"GRU4RecF {mode}", "GRU4RecF", {**GRU, "num_layers": 2, "selected_features": ["genres", "year"],
                                        "pooling_mode": mode}, ALL) for mode in ("mean", "sum", "max")),
    ("GRU4RecF of a number", "GRU4RecF", {**GRU, "selected_features": ["price", "genres"], "pooling_mode": "mean",
                                          "numerical_features": ["price"]}, ALL),
    ("SASRecF with the id", "SASRecF", {**TRM, "selected_features": ["genres", "item_id"], "pooling_mode": "mean"}, ALL),
    ("FDSA of three features", "FDSA", {**TRM, "selected_features": ["price", "genres", "year"], "pooling_mode": "sum",
                                        "numerical_features": ["price"]}, ALL),
    ("DIN of one layer", "DIN", {**RANKING, "mlp_hidden_size": [5], "pooling_mode": "max"}, ALL),
    ("DIN of numbers", "DIN", {**RANKING, "numerical_features": ["price", "age"]}, ALL),
    ("DIN of ids alone", "DIN", RANKING, []),
    *((f"DIEN {gru}", "DIEN", {**RANKING, "gru_type": gru}, ALL) for gru in ("GRU", "AIGRU", "AGRU", "AUGRU")),
    ("DIEN of numbers", "DIEN", {**RANKING, "gru_type": "AUGRU", "numerical_features": ["age"]}, ALL),
    ("DIEN of ids alone", "DIEN", {**RANKING, "gru_type": "GRU"}, []),
    ("GRU4RecCPR", "GRU4RecCPR", {**GRU, **CPR}, []),
    ("GRU4RecCPR adding", "GRU4RecCPR", {**GRU, **CPR, "partition_merging_mode": "add", "reranker_merging_mode": "add",
                                         "context_norm": 0}, []),
    ("GRU4RecCPR halving", "GRU4RecCPR", {**GRU, **CPR, "partition_merging_mode": "half", "use_out_emb": True,
                                          "use_proj_bias": 0, "n_facet_window": 0, "n_facet_MLP": 0,
                                          "post_remove_context": 1}, []),
    ("GRU4RecCPR without a merge", "GRU4RecCPR", {**GRU, **CPR, "partition_merging_mode": "none", "n_facet_MLP": -2}, []),
    ("GRU4RecCPR dynamic", "GRU4RecCPR", {**GRU, **CPR, "n_facet": 3, "n_facet_context": 2, "n_facet_all": 10,
                                          "reranker_CAN_NUM": "6,4,2", "weight_mode": "dynamic"}, []),
    ("GRU4RecCPR static", "GRU4RecCPR", {**GRU, **CPR, "n_facet": 2, "n_facet_context": 2, "n_facet_reranker": 2,
                                         "n_facet_emb": 0, "n_facet_all": 6, "weight_mode": "static"}, []),
    ("GRU4RecCPR of the largest logits", "GRU4RecCPR", {**GRU, **CPR, "n_facet": 3, "n_facet_all": 7,
                                                        "weight_mode": "max_logits"}, []),
    ("GRU4RecCPR in equal parts", "GRU4RecCPR", {**GRU, **CPR, "n_facet": 2, "n_facet_context": 0,
                                                 "n_facet_reranker": 0, "n_facet_emb": 0, "n_facet_all": 2}, []),
    ("SASRecCPR of two layers", "SASRecCPR", {**TRM, **CPR, "n_facet_hidden": 2}, []),
    ("SASRecCPR halving, which adds", "SASRecCPR", {**TRM, **CPR, "partition_merging_mode": "half",
                                                    "n_facet_window": -7}, []),
]

for variant in VARIANTS:
    print(json.dumps(record(*variant), separators=(",", ":")))
