"""RecBole's side of bench/recbole.ts: the hand-written FastAPI that its users put around a sequential model.

python recbole-peer.py make CHECKPOINT TOKENS FOLDER ITEMS   writes FOLDER/checkpoint.pth and FOLDER/items.tokens.json, whose
    item table is enlarged with random rows to ITEMS ids ([PAD] included); ITEMS 0 keeps the table
python recbole-peer.py serve FOLDER PORT                     one worker, one thread
"""
import json
import os
import sys

import numpy as np

for name in ("long", "float", "int", "bool", "object"):
    if name not in np.__dict__:
        setattr(np, name, {"long": np.int_}.get(name, __builtins__.__dict__.get(name)))
import torch
from recbole.utils import get_model

torch.set_num_threads(1)


def tokens_of(folder):
    with open(os.path.join(folder, "items.tokens.json")) as file:
        return json.load(file)


def make(checkpoint_path, tokens_path, folder, items):
    checkpoint = torch.load(checkpoint_path, map_location="cpu")
    with open(tokens_path) as file:
        tokens = json.load(file)
    table = checkpoint["state_dict"]["item_embedding.weight"]
    names = tokens["item_id"]
    if items:
        extra = items - len(names)
        torch.manual_seed(1)
        grown = torch.cat([table, torch.randn(extra, table.shape[1]) * table.std()])
        checkpoint["state_dict"]["item_embedding.weight"] = grown
        names = names + [f"x{i}" for i in range(extra)]
    checkpoint["optimizer"] = None
    os.makedirs(folder, exist_ok=True)
    torch.save(checkpoint, os.path.join(folder, "checkpoint.pth"), pickle_protocol=4)
    with open(os.path.join(folder, "items.tokens.json"), "w") as file:
        json.dump({**tokens, "item_id": names}, file)


class Sizes:
    """What the constructors of sequential models ask of a dataset."""

    def __init__(self, tokens):
        self.tokens = tokens
        self.user_num, self.item_num = len(tokens["user_id"]), len(tokens["item_id"])

    def num(self, field):
        return len(self.tokens[field])


def load(folder):
    checkpoint = torch.load(os.path.join(folder, "checkpoint.pth"), map_location="cpu")
    config, tokens = checkpoint["config"], tokens_of(folder)
    config["device"] = torch.device("cpu")
    model = get_model(config["model"])(config, Sizes(tokens))
    model.load_state_dict(checkpoint["state_dict"])
    model.eval()
    return model, config, tokens


def serve(folder, port):
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel
    from recbole.data.interaction import Interaction

    model, config, tokens = load(folder)
    names = tokens["item_id"]
    ids = {token: index for index, token in enumerate(names)}
    length = config["MAX_ITEM_LIST_LENGTH"]

    class Query(BaseModel):
        sequence: list[str]
        topk: int

    app = FastAPI()

    @app.get("/healthz")
    def healthz():
        return "ok"

    @app.post("/v1/{name}/user_to_item")
    def user_to_item(name: str, query: Query):
        sequence = [ids[item] for item in query.sequence if item in ids][-length:]
        padded = torch.zeros(1, length, dtype=torch.long)
        padded[0, : len(sequence)] = torch.tensor(sequence)
        interaction = Interaction({"item_id_list": padded, "item_length": torch.tensor([len(sequence)])})
        with torch.no_grad():
            scores = model.full_sort_predict(interaction).view(-1, len(names))
        scores[:, 0] = -np.inf
        best, indices = torch.topk(scores[0], query.topk)
        return {"score_list": best.tolist(), "item_list": [names[i] for i in indices.tolist()]}

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


if sys.argv[1] == "make":
    make(*sys.argv[2:5], int(sys.argv[5]))
else:
    serve(sys.argv[2], int(sys.argv[3]))
