"""Random networks: lists of layers, some of them graphs, that end in what a loss wants."""

import torch
from torch import nn

import draws
import layers
from graph import Graph, Node, Repeated

LARGEST_SAMPLE, LARGEST_LAYER, TRIES = 240, 160, 60
MERGES = ("add", "multiply", "concat")
LISTS = ("residual", "sequential")
KEEPING = ("linear", "conv1d", "conv2d", "tanh", "gelu", "silu", "layer_norm", "rms_norm", "group_norm", "prelu",
           "multihead_attention", "transformer_encoder_layer", "learned_positions")  # fmt: skip
# Of many options: drawn three times as often.
RICH = ("conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d", "max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d",
        "multihead_attention", "transformer_encoder_layer", "rnn", "lstm", "gru", "embedding_bag", "again")  # fmt: skip
FREEZABLE = ("linear", "conv1d", "conv2d", "layer_norm", "rnn", "gru", "multihead_attention")


class DoesNotFit(Exception):
    """Nothing that may come next takes this shape."""


def result_shape(module, shape):
    """None where PyTorch refuses."""
    x = torch.zeros(1, *shape, dtype=torch.long if isinstance(module, (nn.Embedding, nn.EmbeddingBag)) else None)
    try:
        with torch.no_grad():
            return tuple(module(x).shape[1:])
    except (RuntimeError, ValueError):
        return None


class Drawing:
    """`r` draws; words that `counts` has seldom are drawn first."""

    def __init__(self, r, counts):
        self.r, self.counts = r, counts

    def module(self, word, shape):
        """(options, module, shape of its result), or None."""
        ranks, draw = draws.DRAWS[word]
        if len(shape) not in ranks:
            return None
        drawn = draw(self.r, shape)
        if not drawn:
            return None
        after = result_shape(drawn[1], shape)
        if not after or 0 in after:
            return None
        size = draws.positions_of(after) * after[-1]
        weights = sum(p.numel() for p in drawn[1].parameters())
        if size < 2 or size > LARGEST_SAMPLE or weights > LARGEST_LAYER:
            return None
        return *drawn, after

    def seldom(self, words):
        """All of them, by and large those first that came seldom."""
        return sorted(words, key=lambda word: self.counts[word] / (3 if word in RICH else 1) + 2 * self.r.random())

    def node(self, word, shape):
        drawn = self.module(word, shape)
        if drawn is None:
            return None
        options, module, after = drawn
        self.counts[word] += 1
        frozen = word in FREEZABLE and self.r.random() < 0.08
        lora = ""
        if word in ("linear", "conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d") and not frozen:
            if getattr(module, "groups", 1) == 1 and self.r.random() < 0.35:
                module, lora = self.adapted(word, module, after)
        return Node(word, options, module, frozen=frozen, lora=lora), after

    def adapted(self, word, module, after):
        rank, alpha = self.r.randint(1, 2), self.r.choice([1, 3])
        if word == "linear":
            down = nn.Linear(module.in_features, rank, bias=False)
        else:
            padding = {"output_padding": module.output_padding} if "transpose" in word else {}
            down = type(module)(
                module.in_channels, rank, module.kernel_size, module.stride, module.padding, dilation=module.dilation,
                bias=False, padding_mode=module.padding_mode, **padding
            )  # fmt: skip
        self.counts["lora"] += 1
        adapted = layers.Lora(module, down, rank, after[-1], alpha / rank)
        return adapted, f"lora {{ {draws.stated(rank=rank, alpha=alpha)} }}"

    def keeping(self, shape, with_weights=False):
        """A layer whose result has the shape of its input."""
        for _ in range(TRIES):
            word = self.r.choice(KEEPING)
            if word == "linear":
                return Node(word, f"out: {shape[-1]}", nn.Linear(shape[-1], shape[-1]))
            drawn = self.module(word, shape)
            if drawn and drawn[2] == shape and (not with_weights or list(drawn[1].parameters())):
                return Node(word, drawn[0], drawn[1])
        raise DoesNotFit(shape)

    # A step appends to the graph and returns the shape behind it, or None.

    def merge(self, word, graph, shape):
        if self.r.random() < 0.5:
            drawn = self.node(self.seldom(("relu", "linear", "layer_norm", "slice", "elu"))[0], shape)
            if drawn is None:
                return None
            graph.append(drawn[0])
            shape = drawn[1]
        here = graph.nodes[-1] if graph.nodes else "input"
        branch = self.keeping(shape)
        graph.append(branch)
        names = [here, branch] + self.r.choice([[], [branch], [here]])
        self.r.shuffle(names)
        for node in names:
            if node != "input":
                node.name = node.name or f"{node.word}_{graph.nodes.index(node)}"
        if word == "concat":
            axis = self.r.randint(1, len(shape))
            options, module = f"axis: {axis}", layers.Function(lambda *x: torch.cat(x, dim=axis))
            shape = tuple(n * (len(names) if i == axis - 1 else 1) for i, n in enumerate(shape))
        elif word == "add":
            options, module = "", layers.Function(lambda *x: sum(x))
        else:
            options, module = "", layers.Function(lambda *x: x[0] * x[1] * (x[2] if len(x) > 2 else 1))
        graph.append(Node(word, options, module, sources=names))
        return shape

    def again(self, graph, shape):
        owner = self.keeping(shape, with_weights=True)
        owner.name = f"shared_{len(graph.nodes)}"
        graph.append(owner)
        graph.append(Node("tanh", "", nn.Tanh()))
        graph.append(Node("again", "", None, shared=owner))
        return shape

    def repeated(self, graph, shape):
        options, make = self.r.choice([
            (f"out: {shape[-1]}", lambda: nn.Linear(shape[-1], shape[-1])),
            ("", None),
        ])  # fmt: skip
        word = "linear"
        if make is None:
            word, options = "layer_norm", f"shape: [{shape[-1]}] epsilon: 0.01"
            make = lambda: nn.LayerNorm(shape[-1], eps=0.01)  # noqa: E731
        graph.append(Node(word, options, Repeated(make(), make()), repeat=2))
        return shape

    def list_of(self, word, graph, shape):
        body, shortcut = Graph(), None
        if word == "sequential":
            after = shape
            for _ in range(2):
                after = self.step(body, after, inside=True) or after
            if not body.nodes:
                return None
            graph.append(Node(word, body.text(), body))
            return after
        if self.r.random() < 0.5:
            body.append(self.keeping(shape, with_weights=True))
            body.append(Node("silu", "", nn.SiLU()))
            after = shape
        else:
            shortcut, out = Graph(), self.r.randint(2, 5)
            for one in (body, shortcut):
                one.append(Node("linear", f"out: {out}", nn.Linear(shape[-1], out)))
            body.append(Node("tanh", "", nn.Tanh()))
            after = (*shape[:-1], out)
        text = f"body {{ {body.text()} }}" + (f" shortcut {{ {shortcut.text()} }}" if shortcut else "")
        graph.append(Node(word, text, layers.Residual(body, shortcut)))
        return after

    def step(self, graph, shape, inside=False):
        candidates = [*draws.DRAWS, *MERGES, *LISTS, "again"] if not inside else list(draws.DRAWS)
        for word in self.seldom(candidates):
            self.counts[word] += word not in draws.DRAWS
            if word in MERGES:
                after = self.merge(word, graph, shape)
            elif word in LISTS:
                after = self.list_of(word, graph, shape)
            elif word == "again":
                after = self.again(graph, shape)
            else:
                drawn = self.node(word, shape)
                if drawn is None:
                    continue
                graph.append(drawn[0])
                after = drawn[1]
            if after is not None:
                return after
        raise DoesNotFit(shape)

    def start(self, graph):
        """(shape of a sample, shape behind what takes it, size of the vocabulary or 0)"""
        r = self.r
        kind = r.choice(["image", "image", "image", "sequence", "sequence", "sequence", "sequence", "vector", "tokens", "bags"])
        if kind == "tokens":
            sample = (r.randint(4, 6),)
            options, module = draws.embedding(r, sample)
            lora = ""
            if r.random() < 0.3:
                self.counts["lora"] += 1
                down = nn.Embedding(7, 2, padding_idx=module.padding_idx)
                module = layers.Lora(module, down, 2, module.embedding_dim, 0.5)
                lora = "lora { rank: 2 alpha: 1 }"
            graph.append(Node("embedding", options, module, lora=lora))
            graph.nodes[0].name = "tokens"
            return sample, result_shape_of_tokens(graph, sample), 7
        if kind == "bags":
            sample = (r.randint(4, 6), r.randint(2, 4))
            options, module = draws.embedding_bag(r, sample)
            graph.append(Node("embedding_bag", options, module))
            return sample, result_shape_of_tokens(graph, sample), 7
        sample = {
            "image": (r.randint(4, 6), r.randint(4, 6), r.choice([2, 4])),
            "sequence": (r.randint(4, 6), r.choice([4, 6])),
            "vector": (r.randint(5, 8),),
        }[kind]
        return sample, sample, 0

    def end(self, graph, shape, loss):
        """Makes of the result what the loss wants."""
        first = graph.nodes[0]
        self.counts[first.word] += 1
        if first.word == "embedding" and not first.lora and len(shape) == 2 and loss == "cross_entropy":
            graph.append(Node("linear", f"out: {first.module.embedding_dim}",
                              nn.Linear(shape[-1], first.module.embedding_dim)))  # fmt: skip
            graph.append(Node("tied_linear", "", None, shared=first))
            self.counts["tied_linear"] += 1
            return
        if len(shape) == 3 or (len(shape) == 2 and self.r.random() < 0.5):
            word = self.seldom(("sum_over_positions", "mean_over_positions", "max_over_positions"))[0]
            drawn = self.node(word, shape)
            if drawn is None:
                raise DoesNotFit(shape)
            graph.append(drawn[0])
            shape = drawn[1]
        if loss in ("cross_entropy", "binary_cross_entropy") or not any(p.requires_grad for _, p in graph.weights()):
            graph.append(Node("linear", "out: 3", nn.Linear(shape[-1], 3)))

    def network(self, loss):
        """(shape of a sample, size of the vocabulary or 0, graph, loss)"""
        graph = Graph()
        sample, shape, vocabulary = self.start(graph)
        if not vocabulary:  # weights, before all that a gradient should pass
            first = {1: ["linear"], 2: ["linear", "conv1d", "rnn"], 3: ["linear", "conv2d", "conv_transpose2d"]}[len(shape)]
            drawn = None
            while drawn is None:
                drawn = self.node(self.r.choice(first), shape)
            graph.append(drawn[0])
            shape = drawn[1]
        for _ in range(self.r.randint(2, 4)):
            shape = self.step(graph, shape)
        if self.r.random() < 0.15:
            shape = self.repeated(graph, shape)
        if graph.nodes[0].word == "embedding" and len(shape) == 2 and self.r.random() < 0.6:
            loss = "cross_entropy"  # for tied weights
        self.end(graph, shape, loss)
        return sample, vocabulary, graph, loss


def result_shape_of_tokens(graph, sample):
    return tuple(graph(torch.zeros(1, *sample, dtype=torch.long)).shape[1:])
