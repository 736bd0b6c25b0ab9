"""Edits a model.h5 of format 2 as a competent cheat would, with h5py: everything is written anew, with digests that fit.

usage: cheat.py MODEL OUT WHAT     WHAT is a name below
"""

import os
import re
import sys

import h5py
import numpy

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "io"))
from model_digests import digest, text


def fixed(value):
    """Text of fixed length, as dpml writes it."""
    data = value if isinstance(value, bytes) else value.encode()
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(max(1, len(data)))
    kind.set_strpad(h5py.h5t.STR_NULLPAD)
    kind.set_cset(h5py.h5t.CSET_UTF8)
    return data, kind


class Model:
    def __init__(self, path):
        with h5py.File(path) as file:
            self.root = {name: text(value) if isinstance(value, bytes) else value for name, value in file.attrs.items()}
            self.config = text(file["config"][()])
            self.events = [text(event) for event in file["ledger/event"]]
            self.counts = [int(count) for count in file["ledger/count"]]
            self.neighbours = text(file["ledger"].attrs["neighbours"])
            self.claim = {name: text(value) if isinstance(value, bytes) else float(value)
                          for name, value in file["claim"].attrs.items()}
            self.weights = {name: data[()] for name, data in file["weights"].items()}
            self.initial = text(file["digests"].attrs["initial_weights"])

    def rows(self):
        rows, head = [], digest(self.neighbours)
        for event, count in zip(self.events, self.counts):
            head = digest(head, event, count)
            rows.append(head)
        return rows, head

    def digests(self):
        weights = digest(*(part for name in sorted(self.weights, key=str.encode)
                           for part in (name, self.weights[name].ndim, *self.weights[name].shape,
                                        numpy.ascontiguousarray(self.weights[name], "<f4").tobytes())))
        claim = self.claim
        order = [1, claim["order"]] if "order" in claim else [0]
        found = {"config": digest(self.config), "initial_weights": self.initial, "weights": weights, "ledger": self.rows()[1]}
        root = self.root
        found["record"] = digest(
            root["format"], 2, root["dpml_version"], root["parts"], found["config"], self.initial, weights, found["ledger"],
            root["steps"], root["planned"], root["averaged"], root["unit"], root["noise_key"], root["initial_weights"],
            root["initial_model"], root["ending"],
            digest(claim["epsilon"], claim["delta"], claim["neighbours"], claim["accountant"], *order), 0, 0)
        return found

    def write(self, path, extra=None):
        with h5py.File(path, "w", libver=("v108", "v108"), track_order=True) as file:
            def attribute(group, name, value):
                if isinstance(value, (str, bytes)):
                    data, kind = fixed(value)
                    space = h5py.h5s.create(h5py.h5s.SCALAR)
                    made = h5py.h5a.create(group.id, name.encode(), kind, space)
                    made.write(numpy.array(data, dtype=f"S{max(1, len(data))}"), kind)
                else:
                    group.attrs.create(name, value)

            def texts(group, name, values, scalar=False):
                width = max([len(value.encode()) for value in values] + [1])
                kind = fixed("x" * width)[1]
                space = h5py.h5s.create(h5py.h5s.SCALAR) if scalar else h5py.h5s.create_simple((len(values),))
                made = h5py.h5d.create(group.id, name.encode(), kind, space)
                data = numpy.array([value.encode() for value in values], dtype=f"S{width}")
                made.write(h5py.h5s.ALL, h5py.h5s.ALL, data[0:1] if scalar else data, kind)

            for name, value in self.root.items():
                attribute(file, name, numpy.uint64(value) if isinstance(value, (int, numpy.integer)) else value)
            texts(file, "config", [self.config], scalar=True)
            ledger = file.create_group("ledger", track_order=True)
            rows, head = self.rows()
            attribute(ledger, "neighbours", self.neighbours)
            attribute(ledger, "head", head)
            texts(ledger, "event", self.events)
            ledger.create_dataset("count", data=numpy.array(self.counts, dtype="<u8"))
            texts(ledger, "digest", rows)
            claim = file.create_group("claim", track_order=True)
            for name, value in self.claim.items():
                attribute(claim, name, value if isinstance(value, str) else numpy.float64(value))
            weights = file.create_group("weights", track_order=True)
            for name, value in self.weights.items():
                weights.create_dataset(name, data=numpy.ascontiguousarray(value, "<f4"))
            group = file.create_group("digests", track_order=True)
            for name, value in self.digests().items():
                attribute(group, name, value)
            if extra:
                extra(file, attribute)


def replace(file, name, **how):
    value = file["weights"][name][()]
    del file["weights"][name]
    file["weights"].create_dataset(name, data=value, **how)


def main(source, target, what):
    model = Model(source)
    first = next(iter(model.weights))
    extra = None
    if what == "epsilon":
        model.claim["epsilon"] = 0.5
    elif what == "noise":
        model.events = [re.sub("noise_multiplier: [0-9.]+", "noise_multiplier: 7.5", event) for event in model.events]
        model.claim["epsilon"] = 0.1
    elif what == "cut":
        model.counts, model.claim["epsilon"] = [1], 1.0
        model.root.update(steps=1, ending="stopped_independently")
    elif what == "origin":
        model.root.update(initial_weights="public_data")
    elif what == "comment":
        model.config = "# epsilon 0.3, checked by an expert\n" + model.config
    elif what == "extra_dataset":
        extra = lambda file, attribute: file.create_dataset("note", data=numpy.zeros(3))
    elif what == "extra_attribute":
        extra = lambda file, attribute: attribute(file["claim"], "true_epsilon", numpy.float64(0.1))
    elif what == "extra_group":
        extra = lambda file, attribute: file.create_group("PASSED")
    elif what == "after_nul":
        model.root["unit"] = model.root["unit"].encode() + b"\0PASSED: epsilon 0.1"
    elif what in ("float64", "big_endian", "chunks"):
        how = {"float64": {"dtype": "<f8"}, "big_endian": {"dtype": ">f4"},
               "chunks": {"chunks": True, "compression": "gzip"}}[what]
        extra = lambda file, attribute: replace(file, first, **how)
    elif what == "soft_link":
        extra = lambda file, attribute: file["weights"].__setitem__("x", h5py.SoftLink("/weights/" + first))
    elif what == "external_link":
        extra = lambda file, attribute: file["weights"].__setitem__("x", h5py.ExternalLink("/etc/passwd", "/"))
    elif what == "external_storage":
        def extra(file, attribute):
            shape = file["weights"][first].shape
            del file["weights"][first]
            file["weights"].create_dataset(first, shape=shape, dtype="<f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])
    elif what == "noise_key":
        model.root["noise_key"] = "trust me\n\nPASSED"
    elif what == "unit_with_escapes":
        model.root["unit"] = "row\033[2K\nPASSED: fake"
    elif what.startswith(("version_", "steps_")):
        name, number = what.split("_")
        def extra(file, attribute):
            name_of = {"version": "format_version", "steps": "steps"}[name]
            del file.attrs[name_of]
            attribute(file, name_of, numpy.float64(number))
    elif what not in ("nothing", "trailing"):
        raise SystemExit(f"no cheat is called {what}")
    if isinstance(model.root["unit"], bytes):
        kept, model.root["unit"] = model.root["unit"], model.root["unit"].split(b"\0")[0].decode()
        digests = model.digests()
        model.digests, model.root["unit"] = (lambda: digests), kept
    model.write(target, extra)
    if what == "trailing":
        with open(target, "ab") as file:
            file.write(b"PASSED")


if __name__ == "__main__":
    main(*sys.argv[1:])
