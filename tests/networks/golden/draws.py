"""Random options of each word of dpml's schema, as text and in PyTorch. A function takes a generator and the shape of a sample, and
returns (options, module), or None where the word does not fit the shape."""

from torch import nn

import layers

MODES = {"ZEROS": "zeros", "REFLECT": "reflect", "REPLICATE": "replicate", "CIRCULAR": "circular"}


def stated(**options):
    """Options in the text format; what is None is left out."""

    def text(value):
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, (list, tuple)):
            return "[" + ", ".join(str(one) for one in value) + "]"
        return str(value)

    return " ".join(f"{name}: {text(value)}" for name, value in options.items() if value is not None)


def linear(r, shape):
    out, bias = r.randint(2, 6), r.random() < 0.8
    return stated(out=out, bias=None if bias else False), nn.Linear(shape[-1], out, bias=bias)


def divisor(r, *numbers):
    return r.choice([d for d in range(1, min(numbers) + 1) if all(n % d == 0 for n in numbers)])


def convolution(r, shape, module):
    axes = len(shape) - 1
    kernel = [r.randint(1, min(3, n)) for n in shape[:-1]]
    out = r.choice([2, 4, 6])
    mode = r.choice(list(MODES))
    same = r.random() < 0.4
    dilation = [r.choice([1, 1, 2]) if 2 * (k - 1) < n else 1 for k, n in zip(kernel, shape)]
    stride = [1] * axes if same else [r.randint(1, 2) for _ in range(axes)]
    padding = [0] * axes if same else [r.randint(0, min(2, n - 1)) for n in shape[:-1]]
    groups, bias = divisor(r, shape[-1], out), r.random() < 0.7
    one = axes == 1
    options = stated(
        out_channels=out,
        kernel=kernel[0] if one else kernel,
        stride=None if same else stride[0] if one else stride,
        padding=None if same else padding[0] if one else padding,
        dilation=dilation[0] if one else dilation,
        groups=groups,
        bias=bias,
        padding_same=True if same else None,
        padding_mode=mode,
    )
    return options, module(
        shape[-1], out, tuple(kernel), tuple(stride), "same" if same else tuple(padding), tuple(dilation), groups, bias,
        MODES[mode],
    )  # fmt: skip


def transposed_convolution(r, shape, module):
    axes = len(shape) - 1
    kernel = [r.randint(1, 3) for _ in range(axes)]
    stride = [r.randint(1, 2) for _ in range(axes)]
    dilation = [r.randint(1, 2) for _ in range(axes)]
    padding = [r.randint(0, min(1, k - 1)) for k in kernel]
    extra = [r.randint(0, max(s, d) - 1) for s, d in zip(stride, dilation)]
    out = r.choice([2, 3, 4])
    groups, bias = divisor(r, shape[-1], out), r.random() < 0.7
    lists = {"kernel": kernel, "stride": stride, "padding": padding, "output_padding": extra, "dilation": dilation}
    if axes == 1:
        lists = {name: values[0] for name, values in lists.items()}
    options = stated(out_channels=out, **lists, groups=groups, bias=bias)
    return options, module(
        shape[-1], out, tuple(kernel), tuple(stride), tuple(padding), tuple(extra), groups, bias, tuple(dilation)
    )


def pool(r, shape, module):
    axes = len(shape) - 1
    kernel = [r.randint(2, min(3, n)) for n in shape[:-1] if n > 1]
    if len(kernel) < axes:
        return None
    stride = [r.randint(1, 3) for _ in range(axes)]
    padding = [r.randint(0, k // 2) for k in kernel]
    ceil = r.random() < 0.5
    pad_counts = r.random() < 0.5
    options = {"kernel": kernel[0], "stride": stride[0], "padding": padding[0]}
    if axes == 2:
        options |= {"kernel_width": kernel[1], "stride_width": stride[1], "padding_width": padding[1]}
    options["ceil_mode"] = ceil
    if "Avg" in module.__name__:
        options["count_include_pad"] = pad_counts
        return stated(**options), module(tuple(kernel), tuple(stride), tuple(padding), ceil, pad_counts)
    return stated(**options), module(tuple(kernel), tuple(stride), tuple(padding), ceil_mode=ceil)


def adaptive_pool(r, shape, module):
    size = [r.randint(1, n + 1) for n in shape[:-1]]
    return stated(output_size=size[0] if len(size) == 1 else size), module(tuple(size))


def embedding(r, shape):
    vocabulary, features = 7, r.choice([4, 6])
    padding = r.choice([None, 0, 3])
    return stated(vocabulary=vocabulary, features=features, padding_idx=padding), nn.Embedding(
        vocabulary, features, padding_idx=padding
    )


def embedding_bag(r, shape):
    vocabulary, features = 7, r.choice([4, 6])
    padding, mode = r.choice([None, 2]), r.choice(["SUM", "MEAN"])
    return stated(vocabulary=vocabulary, features=features, mode=mode, padding_idx=padding), layers.EmbeddingBag(
        vocabulary, features, mode=mode.lower(), padding_idx=padding
    )


def positions_of(shape):
    positions = 1
    for n in shape[:-1]:
        positions *= n
    return positions


def group_norm(r, shape):
    groups = divisor(r, shape[-1])
    if positions_of(shape) * shape[-1] // groups < 4:
        return None  # hardly anything is left of so few numbers
    affine = r.random() < 0.8
    return stated(groups=groups, epsilon=1e-3, affine=affine), layers.GroupNorm(groups, shape[-1], 1e-3, affine)


def instance_norm(r, shape):
    if positions_of(shape) < 4:
        return None
    affine = r.random() < 0.6
    module = layers.InstanceNorm1d if len(shape) == 2 else layers.InstanceNorm2d
    return stated(affine=affine), module(shape[-1], affine=affine)


def last_axes(r, shape):
    count = r.randint(1, len(shape))
    last = shape[-count:]
    size = 1
    for n in last:
        size *= n
    return list(last) if 4 <= size <= 60 else None


def layer_norm(r, shape):
    last = last_axes(r, shape)
    return last and (stated(shape=last, epsilon=1e-4), nn.LayerNorm(last, eps=1e-4))


def rms_norm(r, shape):
    last = last_axes(r, shape)
    return last and (stated(shape=last, epsilon=1e-5), nn.RMSNorm(last, eps=1e-5))


def frozen_batch_norm(r, shape):
    return stated(epsilon=1e-3), layers.FrozenBatchNorm(shape[-1], 1e-3)


def prelu(r, shape):
    count = r.choice([1, shape[-1]])
    return stated(num_parameters=count), layers.PReLU(count)


def learned_positions(r, shape):
    positions = shape[0] + r.randint(0, 2)
    return stated(positions=positions), layers.LearnedPositions(positions, shape[-1])


def multihead_attention(r, shape):
    heads = divisor(r, shape[-1])
    width = shape[-1] // heads
    causal, rotary = r.random() < 0.5, width % 2 == 0 and r.random() < 0.5
    kv_heads = divisor(r, heads)
    if rotary or kv_heads < heads:
        options = stated(num_heads=heads, num_kv_heads=kv_heads, causal=causal, rotary=rotary)
        return options, layers.GroupedAttention(shape[-1], heads, kv_heads, causal, rotary)
    bias = r.random() < 0.7
    options = stated(num_heads=heads, bias=bias, causal=causal)
    return options, layers.MultiheadAttention(shape[-1], heads, causal, bias)


def transformer_encoder_layer(r, shape):
    features, inner = shape[-1], r.randint(2, 5)
    if r.random() < 0.3 and features % 4 == 0:
        options = stated(nhead=2, num_kv_heads=1, dim_feedforward=inner, activation="SWIGLU", norm_first=True,
                         causal=True, rotary=True)  # fmt: skip
        return options, layers.GatedEncoderLayer(features, 2, 1, inner)
    heads, activation = divisor(r, features), r.choice(["RELU", "GELU"])
    norm_first, causal = r.random() < 0.5, r.random() < 0.5
    options = stated(nhead=heads, dim_feedforward=inner, activation=activation, norm_first=norm_first, causal=causal)
    return options, layers.TransformerEncoderLayer(features, heads, inner, activation.lower(), norm_first, causal)


def recurrent(r, shape, module):
    hidden, both, last = r.randint(2, 3), r.random() < 0.4, r.random() < 0.3
    depth = r.choice([1, 1, 2]) if not both else 1
    bias = r.random() < 0.7
    options = {"hidden_size": hidden, "num_layers": depth, "bias": bias, "bidirectional": both}
    options["output"] = "LAST" if last else "ALL"
    more = {}
    if module is nn.RNN:
        options["nonlinearity"] = r.choice(["TANH", "RELU"])
        more = {"nonlinearity": options["nonlinearity"].lower()}
    inner = module(shape[-1], hidden, depth, bias=bias, bidirectional=both, batch_first=True, **more)
    return stated(**options), layers.Recurrent(inner, last)


def over_positions(function):
    return lambda r, shape: ("", layers.Function(lambda x: function(x.flatten(1, -2))))


def plain(make, **options):
    return lambda r, shape: (stated(**options), make())


def reshape(r, shape):
    size = positions_of(shape) * shape[-1]
    columns = divisor(r, size)
    new = [size // columns, columns]
    return stated(shape=[size // columns, -1]), layers.Function(lambda x: x.reshape(1, *new))


def permute(r, shape):
    axes = list(range(1, len(shape) + 1))
    r.shuffle(axes)
    return stated(axes=axes), layers.Function(lambda x: x.permute(0, *axes))


def slice_of(r, shape):
    axis = r.randint(1, len(shape))
    size = shape[axis - 1]
    if size < 3:
        return None
    begin, end = r.randint(0, 1), r.choice([-1, size])
    cut = [slice(None)] * axis + [slice(begin, end)]
    return stated(axis=axis, begin=begin, end=end), layers.Function(lambda x: x[tuple(cut)])


def flatten(r, shape):
    # Channels first where it is an image.
    return "", layers.Function(lambda x: (x.movedim(-1, 1) if x.dim() == 4 else x).flatten(1))


def of(function, module):
    return lambda r, shape: function(r, shape, module)


ANY, FROM_2, SEQUENCE, IMAGE = (1, 2, 3), (2, 3), (2,), (3,)

# word: (ranks of samples that it takes, function)
DRAWS = {
    "linear": (ANY, linear),
    "conv1d": (SEQUENCE, of(convolution, layers.Conv1d)),
    "conv2d": (IMAGE, of(convolution, layers.Conv2d)),
    "conv_transpose1d": (SEQUENCE, of(transposed_convolution, layers.ConvTranspose1d)),
    "conv_transpose2d": (IMAGE, of(transposed_convolution, layers.ConvTranspose2d)),
    "max_pool1d": (SEQUENCE, of(pool, layers.MaxPool1d)),
    "max_pool2d": (IMAGE, of(pool, layers.MaxPool2d)),
    "avg_pool1d": (SEQUENCE, of(pool, layers.AvgPool1d)),
    "avg_pool2d": (IMAGE, of(pool, layers.AvgPool2d)),
    "adaptive_avg_pool1d": (SEQUENCE, of(adaptive_pool, layers.AdaptiveAvgPool1d)),
    "adaptive_avg_pool2d": (IMAGE, of(adaptive_pool, layers.AdaptiveAvgPool2d)),
    "adaptive_max_pool1d": (SEQUENCE, of(adaptive_pool, layers.AdaptiveMaxPool1d)),
    "adaptive_max_pool2d": (IMAGE, of(adaptive_pool, layers.AdaptiveMaxPool2d)),
    "group_norm": (FROM_2, group_norm),
    "instance_norm": (FROM_2, instance_norm),
    "layer_norm": (ANY, layer_norm),
    "rms_norm": (ANY, rms_norm),
    "frozen_batch_norm": (FROM_2, frozen_batch_norm),
    "relu": (ANY, plain(nn.ReLU)),
    "tanh": (ANY, plain(nn.Tanh)),
    "gelu": (ANY, plain(nn.GELU)),
    "sigmoid": (ANY, plain(nn.Sigmoid)),
    "leaky_relu": (ANY, plain(lambda: nn.LeakyReLU(0.2), negative_slope=0.2)),
    "silu": (ANY, plain(nn.SiLU)),
    "elu": (ANY, plain(lambda: nn.ELU(0.7), alpha=0.7)),
    "selu": (ANY, plain(nn.SELU)),
    "softplus": (ANY, plain(lambda: nn.Softplus(2, 3), beta=2, threshold=3)),
    "hardswish": (ANY, plain(nn.Hardswish)),
    "prelu": (ANY, prelu),
    "softmax": (ANY, plain(lambda: nn.Softmax(-1))),
    "log_softmax": (ANY, plain(lambda: nn.LogSoftmax(-1))),
    "learned_positions": (SEQUENCE, learned_positions),
    "sinusoidal_positions": (SEQUENCE, plain(lambda: layers.Function(layers.sinusoidal_positions))),
    "multihead_attention": (SEQUENCE, multihead_attention),
    "transformer_encoder_layer": (SEQUENCE, transformer_encoder_layer),
    "rnn": (SEQUENCE, of(recurrent, nn.RNN)),
    "lstm": (SEQUENCE, of(recurrent, nn.LSTM)),
    "gru": (SEQUENCE, of(recurrent, nn.GRU)),
    "sum_over_positions": (FROM_2, over_positions(lambda x: x.sum(1))),
    "mean_over_positions": (FROM_2, over_positions(lambda x: x.mean(1))),
    "max_over_positions": (FROM_2, over_positions(lambda x: x.max(1).values)),
    "flatten": (FROM_2, flatten),
    "reshape": (FROM_2, reshape),
    "permute": (FROM_2, permute),
    "slice": (ANY, slice_of),
}
