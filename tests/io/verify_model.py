"""Reads a model file of dpml with h5py alone and recomputes its digests."""
import hashlib
import struct
import sys

import h5py


def digest(*parts):
    """SHA-256 of the parts, each after its length in bytes; numbers are 8 bytes, little-endian."""
    sha = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            part = part.encode()
        elif isinstance(part, float):
            part = struct.pack("<d", part)
        elif isinstance(part, int):
            part = struct.pack("<Q", part)
        sha.update(struct.pack("<Q", len(part)) + part)
    return sha.hexdigest()


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


with h5py.File(sys.argv[1], "r") as file:
    root = {name: value if name in ("format_version", "steps", "averaged") else text(value)
            for name, value in file.attrs.items()}
    config = text(file["config"][()])
    notes = [text(note) for note in file["notes"]]
    weights = {name: dataset[()] for name, dataset in file["weights"].items()}  # a PyTorch state_dict, in numpy
    ledger = [(text(event), int(count)) for event, count in zip(file["ledger/event"], file["ledger/count"])]
    neighbours = text(file["ledger"].attrs["neighbours"])
    claim = file["claim"].attrs
    stated = {name: text(value) for name, value in file["digests"].attrs.items()}

    found = {"config": digest(config)}
    found["weights"] = digest(*(part for name in sorted(weights, key=str.encode)
                                for part in (name, weights[name].ndim, *weights[name].shape, weights[name].tobytes())))
    found["ledger"] = digest(neighbours, *(part for event, count in ledger for part in (event, count)))
    order = [1, float(claim["order"])] if "order" in claim else [0]
    found["record"] = digest(
        root["format"], int(root["format_version"]), root["dpml_version"],
        found["config"], found["weights"], found["ledger"],
        int(root["steps"]), int(root["averaged"]), root["unit"], root["noise_key"], root["initial_model"],
        float(claim["epsilon"]), float(claim["delta"]), text(claim["neighbours"]), text(claim["accountant"]), *order,
        *notes)

for name, value in weights.items():
    print(name, value.dtype, list(value.shape))
wrong = [name for name in found if found[name] != stated[name]]
print("all digests fit" if not wrong else "these do not fit: " + ", ".join(wrong))
sys.exit(1 if wrong else 0)
