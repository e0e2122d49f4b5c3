"""Writes random data sets as atomic files and what RecBole makes of them: recbole-replay.py FOLDER FIRST_SEED COUNT."""
import json
import logging
import os
import random
import sys
import warnings

warnings.filterwarnings("ignore")
sys.dont_write_bytecode = True
folder, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sys.argv = sys.argv[:1]  # RecBole's Config reads the command line
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "python"))

import recserve_export as export
from recbole.config import Config
from recbole.data import create_dataset

logging.disable(logging.CRITICAL)
os.chdir(folder)


class Writer:
    """One data set; `messy` ones have missing cells, quotes and tokens that pandas takes for missing."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.name = f"d{seed}"
        self.separator = self.r.choice(["\t", "\t", ","])
        self.inner = self.r.choice([" ", " ", ";"])
        self.messy = self.r.random() < 0.5
        self.users, self.items = self.r.choice([8, 30]), self.r.choice([10, 40])

    def token(self, prefix, n):
        x = self.r.random() if self.messy else 1
        if x < 0.015:
            return self.r.choice(["", "NA", "null", "None", "nan"])
        if x < 0.03:
            return f'"{prefix}{self.r.randrange(n)} ""q"""'
        if x < 0.04:
            return f'{prefix}"{self.r.randrange(n)}'
        return f"{prefix}{int(n * self.r.random() ** 2)}"

    def maybe(self, text, p=0.95):
        return text if self.r.random() < p else ""

    def write(self, suffix, head, rows):
        os.makedirs(f"dataset/{self.name}", exist_ok=True)
        lines = [self.separator.join(cells) for cells in [head.split(), *rows]]
        with open(f"dataset/{self.name}/{self.name}.{suffix}", "w") as f:
            f.write("\n".join(lines) + self.r.choice(["", "\n", "\n\n"]))

    def files(self):
        r, users, items = self.r, self.users, self.items
        n = r.choice([60, 400])
        head = "user_id:token item_id:token rating:float timestamp:float ctx:token"
        times = r.sample(range(880000000, 890000000), n)
        rows = [
            [self.token("u", users), self.token("i", items), self.maybe(str(r.randrange(1, 6))),
             self.maybe(str(time), 0.97 if self.messy else 1), self.token("c", 4)]
            for time in times
        ]
        self.write("inter", head, rows)
        self.write("a.inter", head, rows[: n // 2])
        self.write("b.inter", head, rows[n // 2 :])
        if r.random() < 0.7:
            self.write("item", "item_id:token year:token class:token_seq price:float vec:float_seq", [
                [self.token("i", items + 5), self.token("y", 6), self.inner.join(f"k{r.randrange(5)}" for _ in range(r.randrange(4))),
                 self.maybe("%.3f" % r.random()), self.inner.join("%.2f" % r.random() for _ in range(r.randrange(1, 4)))]
                for _ in range(items)])
        if r.random() < 0.5:
            self.write("user", "user_id:token age:token", [[self.token("u", users + 4), self.token("a", 5)] for _ in range(users)])
        entities = [f"m{i}" for i in range(items + 10)]
        self.write("link", "item_id:token entity_id:token", [[f"i{i}", entities[i]] for i in range(items) if r.random() < 0.8])
        self.write("kg", "head_id:token relation_id:token tail_id:token",
                   [[r.choice(entities), f"r{r.randrange(5)}", r.choice(entities)] for _ in range(150)])
        self.write("rel", "rel_id:token rel_emb:float_seq",
                   [[f"r{k}", self.inner.join("%.3f" % r.random() for _ in range(3))] for k in r.sample(range(5), 5)])

    def config(self):
        r = self.r
        model = r.choice(["GRU4RecF", "BPR", "SASRec", "CKE"])
        c = {
            "field_separator": self.separator, "seq_separator": self.inner, "use_gpu": False, "load_col": None,
            "user_inter_num_interval": r.choice(["[0,inf)", "[3,inf)", "(2,25]", None, "[2,5];[8,inf)"]),
            "item_inter_num_interval": r.choice(["[0,inf)", "[4,inf)", None]),
            "filter_inter_by_user_or_item": r.random() < 0.7,
        }
        if r.random() < 0.3:
            c["rm_dup_inter"] = r.choice(["first", "last"])
        if r.random() < 0.4:
            c["val_interval"] = r.choice([{"rating": "[3,inf)"}, {"rating": "(1,4]", "timestamp": "[880100000,inf)"},
                                          {"ctx": ["c0", "c1"]}, {"rating": "[1,2];[4,5]"}])
        if r.random() < 0.3:
            c["load_col"] = {"inter": ["user_id", "item_id", "timestamp", "rating", "ctx"], "kg": "*", "link": "*", "rel": "*"}
            if r.random() < 0.6:
                c["load_col"]["item"] = r.choice([["item_id", "class"], "*", ["item_id", "year", "price"]])
            if r.random() < 0.4:
                c["load_col"]["user"] = ["user_id"]
        elif r.random() < 0.3:
            c["unload_col"] = {"item": ["class"]}
        for p, change in ((0.2, {"normalize_all": True}), (0.2, {"seq_len": {"class": 2}}), (0.2, {"threshold": {"rating": 3}}),
                          (0.3, {"unused_col": {"item": ["year"]}}), (0.1, {"numerical_features": ["price"]})):
            if r.random() < p:
                c.update(change)
        if r.random() < 0.12:
            model, c["benchmark_filename"] = "BPR", ["a", "b"]
        if model in ("GRU4RecF", "SASRec"):
            c["train_neg_sample_args"] = None
        if model == "CKE":
            c.update(entity_kg_num_interval=r.choice(["[0,inf)", "[3,inf)", None]), relation_kg_num_interval=r.choice(["[0,inf)", "[10,inf)", None]),
                     kg_reverse_r=r.random() < 0.4, additional_feat_suffix=["rel"], alias_of_relation_id=["rel_id"], preload_weight={"rel_id": "rel_emb"})
        return model, c


def numbers(tensor):
    return [None if x != x else x for x in tensor.flatten().tolist()]


def answer(config):
    dataset = create_dataset(config)
    tensors = {}
    history = export.history(dataset)
    described = {side: export.features(dataset, side, tensors) for side in ("item", "user")}
    relations = export.relation_vectors(dataset)
    return {
        "tokens": {field: [str(t) for t in tokens] for field, tokens in dataset.field2id_token.items()},
        "offsets": history["history.offsets"].tolist(),
        "items": history["history.items"].tolist(),
        **{f"{side}_features": [{**f, "values": numbers(tensors[f"{side}_feature.{f['field']}"])} for f in found]
           for side, found in described.items()},
        "relations": None if relations is None else numbers(relations),
    }


for seed in range(first, first + count):
    writer = Writer(seed)
    writer.files()
    model, settings = writer.config()
    config = Config(model=model, dataset=writer.name, config_dict=settings)
    final = {k: export.plain(v) for k, v in config.final_config_dict.items()}
    out = {"class": model, "type": export.plain(config["MODEL_TYPE"]),
           "settings": {k: v for k, v in final.items() if v is not export.SKIPPED}}
    try:
        out["answer"] = answer(config)
    except Exception as error:  # a setting that this data set does not go with: RecBole cannot train on it either
        out["error"] = repr(error)[:200]
    with open(f"dataset/{writer.name}/expected.json", "w") as f:
        json.dump(out, f)
