#!/usr/bin/env python3
"""Makes golden files: random networks, computed by PyTorch one sample at a time. README.md says what the fields are. Needs PyTorch 2.5
or later; the tests only read the files.

usage: make_golden.py [--networks N] [--seed FIRST] [--folder FOLDER]    (without arguments those of this folder)
"""

import argparse
import collections
import copy
import fnmatch
import json
import pathlib
import random

import torch
from torch.nn import functional

from drawing import DoesNotFit, Drawing

FOLDER = pathlib.Path(__file__).resolve().parent
NETWORKS, SAMPLES = 120, 4
LOSSES = ["cross_entropy", "mean_squared_error", "binary_cross_entropy", "huber", "cosine"]
# A network is drawn again where float32 is no use, a gradient is out of proportion, or one is clipped by a hair.
WORST_FLOAT32, SHORTEST, LONGEST, HAIR = 5e-5, 1e-3, 1e2, 0.02

STEP = 1e-6  # of differences


class DrawAgain(Exception):
    pass


def short(tensor):
    """The nearest numbers of three decimals, as float32 has them, in float64."""
    return (tensor.double() * 1000).round().div(1000).float().double()


def fill(graph, generator):
    def normal(shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    def uniform(shape):
        return torch.rand(shape, generator=generator, dtype=torch.float64)

    with torch.no_grad():
        for name, parameter in graph.weights():
            if parameter.dim() > 1:
                numbers = normal(parameter.shape) / (parameter.numel() / parameter.shape[0]) ** 0.5
            elif name.endswith("running_var") or name.endswith("weight"):
                numbers = 0.6 + 0.8 * uniform(parameter.shape)
            else:
                numbers = 0.3 * normal(parameter.shape)
            parameter.copy_(short(numbers))
        for module in graph.modules():
            if getattr(module, "padding_idx", None) is not None:
                module.weight[module.padding_idx] = 0


def loss_of(loss, options, prediction, labels):
    """Of one sample, its batch axis included."""
    if loss == "cross_entropy":  # classes come second in PyTorch
        return functional.cross_entropy(prediction.movedim(-1, 1), labels, **options)
    if loss == "mean_squared_error":
        return functional.mse_loss(prediction, labels)
    if loss == "binary_cross_entropy":
        return functional.binary_cross_entropy_with_logits(prediction, labels)
    if loss == "huber":
        return functional.huber_loss(prediction, labels, **options)
    return (1 - functional.cosine_similarity(prediction, labels, dim=-1)).mean()


def passes(graph, loss, options, inputs, labels, trained, dtype):
    """(predictions, losses, gradients by sample and weight), one sample at a time; nothing but plain autograd."""
    graph = copy.deepcopy(graph).to(dtype)
    weights = dict(graph.weights())
    for name, parameter in weights.items():
        parameter.requires_grad_(name in trained)
    cast = lambda x: x.to(dtype) if x.is_floating_point() else x  # noqa: E731
    predictions, losses, gradients = [], [], []
    for b in range(SAMPLES):
        prediction = graph(cast(inputs[b : b + 1]))
        loss_of_sample = loss_of(loss, options, prediction, cast(labels[b : b + 1]))
        found = torch.autograd.grad(loss_of_sample, [weights[name] for name in trained], allow_unused=True)
        predictions.append(prediction[0].detach())
        losses.append(loss_of_sample.item())
        gradients.append({
            name: torch.zeros_like(weights[name]) if gradient is None else gradient
            for name, gradient in zip(trained, found)
        })  # fmt: skip
    return predictions, losses, gradients


def check(graph, loss, options, inputs, labels, trained, gradients):
    """PyTorch's gradients against central differences of its losses, along a random direction."""
    generator = torch.Generator().manual_seed(1)
    weights = dict(graph.weights())
    direction = {name: torch.randn(weights[name].shape, generator=generator, dtype=torch.float64) for name in trained}
    for module in graph.modules():
        if getattr(module, "padding_idx", None) is not None:
            for name in trained:
                if weights[name] is module.weight:  # does not count
                    direction[name][module.padding_idx] = 0
    losses = []
    for step in (-STEP, 0, STEP):
        moved = copy.deepcopy(graph)
        with torch.no_grad():
            for name, parameter in moved.weights():
                if name in trained:
                    parameter += step * direction[name]
        losses.append(passes(moved, loss, options, inputs, labels, trained, torch.float64)[1])
    for b, gradient in enumerate(gradients):
        claimed = sum((gradient[name] * direction[name]).sum().item() for name in trained)
        left, right = (losses[1][b] - losses[0][b]) / STEP, (losses[2][b] - losses[1][b]) / STEP
        limit = 1e-4 * length(gradient) * length(direction)
        if abs(left - right) > limit:
            raise DrawAgain("a sample lies on a kink")  # two windows with the same tokens, for example
        if abs(claimed - (left + right) / 2) > limit:
            raise RuntimeError(f"sample {b}: PyTorch's gradient gives {claimed}, not {left} to {right}: {graph.text()}")


def length(gradient):
    return sum((part.double() ** 2).sum() for part in gradient.values()).sqrt().item()


def distance(a, b):
    return length({name: a[name].double() - b[name].double() for name in a})


def bound_between(norms):
    """In the widest gap that leaves a sample or more on either side."""
    ordered = sorted(norms)
    below, above = max(zip(ordered, ordered[1:]), key=lambda gap: gap[1] / gap[0])
    bound = float("%.4g" % ((below * above) ** 0.5))
    if any(abs(norm / bound - 1) < HAIR for norm in norms):
        raise DrawAgain("a gradient is clipped by a hair")
    return bound


def clipped_sum(gradients, bound):
    factors = [min(1.0, bound / length(gradient)) for gradient in gradients]
    return {name: sum(f * g[name].double() for f, g in zip(factors, gradients)) for name in gradients[0]}


def numbers(tensor, digits):
    return [float(f"%.{digits}g" % x) for x in tensor.flatten().tolist()]


def trained_part(graph, loss, options, inputs, labels, trained):
    _, _, exact = passes(graph, loss, options, inputs, labels, trained, torch.float64)
    _, _, rounded = passes(graph, loss, options, inputs, labels, trained, torch.float32)
    norms = [length(gradient) for gradient in exact]
    if min(norms) < SHORTEST or max(norms) > LONGEST:
        raise DrawAgain(f"gradients of lengths {norms}")
    check(graph, loss, options, inputs, labels, trained, exact)
    bound = bound_between(norms)
    total, rounded_total = clipped_sum(exact, bound), clipped_sum(rounded, bound)
    distances = [distance(a, b) / norm for a, b, norm in zip(exact, rounded, norms)]
    of_sum = distance(total, rounded_total) / length(total)
    if max(distances + [of_sum]) > WORST_FLOAT32:
        raise DrawAgain(f"float32 is {max(distances + [of_sum])} away")
    parts = []
    for name in trained:
        own = length({name: total[name]})
        apart = distance({name: total[name]}, {name: rounded_total[name]})
        # Some are 0 on paper, such as that of a bias of keys.
        float32 = float("%.2g" % (apart / own)) if own > 1e-9 * length(total) else 1.0
        parts.append({"name": name, "float32": float32, "values": numbers(total[name], 7)})
    return {
        "norms": [float("%.12g" % norm) for norm in norms],
        "float32_norms": [float("%.2g" % one) for one in distances],
        "clip_bound": bound,
        "float32_sum": float("%.2g" % of_sum),
        "clipped_sum": parts,
    }


def subset_of(r, weights):
    """(patterns, names that fit one) of some weights; None where there are too few."""
    frozen = {name for name, parameter in weights if not parameter.requires_grad and not adapted(name, weights)}
    names = [name for name, _ in weights]
    candidates = {name for name in names}
    candidates |= {name.split(".")[0] + ".*" for name in names} | {"*." + name.split(".")[-1] for name in names}
    fits = {pattern: {name for name in names if fnmatch.fnmatchcase(name, pattern)} for pattern in sorted(candidates)}
    usable = [pattern for pattern in fits if not fits[pattern] & frozen]
    for _ in range(20):
        patterns = r.sample(usable, min(len(usable), r.randint(1, 3)))
        chosen = set().union(*(fits[pattern] for pattern in patterns))
        by_default = {name for name, parameter in weights if parameter.requires_grad}
        if chosen and chosen != by_default and len(chosen) < len(names):
            return patterns, [name for name in names if name in chosen]
    return None


def adapted(name, weights):
    """Whether `lora` keeps this weight, which a pattern may train all the same."""
    return any(other.rpartition(".lora_A")[0] == name.rpartition(".")[0] for other, _ in weights if ".lora_A" in other)


def labels_for(loss, options, prediction, generator):
    shape = prediction.shape[1:]
    if loss == "cross_entropy":
        return torch.randint(shape[-1], (SAMPLES, *shape[:-1]), generator=generator)
    if loss == "binary_cross_entropy":
        return torch.randint(2, (SAMPLES, *shape), generator=generator).double()
    return short(torch.randn(SAMPLES, *shape, generator=generator, dtype=torch.float64))


def make(seed, counts):
    r = random.Random(seed)
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    sample, vocabulary, graph, loss = Drawing(r, counts).network(LOSSES[seed % len(LOSSES)])
    options = {}
    if loss == "cross_entropy" and r.random() < 0.5:
        options = {"label_smoothing": 0.1}
    if loss == "huber":
        options = {"delta": 0.7}
    graph.double()
    fill(graph, generator)
    if vocabulary:
        inputs = torch.randint(vocabulary, (SAMPLES, *sample), generator=generator)
        inputs[0].flatten()[:2] = inputs[0].flatten()[-1]  # a token that comes again
    else:
        scale = torch.tensor([0.3, 1.0, 2.0, 0.7], dtype=torch.float64).reshape(SAMPLES, *[1] * len(sample))
        inputs = short(scale * torch.randn(SAMPLES, *sample, generator=generator, dtype=torch.float64))
    labels = labels_for(loss, options, graph(inputs[:1]), generator)
    weights = graph.weights()
    by_default = [name for name, parameter in weights if parameter.requires_grad]
    predictions, losses, _ = passes(graph, loss, options, inputs, labels, by_default, torch.float64)
    golden = {
        "provenance": f"tests/networks/golden/make_golden.py, PyTorch {torch.__version__}, float64, seed {seed}",
        "model": graph.lines(),
        "sample_shape": list(sample),
        "loss": {"kind": loss, **options},
        "inputs": numbers(inputs, 9),
        "labels": {"shape": list(labels.shape), "values": numbers(labels, 9)},
        "weights": [
            {"name": name, "shape": list(p.shape), "values": [round(x, 3) for x in p.flatten().tolist()]}
            for name, p in weights
        ],
        "predictions": {"shape": [SAMPLES, *predictions[0].shape], "values": numbers(torch.stack(predictions), 9)},
        "losses": [float("%.10g" % one) for one in losses],
        "all": trained_part(graph, loss, options, inputs, labels, by_default),
    }
    subset = subset_of(r, weights)
    if subset is not None:
        patterns, names = subset
        part = trained_part(graph, loss, options, inputs, labels, names)
        golden["subset"] = {"trainable": patterns, **part}
    return golden, graph.words()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", type=int, default=NETWORKS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=pathlib.Path, default=FOLDER)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for old in arguments.folder.glob("network_*.json"):
        old.unlink()
    counts, covered = collections.Counter(), collections.Counter()
    seed, made = arguments.seed, 0
    while made < arguments.networks:
        before = counts.copy()
        try:
            golden, words = make(seed, counts)
        except (DrawAgain, DoesNotFit) as reason:
            print(f"seed {seed}: drawn again: {reason}")
            counts = before
        else:
            made += 1
            covered.update(words)
            with open(arguments.folder / f"network_{made:03}.json", "w", encoding="ascii") as file:
                rows = ",\n".join(f'"{name}": {json.dumps(golden[name], separators=(",", ":"))}' for name in golden)
                file.write("{\n" + rows + "\n}\n")
        seed += 1
    print(sorted(covered.items(), key=lambda item: item[1]))


if __name__ == "__main__":
    main()
