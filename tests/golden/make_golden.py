#!/usr/bin/python3
"""Makes the golden files of this folder: DP-SGD steps of small models, computed by PyTorch.

Everything is computed in float64 from inputs and initial weights that are float32 numbers, sample by sample with plain
autograd, so that no code of PyTorch that knows about per-sample gradients takes part. README.md says what the fields
are. Needs Debian's python3-torch; the tests only read the files.
"""

import json
import pathlib

import torch
from torch import nn

FOLDER = pathlib.Path(__file__).resolve().parent
STEPS = 3

# Field by field dpml's OptimizerOptions.
OPTIMIZERS = [
    {"kind": "sgd", "learning_rate": 0.25, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0},
    {"kind": "sgd", "learning_rate": 0.25, "momentum": 0.8, "nesterov": True, "weight_decay": 0.05},
    {"kind": "adam", "learning_rate": 0.02, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3, "weight_decay": 0.1},
    {"kind": "adamw", "learning_rate": 0.02, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-3, "weight_decay": 0.5},
]


class Residual(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return self.body(x) + x


class MeanOverPositions(nn.Module):
    def forward(self, x):  # [B, T, features]
        return x.mean(dim=1)


def mlp():
    model = nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 7), nn.ReLU(), nn.Linear(7, 4))
    inputs = torch.randn(8, 6) * torch.logspace(-1, 0.5, 8).reshape(8, 1)  # short and long gradients
    return model, inputs, torch.randint(4, (8,)), "cross_entropy"


def cnn():
    model = nn.Sequential(
        nn.Conv2d(2, 6, kernel_size=(3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
        nn.GroupNorm(3, 6),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.Conv2d(6, 8, kernel_size=3, padding=1, groups=2),
        nn.GroupNorm(2, 8),
        nn.Tanh(),
        nn.AvgPool2d(2, stride=2, padding=1),
        nn.Flatten(),
        nn.Linear(32, 5),
    )
    with torch.no_grad():  # the defaults, ones and zeros, would hide a mistake
        for index in (1, 5):
            model[index].weight.uniform_(0.5, 1.5)
            model[index].bias.uniform_(-0.5, 0.5)
    return model, torch.randn(7, 2, 9, 8), torch.randint(5, (7,)), "cross_entropy"


def embedding():
    model = nn.Sequential(
        nn.Embedding(11, 5), nn.LayerNorm(5), nn.Linear(5, 8), nn.GELU(), MeanOverPositions(), nn.Linear(8, 3)
    )
    with torch.no_grad():
        model[1].weight.uniform_(0.5, 1.5)
        model[1].bias.uniform_(-0.5, 0.5)
    inputs = torch.randint(11, (6, 7))
    inputs[0] = 4  # one token only
    inputs[1, :4] = inputs[1, 4]
    return model, inputs, torch.randint(2, (6, 3)), "binary_cross_entropy"


def regression():
    model = nn.Sequential(nn.Linear(4, 6), Residual(nn.Sequential(nn.Linear(6, 6), nn.Sigmoid())), nn.Linear(6, 2))
    return model, torch.randn(5, 4), torch.randn(5, 2), "mean_squared_error"


LOSSES = {
    "cross_entropy": nn.functional.cross_entropy,
    "binary_cross_entropy": lambda x, y: nn.functional.binary_cross_entropy_with_logits(x, y.to(x.dtype)),
    "mean_squared_error": nn.functional.mse_loss,
}


def per_sample_gradients(model, inputs, labels, loss):
    """For each sample its loss and its gradients, one for each parameter; nothing but plain autograd."""
    losses, gradients = [], []
    for index in range(len(inputs)):
        value = LOSSES[loss](model(inputs[index : index + 1]), labels[index : index + 1])
        gradients.append(torch.autograd.grad(value, list(model.parameters())))
        losses.append(value.item())
    return losses, gradients


def norm(gradient):
    return torch.sqrt(sum((part**2).sum() for part in gradient)).item()


def clipped_sum(gradients, clip_bound):
    factors = [min(1.0, clip_bound / norm(gradient)) for gradient in gradients]
    return [sum(f * part for f, part in zip(factors, parts)) for parts in zip(*gradients)]


def make_optimizer(model, options):
    shared = {"lr": options["learning_rate"], "weight_decay": options["weight_decay"]}
    if options["kind"] == "sgd":
        return torch.optim.SGD(
            model.parameters(), momentum=options["momentum"], nesterov=options["nesterov"], **shared
        )
    kind = torch.optim.Adam if options["kind"] == "adam" else torch.optim.AdamW
    return kind(model.parameters(), betas=(options["beta1"], options["beta2"]), eps=options["epsilon"], **shared)


def train(model, initial, inputs, labels, loss, clip_bound, expected_batch_size, options):
    """The weights after STEPS steps of full-batch DP-SGD without noise."""
    model.load_state_dict(initial)
    optimizer = make_optimizer(model, options)
    for _ in range(STEPS):
        _, gradients = per_sample_gradients(model, inputs, labels, loss)
        for parameter, total in zip(model.parameters(), clipped_sum(gradients, clip_bound)):
            parameter.grad = total / expected_batch_size
        optimizer.step()
    return {name: value.detach().clone() for name, value in model.named_parameters()}


def as_json(tensor, digits):
    return {"shape": list(tensor.shape), "values": [float(f"%.{digits}g" % x) for x in tensor.flatten().tolist()]}


def named_json(names, tensors, digits):
    return [{"name": name, **as_json(tensor, digits)} for name, tensor in zip(names, tensors)]


def make(seed, build):
    torch.manual_seed(seed)
    model, inputs, labels, loss = build()
    if inputs.is_floating_point():
        inputs = inputs.to(torch.float32).to(torch.float64)
    if labels.is_floating_point():
        labels = labels.to(torch.float32).to(torch.float64)
    model.to(torch.float32).to(torch.float64)
    initial = {name: value.clone() for name, value in model.state_dict().items()}
    names = [name for name, _ in model.named_parameters()]

    losses, gradients = per_sample_gradients(model, inputs, labels, loss)
    norms = [norm(gradient) for gradient in gradients]
    # In the widest gap that leaves two samples or more on either side: none is clipped by a hair.
    ordered = sorted(norms)
    gaps = list(zip(ordered, ordered[1:]))[1:-1]
    below, above = max(gaps, key=lambda gap: gap[1] / gap[0])
    clip_bound = float("%.4g" % ((below * above) ** 0.5))
    assert all(abs(value / clip_bound - 1) > 0.01 for value in norms), norms
    expected_batch_size = len(inputs) - 1.5  # not the real one
    runs = []
    for options in OPTIMIZERS:
        weights = train(model, initial, inputs, labels, loss, clip_bound, expected_batch_size, options)
        runs.append({"optimizer": options, "steps": STEPS, "weights": named_json(names, weights.values(), 10)})
    return {
        "provenance": f"tests/golden/make_golden.py, PyTorch {torch.__version__}, float64, seed {seed}",
        "loss": loss,
        "inputs": as_json(inputs, 9),
        "labels": as_json(labels, 9),
        "initial_weights": named_json(names, (initial[name] for name in names), 9),
        "losses": [float("%.10g" % value) for value in losses],
        "gradient_norms": [float("%.10g" % value) for value in norms],
        "gradient_sum": named_json(names, [sum(parts) for parts in zip(*gradients)], 10),
        "clip_bound": clip_bound,
        "clipped_sum": named_json(names, clipped_sum(gradients, clip_bound), 10),
        "expected_batch_size": expected_batch_size,
        "runs": runs,
    }


def main():
    torch.set_num_threads(1)
    for seed, build in enumerate((mlp, cnn, embedding, regression), start=1):
        path = FOLDER / f"{build.__name__}.json"
        text = json.dumps(make(seed, build), separators=(",", ":"))
        path.write_text(text.replace('],"', '],\n"').replace('},{"', '},\n{"') + "\n")


if __name__ == "__main__":
    main()
