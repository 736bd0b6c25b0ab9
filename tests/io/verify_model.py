"""Reads a model file of dpml, of version 1 or 2, with h5py alone and recomputes its digests."""
import sys

import h5py

from model_digests import digest, text


def attributes(group):
    return {name: text(value) if isinstance(value, bytes) else value for name, value in group.attrs.items()}


def entries(ledger):
    return [(text(event), int(count)) for event, count in zip(ledger["event"], ledger["count"])]


def rows_of(ledger):
    """The digests of a ledger's rows, each over the one before, and the last one."""
    rows = []
    head = digest(text(ledger.attrs["neighbours"]))
    for event, count in entries(ledger):
        head = digest(head, event, count)
        rows.append(head)
    return rows, head


def claim_parts(claim):
    order = [1, float(claim["order"])] if "order" in claim else [0]
    return [float(claim["epsilon"]), float(claim["delta"]), text(claim["neighbours"]), text(claim["accountant"]), *order]


def earlier_run(group):
    run = attributes(group)
    return digest(run["record"], run["unit"], run["accountant"], float(run["delta"]), run["initial_weights"],
                  int(run["fixed_in_advance"]), rows_of(group["ledger"])[1])


def numbered(file, name):
    group = file.get(name, {})
    return [group[str(i)] for i in range(len(group))]


wrong = []
with h5py.File(sys.argv[1], "r") as file:
    root = attributes(file)
    config = text(file["config"][()])
    weights = {name: dataset[()] for name, dataset in file["weights"].items()}  # a PyTorch state_dict, in numpy
    stated = attributes(file["digests"])
    claim = attributes(file["claim"])

    found = {"config": digest(config)}
    found["weights"] = digest(*(part for name in sorted(weights, key=str.encode)
                                for part in (name, weights[name].ndim, *weights[name].shape, weights[name].tobytes())))
    if root["format_version"] == 1:
        notes = [text(note) for note in file["notes"]]
        found["ledger"] = digest(text(file["ledger"].attrs["neighbours"]),
                                 *(part for event, count in entries(file["ledger"]) for part in (event, count)))
        found["record"] = digest(
            root["format"], 1, root["dpml_version"], found["config"], found["weights"], found["ledger"],
            int(root["steps"]), int(root["averaged"]), root["unit"], root["noise_key"], root["initial_model"],
            *claim_parts(claim), *notes)
    else:
        found["initial_weights"] = stated["initial_weights"]  # of weights that are not in the file
        ledgers = [file["ledger"]] + [run["ledger"] for run in numbered(file, "earlier_runs")]
        for ledger in ledgers:
            rows, head = rows_of(ledger)
            if [text(row) for row in ledger["digest"]] != rows or text(ledger.attrs["head"]) != head:
                wrong.append(ledger.name)
        found["ledger"] = rows_of(file["ledger"])[1]
        runs = [earlier_run(group) for group in numbered(file, "earlier_runs")]
        others = [attributes(group) for group in numbered(file, "claims_of_others")]
        found["record"] = digest(
            root["format"], 2, root["dpml_version"], root["parts"], found["config"], found["initial_weights"],
            found["weights"], found["ledger"], int(root["steps"]), int(root["planned"]), int(root["averaged"]),
            root["unit"], root["noise_key"], root["initial_weights"], root["initial_model"], root["ending"],
            digest(*claim_parts(claim)), len(runs), *runs,
            len(others), *(part for other in others for part in (other["unit"], digest(*claim_parts(other)))))

for name, value in weights.items():
    print(name, value.dtype, list(value.shape))
wrong += [name for name in found if found[name] != stated[name]]
print("all digests fit" if not wrong else "these do not fit: " + ", ".join(wrong))
sys.exit(1 if wrong else 0)
