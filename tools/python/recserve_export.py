#!/usr/bin/env python3
"""Exports a RecBole checkpoint as a folder that recserve serves: model.safetensors + recserve.json.

    python recserve_export.py saved/SASRec-Nov-22-2026_13-23-35.pth exported/movies

Run it where the model was trained: in the same working directory, with RecBole and the data set's atomic files. Besides
the weights the folder holds what a checkpoint does not: the ids, every user's history and the items' features, of the
data set as RecBole itself builds it. Needs nothing but RecBole (1.1 to 1.2.1) and what it depends on.
"""
import argparse
import enum
import json
import os
import struct
import sys

FORMAT, FORMAT_VERSION = "recbole-export", 1
WEIGHTS_FILE, SETTINGS_FILE = "model.safetensors", "recserve.json"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="a .pth file that RecBole's trainer wrote")
    parser.add_argument("folder", help="where to write; must not exist or be empty")
    parser.add_argument("--data-path", help="folder of the atomic files, if it is not where it was in training")
    options = parser.parse_args()
    if os.path.exists(options.folder) and os.listdir(options.folder):
        sys.exit(f"{options.folder} is not empty")
    if not os.path.isfile(options.checkpoint):
        sys.exit(f"{options.checkpoint} is not there")
    restore_numpy_names()
    checkpoint = load(options.checkpoint)
    config = checkpoint["config"]
    if options.data_path:
        config.final_config_dict["data_path"] = options.data_path
    from recbole.data import create_dataset

    dataset = create_dataset(config)
    tensors = {}
    for name, tensor in checkpoint["state_dict"].items():
        tensors[f"weights.{name}"] = tensor
    tensors.update(other_tensors(checkpoint.get("other_parameter")))
    tensors.update(history(dataset))
    described_items = features(dataset, "item", tensors)
    described_users = features(dataset, "user", tensors)
    relations = relation_vectors(dataset)
    if relations is not None:
        tensors["relation_vectors"] = relations
    check_counts(config, dataset, checkpoint["state_dict"])
    os.makedirs(options.folder, exist_ok=True)
    write_safetensors(os.path.join(options.folder, WEIGHTS_FILE), tensors)
    # Last, so that a folder with this file is complete.
    description = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "class": config["model"],
        "model_type": plain(config["MODEL_TYPE"]),
        "weights": WEIGHTS_FILE,
        "settings": {k: plain(v) for k, v in config.final_config_dict.items() if plain(v) is not SKIPPED},
        "tokens": {str(field): [str(t) for t in tokens] for field, tokens in dataset.field2id_token.items()},
        "item_features": described_items,
        "user_features": described_users,
    }
    path = os.path.join(options.folder, SETTINGS_FILE)
    with open(path + ".part", "w", encoding="utf-8") as f:
        json.dump(description, f, ensure_ascii=False)
    os.replace(path + ".part", path)
    print(f"{options.folder}: {config['model']}, {dataset.user_num - 1} users, {dataset.item_num - 1} items")


def restore_numpy_names():
    """RecBole uses names that NumPy dropped; building a Config sets them, unpickling one does not."""
    import numpy as np

    for name, kind in (("long", np.int_), ("float", np.float64), ("int", np.int_), ("bool", np.bool_), ("object", np.object_)):
        if name not in vars(np):
            setattr(np, name, kind)


def load(path):
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=False)
    except TypeError:  # before PyTorch 1.13 there is no weights_only
        return torch.load(path, map_location="cpu")


SKIPPED = object()


def plain(value):
    """As JSON has it; SKIPPED for devices, classes and the like."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else SKIPPED
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, (list, tuple, set)):
        parts = [plain(v) for v in value]
        return SKIPPED if SKIPPED in parts else parts
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items() if plain(v) is not SKIPPED}
    return SKIPPED


def other_tensors(parameters):
    """What a model keeps besides its weights: tensors as they are, sparse matrices by rows, layers not at all."""
    import numpy as np
    import scipy.sparse
    import torch

    found = {}
    for name, value in (parameters or {}).items():
        if scipy.sparse.issparse(value):
            rows = value.tocsr()
            found[f"other.{name}.shape"] = torch.tensor(rows.shape, dtype=torch.int64)
            found[f"other.{name}.offsets"] = torch.from_numpy(rows.indptr.astype(np.int32))
            found[f"other.{name}.columns"] = torch.from_numpy(rows.indices.astype(np.int32))
            found[f"other.{name}.weights"] = torch.from_numpy(rows.data.astype(np.float32))
        elif isinstance(value, torch.Tensor):
            found[f"other.{name}"] = value
        elif isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
            found[f"other.{name}"] = torch.from_numpy(np.asarray(value, dtype=np.float32))
    return found


def history(dataset):
    """By user id, oldest first, sorted as RecBole sorts: stably by the float32 of the time."""
    import numpy as np
    import torch

    feat = dataset.inter_feat
    users = np.asarray(feat[dataset.uid_field], dtype=np.int64)
    items = np.asarray(feat[dataset.iid_field], dtype=np.int32)
    order = np.arange(len(users))
    if dataset.time_field in feat:
        times = feat[dataset.time_field].tolist()
        times = np.array([t[0] if isinstance(t, (list, tuple)) else t for t in times], dtype=np.float32)
        order = np.argsort(times, kind="stable")
    order = order[np.argsort(users[order], kind="stable")]
    lengths = np.bincount(users, minlength=dataset.user_num)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return {"history.offsets": torch.from_numpy(offsets), "history.items": torch.from_numpy(items[order])}


def features(dataset, suffix, tensors):
    """Adds one tensor per field of the item or user file; returns what each is."""
    feat = getattr(dataset, f"{suffix}_feat")
    if feat is None:
        return []
    id_field = dataset.iid_field if suffix == "item" else dataset.uid_field
    dropped = (dataset.config["unused_col"] or {}).get(suffix, [])
    described = []
    for field, tensor in dataset._dataframe_to_interaction(feat).interaction.items():
        if field == id_field or field in dropped:
            continue
        kind = dataset.field2type[field].value
        if field in dataset.config["numerical_features"]:
            if field in (dataset.config["discretization"] or {}):
                print(f"{suffix} field {field} is discretised, which recserve does not serve: left out", file=sys.stderr)
                continue
            tensor = tensor[..., 0]
        is_token = kind.startswith("token")
        tensors[f"{suffix}_feature.{field}"] = tensor.int() if is_token else tensor.float()
        described.append({"field": field, "kind": kind, **({"size": int(dataset.num(field))} if is_token else {})})
    return described


def relation_vectors(dataset):
    import torch

    for field in dataset.alias.get("relation_id", []):
        if field in dataset._preloaded_weight:
            return torch.from_numpy(dataset._preloaded_weight[field]).float()
    return None


def check_counts(config, dataset, state_dict):
    """The data may have changed since training; the number of items then mostly has too."""
    table = state_dict.get("item_embedding.weight")
    expected = dataset.item_num + (1 if config["model"] in ("BERT4Rec", "S3Rec") else 0)
    if table is not None and len(table) != expected:
        sys.exit(
            f"the data set gives {dataset.item_num} item ids, the checkpoint's item_embedding.weight has {len(table)} rows: "
            "these are not the files (or not the filters) it was trained with"
        )


DTYPES = {
    "float32": "F32", "float64": "F64", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL",
}


def write_safetensors(path, tensors):
    """The safetensors format: length of the header, header (JSON), the tensors' bytes one after the other."""
    import torch

    header, end, chunks = {}, 0, []
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        dtype = DTYPES[str(tensor.dtype).split(".")[-1]]
        raw = tensor.view(torch.int16) if dtype == "BF16" else tensor
        data = raw.numpy().tobytes()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [end, end + len(data)]}
        end += len(data)
        chunks.append(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)))
        f.write(text)
        for data in chunks:
            f.write(data)


if __name__ == "__main__":
    main()
