"""What each word of dpml's schema is in PyTorch: modules on values [1, ...] whose channels come last."""

import math

import torch
from torch import nn
from torch.nn import functional


class RowMajorGradient(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        return x.view_as(x)

    @staticmethod
    def backward(context, dy):
        return dy.contiguous()


class ChannelsLast:
    """Before a module of PyTorch that wants channels first. Values and gradients lie row-major in memory: PyTorch 2.15.0 computes
    wrong gradients of instance_norm and batch_norm when that of the result lies channels last."""

    def forward(self, x):
        return RowMajorGradient.apply(super().forward(x.movedim(-1, 1).contiguous())).movedim(1, -1)


def channels_last(module):
    return type(module.__name__, (ChannelsLast, module), {})


Conv1d, Conv2d = channels_last(nn.Conv1d), channels_last(nn.Conv2d)
ConvTranspose1d, ConvTranspose2d = channels_last(nn.ConvTranspose1d), channels_last(nn.ConvTranspose2d)
MaxPool1d, MaxPool2d = channels_last(nn.MaxPool1d), channels_last(nn.MaxPool2d)
AvgPool1d, AvgPool2d = channels_last(nn.AvgPool1d), channels_last(nn.AvgPool2d)
AdaptiveAvgPool1d, AdaptiveAvgPool2d = channels_last(nn.AdaptiveAvgPool1d), channels_last(nn.AdaptiveAvgPool2d)
AdaptiveMaxPool1d, AdaptiveMaxPool2d = channels_last(nn.AdaptiveMaxPool1d), channels_last(nn.AdaptiveMaxPool2d)
GroupNorm = channels_last(nn.GroupNorm)
InstanceNorm1d, InstanceNorm2d = channels_last(nn.InstanceNorm1d), channels_last(nn.InstanceNorm2d)
PReLU = channels_last(nn.PReLU)


class Function(nn.Module):
    """A function of the values, without weights."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *x):
        return self.function(*x)


class BatchNormOfConstants(nn.Module):
    """Evaluation of BatchNorm2d. Its weights are never trained."""

    def __init__(self, channels, epsilon):
        super().__init__()
        self.epsilon = epsilon
        for name in ("weight", "bias", "running_mean", "running_var"):
            setattr(self, name, nn.Parameter(torch.ones(channels), requires_grad=False))

    def forward(self, x):
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, False, 0, self.epsilon
        )


FrozenBatchNorm = channels_last(BatchNormOfConstants)


class EmbeddingBag(nn.EmbeddingBag):
    """For indices [..., T]; PyTorch's takes [B, T]."""

    def forward(self, x):
        return super().forward(x.reshape(-1, x.shape[-1])).reshape(*x.shape[:-1], -1)


class LearnedPositions(nn.Module):
    def __init__(self, positions, features):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(positions, features))

    def forward(self, x):
        return x + self.weight[: x.shape[1]]


def sinusoidal_positions(x):  # Vaswani et al. 2017, section 3.5
    features = x.shape[2]
    waves = torch.zeros(x.shape[1:], dtype=torch.float64)
    for t in range(x.shape[1]):
        for i in range(features):
            angle = t / 10000 ** (i // 2 * 2 / features)
            waves[t, i] = math.cos(angle) if i % 2 else math.sin(angle)
    return x + waves.to(x.dtype)


class MultiheadAttention(nn.MultiheadAttention):
    def __init__(self, features, heads, causal, bias):
        super().__init__(features, heads, bias=bias, batch_first=True)
        self.causal = causal

    def forward(self, x):
        return super().forward(x, x, x, need_weights=False, attn_mask=mask_of(x) if self.causal else None)[0]


def mask_of(x):
    return nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype)


class GroupedAttention(nn.Module):
    """Several heads of queries for each of keys and values, rotary positions (complex products): what MultiheadAttention
    has not, composed of PyTorch's scaled_dot_product_attention."""

    def __init__(self, features, heads, kv_heads, causal, rotary):
        super().__init__()
        self.width, self.causal, self.rotary = features // heads, causal, rotary
        self.rows = [features, kv_heads * self.width, kv_heads * self.width]  # of queries, keys, values
        if kv_heads == heads:
            self.in_proj_weight = nn.Parameter(torch.empty(sum(self.rows), features))
        else:
            for name, rows in zip("qkv", self.rows):
                setattr(self, f"{name}_proj_weight", nn.Parameter(torch.empty(rows, features)))
        self.in_proj_bias = nn.Parameter(torch.empty(sum(self.rows)))
        self.out_proj = nn.Linear(features, features)

    def turned(self, x):  # [1, heads, T, width]
        if not self.rotary:
            return x
        frequencies = 10000.0 ** (-torch.arange(0, self.width, 2, dtype=torch.float64) / self.width)
        angles = torch.outer(torch.arange(x.shape[2], dtype=torch.float64), frequencies).to(x.dtype)
        pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2).contiguous())
        return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)

    def forward(self, x):
        if hasattr(self, "in_proj_weight"):
            weight = self.in_proj_weight
        else:
            weight = torch.cat([self.q_proj_weight, self.k_proj_weight, self.v_proj_weight])
        parts = functional.linear(x, weight, self.in_proj_bias).split(self.rows, dim=-1)
        q, k, v = (part.unflatten(-1, (-1, self.width)).transpose(1, 2) for part in parts)
        y = functional.scaled_dot_product_attention(
            self.turned(q), self.turned(k), v, is_causal=self.causal, enable_gqa=True
        )
        return self.out_proj(y.transpose(1, 2).flatten(2))


class TransformerEncoderLayer(nn.TransformerEncoderLayer):
    def __init__(self, features, heads, inner, activation, norm_first, causal):
        super().__init__(
            features, heads, inner, dropout=0.0, activation=activation, batch_first=True, norm_first=norm_first
        )
        self.causal = causal

    def forward(self, x):
        return super().forward(x, src_mask=mask_of(x) if self.causal else None)


class GatedEncoderLayer(nn.Module):
    """With SwiGLU and grouped queries, which PyTorch's layer has not (Touvron et al. 2023), norms first."""

    def __init__(self, features, heads, kv_heads, inner):
        super().__init__()
        self.self_attn = GroupedAttention(features, heads, kv_heads, causal=True, rotary=True)
        self.linear1 = nn.Linear(features, inner)
        self.linear2 = nn.Linear(inner, features)
        self.linear3 = nn.Linear(features, inner)
        self.norm1 = nn.LayerNorm(features)
        self.norm2 = nn.LayerNorm(features)

    def forward(self, x):
        x = x + self.self_attn(self.norm1(x))
        y = self.norm2(x)
        return x + self.linear2(functional.silu(self.linear1(y)) * self.linear3(y))


class Recurrent(nn.Module):
    """All states of nn.RNN, nn.LSTM or nn.GRU, or h_n of the last layer; its parameters under their own names."""

    def __init__(self, layer, last):
        super().__init__()
        self.unnamed, self.last = layer, last

    def forward(self, x):
        states, h = self.unnamed(x)
        if not self.last:
            return states
        h = h[0] if isinstance(h, tuple) else h
        return torch.cat([h[-2], h[-1]], dim=-1) if self.unnamed.bidirectional else h[-1]


class Lora(nn.Module):
    """layer(x) + scale * B A x; the layer's own weights are not trained (Hu et al. 2021)."""

    def __init__(self, layer, down, rank, outputs, scale):
        super().__init__()
        self.unnamed, self.lora_A, self.scale = layer, down, scale
        self.lora_B = nn.Linear(rank, outputs, bias=False)
        for parameter in layer.parameters():
            parameter.requires_grad_(False)

    def forward(self, x):
        return self.unnamed(x) + self.scale * self.lora_B(self.lora_A(x))


class Residual(nn.Module):
    def __init__(self, body, shortcut):
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x):
        return self.body(x) + (x if self.shortcut is None else self.shortcut(x))
