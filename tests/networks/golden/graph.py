"""Lists of layers: their text in a config of dpml, and the same in PyTorch."""

import re

from torch import nn
from torch.nn import functional


class Node:
    """A layer of a list. `module` is None where it has the weights of the earlier layer `shared`."""

    def __init__(self, word, options, module, *, shared=None, sources=(), repeat=1, frozen=False, lora=""):
        self.word, self.options, self.module, self.shared = word, options, module, shared
        self.sources, self.repeat, self.frozen, self.lora = list(sources), repeat, frozen, lora
        self.name = None  # its place

    def text(self):
        options = self.options
        if self.shared is not None:
            options = f'layer: "{self.shared.name}"'
        parts = [f'name: "{self.name}"'] if self.name else []
        if self.sources:
            names = ["input" if source == "input" else source.name for source in self.sources]
            parts.append("from: [" + ", ".join(f'"{name}"' for name in names) + "]")
        if self.repeat > 1:
            parts.append(f"repeat: {self.repeat}")
        if self.frozen:
            parts.append("frozen: true")
        parts += [self.lora] if self.lora else []
        parts.append(f"{self.word} {{ {options} }}" if options else f"{self.word} {{}}")
        return "layer { " + " ".join(parts) + " }"


class Graph(nn.Module):
    def __init__(self):
        super().__init__()
        self.nodes = []
        self.modules_of_nodes = nn.ModuleList()  # in their order; empty ones where weights are shared

    def append(self, node):
        self.nodes.append(node)
        self.modules_of_nodes.append(node.module if node.module is not None else nn.Identity())
        if node.frozen:
            for parameter in node.module.parameters():
                parameter.requires_grad_(False)

    def forward(self, x):
        results = {"input": x}
        places = {id(node): place for place, node in enumerate(self.nodes)}
        for place, node in enumerate(self.nodes):
            inputs = [results["input" if s == "input" else id(s)] for s in node.sources] or [x]
            if node.shared is None:
                x = self.modules_of_nodes[place](*inputs)
            else:
                owner = self.modules_of_nodes[places[id(node.shared)]]
                x = functional.linear(inputs[0], owner.weight) if node.word == "tied_linear" else owner(*inputs)
            results[id(node)] = x
        return x

    def lines(self):
        return [node.text() for node in self.nodes]

    def text(self):
        return " ".join(self.lines())

    def words(self):
        """Of all layers, those of lists inside too."""
        return re.findall(r"(\w+) {", re.sub(r"\b(layer|lora|body|shortcut) {", "", self.text()))

    def weights(self):
        """[(name in dpml, parameter)]"""
        weights = []
        for place, node in enumerate(self.nodes):
            if node.module is not None:
                weights += [(f"{node.name or place}.{name}", p) for name, p in weights_of(node.module)]
        return weights


class Repeated(nn.Sequential):
    pass


def weights_of(module):
    if isinstance(module, Graph):
        return module.weights()
    weights = list(module.named_parameters(recurse=False))
    for name, child in module.named_children():
        prefix = "" if name == "unnamed" else name + "."
        weights += [(prefix + of_child, parameter) for of_child, parameter in weights_of(child)]
    return weights
