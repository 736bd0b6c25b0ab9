#!/usr/bin/env python3
"""Makes the golden files of this folder: results and gradients of PyTorch's own sequence layers.

Computed in float64 from inputs and weights that are float32 numbers, one sample at a time with plain autograd. Needs
PyTorch 2.5 or later (made with 2.15.0, CPU); the tests only read the files, which README.md describes.
"""

import pathlib

import torch
from torch import nn
from torch.nn import functional

FOLDER = pathlib.Path(__file__).resolve().parent
BATCH, POSITIONS = 2, 5


class SelfAttention(nn.MultiheadAttention):
    def __init__(self, *arguments, causal=False, **options):
        super().__init__(*arguments, batch_first=True, **options)
        self.causal = causal

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype) if self.causal else None
        return super().forward(x, x, x, need_weights=False, attn_mask=mask)[0]


class GroupedRotaryAttention(nn.Module):
    """Grouped queries by PyTorch's scaled_dot_product_attention; rotary positions as complex products, which is how the
    authors of LLaMA write them."""

    def __init__(self, features, heads, kv_heads):
        super().__init__()
        self.heads, self.kv_heads, self.width = heads, kv_heads, features // heads
        self.q_proj_weight = nn.Parameter(torch.empty(features, features))
        self.k_proj_weight = nn.Parameter(torch.empty(kv_heads * self.width, features))
        self.v_proj_weight = nn.Parameter(torch.empty(kv_heads * self.width, features))
        self.in_proj_bias = nn.Parameter(torch.empty(features + 2 * kv_heads * self.width))
        self.out_proj = nn.Linear(features, features)

    def turned(self, x):  # [B, heads, T, width]
        frequencies = 10000.0 ** (-torch.arange(0, self.width, 2, dtype=x.dtype) / self.width)
        angles = torch.outer(torch.arange(x.shape[2], dtype=x.dtype), frequencies)
        pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2).contiguous())
        return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)

    def forward(self, x):
        weight = torch.cat([self.q_proj_weight, self.k_proj_weight, self.v_proj_weight])
        qkv = functional.linear(x, weight, self.in_proj_bias)
        q, k, v = qkv.split([w.shape[0] for w in (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)], dim=-1)
        q, k, v = (part.unflatten(-1, (-1, self.width)).transpose(1, 2) for part in (q, k, v))
        y = functional.scaled_dot_product_attention(self.turned(q), self.turned(k), v, is_causal=True, enable_gqa=True)
        return self.out_proj(y.transpose(1, 2).flatten(2))


class States(nn.Module):
    """All states of a recurrent layer, its parameters under their own names."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0]


class LastStates(States):
    """h_n of the last layer, both directions."""

    def forward(self, x):
        h = self.layer(x)[1]
        h = h[0] if isinstance(h, tuple) else h
        return torch.cat([h[-2], h[-1]], dim=-1)


def encoder(**options):
    return nn.TransformerEncoderLayer(6, 2, dim_feedforward=7, dropout=0.0, batch_first=True, **options).train()


TWO = {"num_layers": 2, "bidirectional": True, "batch_first": True}
CASES = {  # name: features of the input, model
    "attention": (6, lambda: SelfAttention(6, 2)),
    "attention_causal_no_bias": (6, lambda: SelfAttention(6, 3, bias=False, causal=True)),
    "attention_grouped_rotary": (8, lambda: GroupedRotaryAttention(8, 4, 2)),
    "transformer_relu": (6, lambda: encoder()),
    "transformer_gelu_norm_first": (6, lambda: encoder(activation="gelu", norm_first=True, layer_norm_eps=1e-3)),
    "rnn": (3, lambda: States(nn.RNN(3, 4, **TWO))),
    "rnn_relu": (3, lambda: States(nn.RNN(3, 4, nonlinearity="relu", bias=False, batch_first=True))),
    "lstm": (3, lambda: States(nn.LSTM(3, 4, **TWO))),
    "lstm_last": (3, lambda: LastStates(nn.LSTM(3, 4, **TWO))),
    "gru": (3, lambda: States(nn.GRU(3, 4, **TWO))),
    "gru_last": (3, lambda: LastStates(nn.GRU(3, 4, **TWO))),
}


def line(name, tensor, digits):
    numbers = " ".join(f"{value:.{digits}g}" for value in tensor.flatten().tolist())
    return f"{name} {tensor.dim()} {' '.join(str(axis) for axis in tensor.shape)} {numbers}\n"


def write(name, features, make):
    torch.manual_seed(5)
    model = make().double()
    with torch.no_grad():  # float32 numbers; the defaults, ones and zeros, would hide a mistake
        for parameter in model.parameters():
            parameter.copy_((0.5 * torch.randn(parameter.shape)).float().double())
    parameters = [(n.removeprefix("layer."), p) for n, p in model.named_parameters()]
    x = torch.randn(BATCH, POSITIONS, features).float().double()
    c = None
    results, gradients = [], {n: [] for n in ["x"] + [n for n, _ in parameters]}
    for b in range(BATCH):
        sample = x[b : b + 1].clone().requires_grad_()
        y = model(sample)
        if c is None:
            c = torch.randn(BATCH, *y.shape[1:]).float().double()
        of_sample = torch.autograd.grad((c[b] * y[0]).sum(), [sample] + [p for _, p in parameters])
        results.append(y[0].detach())
        gradients["x"].append(of_sample[0][0])
        for (n, _), gradient in zip(parameters, of_sample[1:]):
            gradients[n].append(gradient)
    with open(FOLDER / f"{name}.txt", "w", encoding="ascii") as file:
        file.write(line("x", x, 9) + line("c", c, 9) + line("y", torch.stack(results), 8))
        for n, p in parameters:
            file.write(line("parameter:" + n, p.detach(), 9))
        for n, of_samples in gradients.items():
            file.write(line("gradient:" + n, torch.stack(of_samples), 8))


if __name__ == "__main__":
    for name, (features, make) in CASES.items():
        write(name, features, make)
